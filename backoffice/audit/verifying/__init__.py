"""Check the whole log: its chain, its seals, and what the database guards it with (security.md §3, S29)."""
