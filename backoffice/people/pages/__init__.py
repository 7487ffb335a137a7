"""What the pages of people show, one file for each kind of page."""
