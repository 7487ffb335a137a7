"""A client's balance for the preview: from the mirror at once, from the partner when asked, and carried by the page.

The page carries the last fresh reading, sealed, so that typing on asks the partner no more often than is worth it. The
mirror is not written: a look at a form leaves no trace.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.core import signing

from backoffice.clients.models import BalanceReading, Client
from backoffice.database import clock
from backoffice.funding.checks import Balance
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.partner.errors import PartnerError

#: How long a reading is good enough to go on typing by.
FRESH_FOR: Final = timedelta(seconds=30)
_SALT: Final = "funding.balance"


def mirrored_balance(client: Client, asset_id: str) -> Balance:
    """Return the newest balance that was read, however old it is."""
    reading = BalanceReading.objects.filter(client=client, asset_id=asset_id).first()
    return Balance(reading.available_balance, reading.read_at) if reading else Balance()


def fresh_balance(client: Client, asset_id: str) -> Balance:
    """Read the balance from CoinMENA now; what was read before, with the reason, where it does not answer."""
    asked_at = clock.now()
    try:
        said = for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS).balance(client.partner_client_id, asset_id)
    except PartnerError as error:
        return replace(mirrored_balance(client, asset_id), trouble=str(error))
    return Balance(said.available_balance, asked_at)


def is_fresh_enough(balance: Balance, now: datetime) -> bool:
    """Tell whether a reading is good enough to go on typing by."""
    return balance.read_at is not None and now - balance.read_at < FRESH_FOR


def sealed(balance: Balance, client: Client, asset_id: str) -> str:
    """Seal a reading into a text that only we can have made, for the page to send back; empty where there is none."""
    if balance.available is None or balance.read_at is None:
        return ""
    said = [client.partner_client_id, asset_id, str(balance.available), balance.read_at.isoformat()]
    return signing.dumps(said, salt=_SALT)


def carried_balance(token: str, client: Client, asset_id: str, now: datetime) -> Balance | None:
    """Return the reading that the page carries; None when it is of another balance, too old, or not ours."""
    try:
        partner_client_id, sealed_asset, available, read_at = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    balance = Balance(Decimal(available), datetime.fromisoformat(read_at))
    is_same = (partner_client_id, sealed_asset) == (client.partner_client_id, asset_id)
    return balance if is_same and is_fresh_enough(balance, now) else None
