"""Many deposits and withdrawals from one file: read it, check every row, confirm its sums, create one by one."""
