"""What has happened at the partners before today, the same for the same seed.

`none`: assets and nobody. `small`: a handful of clients, orders and transactions. `demo`: five weeks ending now.
"""

from typing import Final

from backoffice.sandbox.bitnob.ledger import BitnobLedger
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.coinmena.directory import Directory
from backoffice.sandbox.coinmena.ledger import Ledger
from backoffice.sandbox.history.orders import write_orders
from backoffice.sandbox.history.people import register_clients
from backoffice.sandbox.history.size import Size
from backoffice.sandbox.history.transactions import write_transactions

_SIZES: Final = {
    "small": Size(days=7, clients=5, trades=12, orders_elsewhere=4, orders_refused=2, transactions=24),
    "demo": Size(days=35, clients=41, trades=320, orders_elsewhere=14, orders_refused=8, transactions=400),
}
HISTORIES: Final = ("none", *_SIZES)


def write_history(
    history: str, seed: int, clock: Clock, directory: Directory, ledger: Ledger, bitnob_ledger: BitnobLedger
) -> None:
    """Write the named history, ending at the clock's now.

    :raises ValueError: for a name that is none of `HISTORIES`.
    """
    if history not in HISTORIES:
        raise ValueError(f"There is no history {history}. There are {', '.join(HISTORIES)}.")
    if history == "none":
        return
    size, now = _SIZES[history], clock.microseconds()
    clients = register_clients(directory, seed, size.clients, now=now, days=size.days)
    write_orders(directory, ledger, clients, seed, size, now=now)
    write_transactions(bitnob_ledger, seed, size.transactions, now=now, days=size.days)
