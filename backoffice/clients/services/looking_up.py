"""Ask CoinMENA for a client that is not mirrored yet, or for one that should be read again now."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.clients.models import Client
from backoffice.clients.policies import check_can_ask_partner
from backoffice.clients.services.mirroring import mirror_client
from backoffice.database import clock
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.mirror.sentences import result_of, said_by
from backoffice.partner.coinmena import payloads
from backoffice.partner.errors import PartnerError


class NotRead(Exception):
    """CoinMENA could not be asked, or has no such client; ``str()`` is a sentence for staff."""


def look_up_client(partner_client_id: str, by: Person) -> Client:
    """Ask CoinMENA for one client, mirror it, write the look-up down, and return it.

    :raises Refused: for people on whose behalf CoinMENA is not asked.
    :raises NotRead: when there is no such client or CoinMENA cannot be asked.
    """
    check_can_ask_partner(by)
    asked_at = clock.now()
    try:
        found = for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS).client(partner_client_id)
    except PartnerError as error:
        asked = {"asked": partner_client_id, "found": False}
        record("client.looked_up", by=by, after=asked, reason=said_by(error), result=result_of(error))
        raise NotRead(said_by(error)) from error
    if found.partner_client_id != partner_client_id:
        said = _("CoinMENA answered with another client, so nothing was kept. Tell an administrator.")
        asked = {"asked": partner_client_id, "answered": found.partner_client_id}
        record("client.looked_up", by=by, after=asked, reason=said, result=Entry.Result.FAILED)
        raise NotRead(said)
    client = _kept(found, by, asked_at)
    if client is None:
        raise NotRead(_("CoinMENA knows this client, but the mirror cannot hold it. Tell an administrator."))
    return client


@transaction.atomic
def _kept(found: payloads.Client, by: Person, asked_at: datetime) -> Client | None:
    """Mirror a client that was found; None, and an incident, when the mirror cannot hold it."""
    client = mirror_client(found, read_at=asked_at)
    record(
        "client.looked_up",
        by=by,
        obj=client,
        client=found.partner_client_id,
        after={"asked": found.partner_client_id, "found": True, "status": found.status, "active": found.active},
    )
    return client
