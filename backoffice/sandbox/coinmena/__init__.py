"""CoinMENA as its documents describe it: assets, clients, balances, funding and orders."""
