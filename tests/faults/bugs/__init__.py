"""The 31 seeded bugs of reliability.md §12: each breaks the product in one way, and the campaign must notice."""
