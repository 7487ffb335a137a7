"""Both partners, CoinMENA and Bitnob, simulated over real HTTP on one loopback port.

The sandbox stands in for the partners in the demo and in the tests, and there it is also the oracle: what its ledger
holds is what really happened. So it shares no code with the product, and takes its rules from the partners' documents
alone. Everything but `apps.py` and the management command works without Django.
"""
