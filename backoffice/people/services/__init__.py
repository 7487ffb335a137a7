"""What is done to accounts, one file for each way: proposed and applied by two people, or done by one at once."""
