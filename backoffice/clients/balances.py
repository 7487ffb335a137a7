"""A client's balances as the page shows them: what CoinMENA has, what pending operations would take, what is left.

Only the app that knows operations knows what is reserved, and it stands above this one: it registers a function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backoffice.clients.models import BalanceReading, Client
from backoffice.clients.queries import asset_names
from backoffice.money import exact_sum

#: For a client, the amounts by asset that pending withdrawals would take, as positive numbers.
Reservations = Callable[[Client], Mapping[str, Decimal]]
_RESERVATIONS: list[Reservations] = []


@dataclass(frozen=True)
class BalanceLine:
    """One asset of a client. ``available`` is what the partner would let go; ``held`` is the rest of the balance."""

    asset_id: str
    asset_name: str
    balance: Decimal | None
    available: Decimal | None
    reserved: Decimal
    read_at: datetime | None

    @property
    def taken(self) -> Decimal | None:
        """What pending operations would take, as it is drawn: negative, or nothing."""
        return -self.reserved if self.reserved else None

    @property
    def left(self) -> Decimal | None:
        """What could still be withdrawn once everything pending is sent."""
        return None if self.available is None else exact_sum([self.available, -self.reserved])

    @property
    def held(self) -> Decimal:
        """What is in the balance and cannot be moved."""
        if self.balance is None or self.available is None:
            return Decimal(0)
        return exact_sum([self.balance, -self.available])

    @property
    def is_nothing(self) -> bool:
        return not self.balance and not self.reserved


def register_reservations(reservations: Reservations) -> None:
    """Have the amounts of pending operations subtracted on the client's page; the last function registered counts."""
    _RESERVATIONS[:] = [reservations]


def reserved_by_pending(client: Client) -> dict[str, Decimal]:
    """Return by asset what pending operations would take."""
    return {asset: amount for reservations in _RESERVATIONS for asset, amount in reservations(client).items()}


def balance_lines(client: Client, readings: list[BalanceReading]) -> list[BalanceLine]:
    """Return one line an asset: those with money first, then by name."""
    reserved, names = reserved_by_pending(client), asset_names()
    by_asset = {reading.asset_id: reading for reading in readings}
    lines = [
        _line(asset_id, names, by_asset.get(asset_id), reserved.get(asset_id, Decimal(0)))
        for asset_id in by_asset.keys() | reserved.keys()
    ]
    return sorted(lines, key=lambda line: (line.is_nothing, line.asset_id))


def _line(asset_id: str, names: Mapping[str, str], reading: BalanceReading | None, reserved: Decimal) -> BalanceLine:
    return BalanceLine(
        asset_id=asset_id,
        asset_name=names.get(asset_id, ""),
        balance=reading.balance if reading else None,
        available=reading.available_balance if reading else None,
        reserved=reserved,
        read_at=reading.read_at if reading else None,
    )
