"""Approving several requests that are alike with one look and one second factor."""
