"""Hostile requests: what a scanner, a tampered form or a broken browser sends, made from one seed (security.md S34)."""
