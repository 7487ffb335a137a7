"""Orders by the hundred thousand, for benchmarks: deposits and withdrawals that never overdraw anybody."""

from collections.abc import Iterator
from typing import Final

from backoffice.sandbox.clock import MICROSECONDS, Clock
from backoffice.sandbox.coinmena.directory import Directory
from backoffice.sandbox.coinmena.ledger import Ledger
from backoffice.sandbox.coinmena.records import Client, Draft, funding_draft
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID

_CHUNK: Final = 20_000
_CLIENTS: Final = 50
#: Newest orders keep away from now by this much, so that a closed window can hold all of them.
_MARGIN: Final = 300 * MICROSECONDS


def place_bulk(directory: Directory, ledger: Ledger, clock: Clock, count: int, window: int, seed: int) -> None:
    """Book `count` orders of 50 clients, evenly over a window in microseconds that ends five minutes ago."""
    ends = clock.microseconds() - _MARGIN
    drafts = _drafts(count, ends - window, window, seed)
    with ledger.store.transaction():
        _register(directory)
        while chunk := [draft for _, draft in zip(range(_CHUNK), drafts, strict=False)]:
            ledger.place_all(chunk)


def _register(directory: Directory) -> None:
    for number in range(_CLIENTS):
        if directory.client(COINMENA_PARTNER_ID, _client_id(number)) is None:
            directory.add_client(
                COINMENA_PARTNER_ID, Client(_client_id(number), first_name="Bulk", last_name=str(number))
            )


def _client_id(number: int) -> str:
    return f"bulk_{number:04d}"


def _drafts(count: int, begins: int, window: int, seed: int) -> Iterator[Draft]:
    """Yield orders one by one: of a client's every four, three deposits and then a withdrawal of less."""
    for number in range(count):
        turn = number // _CLIENTS
        is_withdrawal = turn % 4 == 3
        cents = (number * 7_919 + seed * 104_729) % 90_000 + 10_000
        yield funding_draft(
            partner=COINMENA_PARTNER_ID,
            client=_client_id(number % _CLIENTS),
            type="withdrawal" if is_withdrawal else "deposit",
            asset="USD",
            amount=f"{cents // 10}.{cents % 10}0" if not is_withdrawal else f"{cents // 100}.{cents % 100:02d}",
            reference=f"bulk-{seed}-{number:07d}",
            created_at=begins + window * number // count,
        )
