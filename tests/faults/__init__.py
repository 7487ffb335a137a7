"""The fault campaign (reliability.md §12): the real services, database and client; time and faults are scripted."""
