"""The book of docs/security.md: which test proves what, made from the tests, the permission matrix and two lists."""
