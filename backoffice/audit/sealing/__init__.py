"""Seals of the audit log: made every five minutes and at each hundredth entry, kept in two places, checked in both."""
