"""The rules as people see and change them: read, drafted, tried on the past, submitted, approved, live."""
