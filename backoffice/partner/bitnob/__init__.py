"""Bitnob's interface, read only: the transactions of our account and its balances."""
