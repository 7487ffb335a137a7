"""Everything that changes an operation, one file for each use case."""
