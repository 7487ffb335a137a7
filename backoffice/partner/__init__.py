"""The two partners' interfaces: CoinMENA, which moves money, and Bitnob, which is read.

Nothing here knows Django: settings are handed in as frozen dataclasses, errors carry sentences for staff.
"""
