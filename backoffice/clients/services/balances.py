"""Read a client's balances at CoinMENA. They are never computed here: what was read last is kept, with its age."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction

from backoffice.accounts.actors import Actor, System
from backoffice.clients.models import BalanceReading, Client
from backoffice.clients.policies import check_can_ask_partner
from backoffice.clients.queries import readings_of
from backoffice.database import clock
from backoffice.mirror.cleaning import clean_text
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.mirror.sentences import said_by
from backoffice.partner.coinmena.payloads import Balance
from backoffice.partner.errors import PartnerError

_LONGEST_ASSET_ID: Final = 32


@dataclass(frozen=True)
class BalancesRead:
    """The newest readings of a client by asset. ``sentence`` says why they are not fresh; empty when they are.

    ``concerns_all`` says that this is no matter of this client: nobody's balances can be read now.
    """

    readings: list[BalanceReading]
    sentence: str = ""
    concerns_all: bool = False

    @property
    def is_fresh(self) -> bool:
        return not self.sentence

    def of(self, asset_id: str) -> BalanceReading | None:
        """Return the reading of one asset, None where the client has none."""
        return next((reading for reading in self.readings if reading.asset_id == asset_id), None)


def read_balances(client: Client, by: Actor, *, moved: Collection[str] = ()) -> BalancesRead:
    """Ask CoinMENA for every balance of a client and keep the answer.

    A partner that does not answer is said in a sentence, and the readings known before are returned with their age.

    :param moved: assets the client is known to have had, beside those that were read before: what of all these the
        answer leaves out is held at nothing.
    :raises Refused: for people on whose behalf CoinMENA is not asked.
    """
    if not isinstance(by, System):
        check_can_ask_partner(by)
    asked_at = clock.now()
    try:
        balances = for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS).balances(client.partner_client_id)
    except PartnerError as error:
        return BalancesRead(readings_of(client), said_by(error), error.concerns_all)
    keep_readings(client, balances, read_at=asked_at, moved=moved)
    return BalancesRead(readings_of(client))


@transaction.atomic
def keep_readings(
    client: Client, balances: Iterable[Balance], *, read_at: datetime, moved: Collection[str] = ()
) -> None:
    """Keep one whole answer of balances, unless a later one is here already. What was read while the database's clock
    ran ahead is not later.

    It overtakes all that was read before: an asset it leaves out is held at nothing from then on.
    """
    Client.objects.select_for_update(of=("self",)).get(pk=client.pk)
    known = readings_of(client)
    if any(read_at < reading.read_at <= clock.now() + clock.SET_BACK for reading in known):
        return
    said = {clean_text(balance.asset_id, _LONGEST_ASSET_ID): balance for balance in balances}
    left_out = {reading.asset_id for reading in known}.union(moved) - said.keys()
    BalanceReading.objects.bulk_create(
        [
            *(_reading(client, asset, one.balance, one.available_balance, read_at) for asset, one in said.items()),
            *(_reading(client, asset, Decimal(0), Decimal(0), read_at) for asset in sorted(left_out)),
        ],
        update_conflicts=True,
        unique_fields=["client", "asset_id"],
        update_fields=["balance", "available_balance", "read_at"],
    )


def _reading(
    client: Client, asset_id: str, balance: Decimal, available_balance: Decimal, read_at: datetime
) -> BalanceReading:
    return BalanceReading(
        client=client, asset_id=asset_id, balance=balance, available_balance=available_balance, read_at=read_at
    )
