"""Races of eight: every one of them has exactly one winner (reliability.md §9)."""
