"""Say of any file whether it was issued here and is untouched, and where not, what was changed."""
