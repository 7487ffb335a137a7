"""CoinMENA's partner interface: clients, balances, orders, and the only requests of ours that move money."""
