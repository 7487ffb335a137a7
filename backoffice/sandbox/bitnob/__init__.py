"""Bitnob as its documents describe it: transactions, balances and the check of credentials."""
