"""The 31 seeded bugs of reliability.md §12, and those that a reader of the campaign found after them: each breaks the
product in one way, and the campaign must notice."""
