"""How long and how full a history is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How much of everything a history holds, and over how many days."""

    days: int
    clients: int
    trades: int
    orders_elsewhere: int
    orders_refused: int
    transactions: int
