"""Pages of people: reading, proposing, what is done at once, the control report."""
