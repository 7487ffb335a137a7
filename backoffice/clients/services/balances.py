"""Read a client's balances at CoinMENA. They are never computed here: what was read last is kept, with its age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from backoffice.accounts.actors import Actor, System
from backoffice.clients.models import BalanceReading, Client
from backoffice.clients.policies import check_can_ask_partner
from backoffice.clients.queries import readings_of
from backoffice.database import clock
from backoffice.mirror.cleaning import clean_text
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, coinmena
from backoffice.mirror.sentences import said_by
from backoffice.partner.coinmena.payloads import Balance
from backoffice.partner.errors import PartnerError

_LONGEST_ASSET_ID: Final = 32


@dataclass(frozen=True)
class BalancesRead:
    """The newest readings of a client by asset. ``sentence`` says why they are not fresh; empty when they are."""

    readings: list[BalanceReading]
    sentence: str = ""

    @property
    def is_fresh(self) -> bool:
        return not self.sentence

    def of(self, asset_id: str) -> BalanceReading | None:
        """Return the reading of one asset, None where the client has none."""
        return next((reading for reading in self.readings if reading.asset_id == asset_id), None)


def read_balances(client: Client, by: Actor) -> BalancesRead:
    """Ask CoinMENA for every balance of a client and keep the answer.

    A partner that does not answer is said in a sentence, and the readings known before are returned with their age.

    :raises Refused: for people on whose behalf CoinMENA is not asked.
    """
    if not isinstance(by, System):
        check_can_ask_partner(by)
    asked_at = clock.now()
    try:
        balances = coinmena(deadline_seconds=PAGE_DEADLINE_SECONDS).balances(client.partner_client_id)
    except PartnerError as error:
        return BalancesRead(readings_of(client), said_by(error))
    keep_readings(client, balances, read_at=asked_at)
    return BalancesRead(readings_of(client))


@transaction.atomic
def keep_readings(client: Client, balances: Iterable[Balance], *, read_at: datetime) -> None:
    """Keep balances just read, unless a later reading is here already."""
    Client.objects.select_for_update(of=("self",)).get(pk=client.pk)
    later = {reading.asset_id for reading in readings_of(client) if reading.read_at > read_at}
    BalanceReading.objects.bulk_create(
        [
            BalanceReading(
                client=client,
                asset_id=clean_text(balance.asset_id, _LONGEST_ASSET_ID),
                balance=balance.balance,
                available_balance=balance.available_balance,
                read_at=read_at,
            )
            for balance in {balance.asset_id: balance for balance in balances}.values()
            if balance.asset_id not in later
        ],
        update_conflicts=True,
        unique_fields=["client", "asset_id"],
        update_fields=["balance", "available_balance", "read_at"],
    )
