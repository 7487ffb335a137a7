"""Switch a client on or off at CoinMENA: blocks or allows trading and funding, deletes nothing, can be undone."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.clients.models import Client
from backoffice.clients.policies import check_can_set_activation
from backoffice.clients.services.mirroring import mirror_client
from backoffice.database import clock
from backoffice.mirror.partners import for_our_books
from backoffice.mirror.sentences import said_by
from backoffice.partner.coinmena import payloads
from backoffice.partner.errors import PartnerError

LONGEST_REASON: Final = 500


class ReasonMissing(ValueError):
    """A client is not switched on or off without a reason; ``str()`` is a sentence for staff."""


class ActivationFailed(Exception):
    """CoinMENA did not do it, or nobody knows whether it did; ``str()`` is a sentence for staff."""


def set_activation(*, partner_client_id: str, active: bool, reason: str, by: Person) -> Client:
    """Activate or deactivate a client at CoinMENA, write it down, and return the client as CoinMENA has it now.

    CoinMENA is asked whatever our mirror says: a client who was activated elsewhere since the last reading would be
    called deactivated. Setting the same state twice does no harm, so after a failure it may be tried again.

    :raises Refused: for anybody but a manager.
    :raises ReasonMissing: without a reason, or with one that is too long to keep.
    :raises Client.DoesNotExist: for a client that is not mirrored.
    :raises ActivationFailed: when CoinMENA refused, or its answer was lost.
    """
    check_can_set_activation(by)
    reason = _checked(reason)
    client = Client.objects.get(partner_client_id=partner_client_id)
    asked_at = clock.now()
    try:
        answer = _switched(partner_client_id, active)
    except (PartnerError, ActivationFailed) as error:
        sentence = said_by(error) if isinstance(error, PartnerError) else str(error)
        _write_failure(client, active, reason, by, sentence)
        raise ActivationFailed(sentence) from error
    with transaction.atomic():
        mirror_client(answer, read_at=asked_at)
        record(
            "client.activated" if active else "client.deactivated",
            by=by,
            obj=client,
            client=partner_client_id,
            before={"active": client.active},
            after={"active": answer.active},
            reason=reason,
        )
    return Client.objects.get(pk=client.pk)


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ReasonMissing(_("Say why: the reason is kept in the audit log."))
    if len(reason) > LONGEST_REASON:
        raise ReasonMissing(_("Say it in at most %(limit)d characters.") % {"limit": LONGEST_REASON})
    return reason


def _switched(partner_client_id: str, active: bool) -> payloads.Client:
    """Ask CoinMENA, outside any transaction, and believe the answer only if it says what was asked.

    :raises PartnerError: when there is no usable answer.
    :raises ActivationFailed: when the answer is about another client or another state.
    """
    answer = for_our_books().set_activation(partner_client_id, active)
    if answer.partner_client_id != partner_client_id or answer.active != active:
        raise ActivationFailed(_("CoinMENA answered, but the client is not as asked. Read the client again."))
    return answer


def _write_failure(client: Client, active: bool, reason: str, by: Person, sentence: str) -> None:
    record(
        "client.activation_failed",
        by=by,
        obj=client,
        client=client.partner_client_id,
        before={"active": client.active},
        after={"asked": active, "answer": sentence},
        reason=reason,
        result=Entry.Result.FAILED,
    )
