"""Who may ask, cancel, copy, look up and resume; and what keeps an approved operation from being sent now.

Pairs: ``check_can_…`` raises with a sentence fit for staff, ``can_…`` answers for templates.
"""

from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused, check_role
from backoffice.approvals.models import Decision
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import NotKnown
from backoffice.clients.models import Asset, Client
from backoffice.funding import queries
from backoffice.funding.closing.linked import orders_linked_to
from backoffice.funding.fingerprint import fingerprint_of
from backoffice.funding.freezing import halts
from backoffice.funding.freezing.release_conditions import NOT_KNOWN_YET, NOT_READ_YET, is_in_the_dark
from backoffice.funding.models import Gate, Kind, Operation
from backoffice.funding.states import WITHOUT_EFFECT, State
from backoffice.ui.values import Link

#: Waits between the attempts of an operation that could not be sent, the last one for all that follow.
RETRY_WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 10, 20, 40, 80, 160, 300))
MOST_ATTEMPTS_IN_DOUBT: Final = 3
READERS: Final = (Role.FINANCE, Role.MANAGER, Role.AUDITOR)

# People -----------------------------------------------------------------------------------------------------------


def check_can_ask(person: Person) -> None:
    """Refuse everybody but finance: whoever approves never asks."""
    check_role(person, Role.FINANCE)


def can_ask(person: Person) -> bool:
    return person.is_finance


def check_can_cancel(person: Person, operation: Operation) -> None:
    """Refuse cancelling somebody else's operation, or one that has left us or ended.

    :raises Refused: for anybody but the person who asked.
    :raises Conflict: when it was claimed, decided or ended meanwhile.
    """
    if person.pk != operation.requested_by_id:
        raise Refused(_("Only %(name)s, who asked for it, can cancel it.") % {"name": operation.requested_by.name})
    sentence = why_not_cancel(operation)
    if sentence:
        raise Conflict(sentence)


def can_cancel(person: Person, operation: Operation) -> bool:
    return person.pk == operation.requested_by_id and not why_not_cancel(operation)


def why_not_cancel(operation: Operation) -> str:
    """Say why nobody can cancel this operation now; empty when it can be cancelled."""
    if operation.state in (State.PENDING_APPROVAL, State.APPROVED):
        # The lock is asked about first: what a reading that ends in between has found is seen below.
        is_dark = is_in_the_dark()
        if queries.is_at_the_partner(operation):
            return _("CoinMENA holds an order of it already: it was sent before a backup was restored.")
        return _(NOT_READ_YET) if is_dark else ""
    if operation.is_ended:
        return _("It has ended already.")
    return _("It has left us. Only proof can end it.")


def check_can_look_up(person: Person, operation: Operation) -> None:
    """Refuse *Check now* to those who only read, and for what is not in doubt.

    :raises Refused: for auditors and administrators.
    :raises Conflict: when nothing is open at the partner.
    """
    check_role(person, Role.FINANCE, Role.MANAGER)
    if operation.state not in (State.UNKNOWN, State.REVIEW, State.SUBMITTING):
        raise Conflict(_("There is nothing to check: this operation is not in doubt."))


def can_look_up(person: Person, operation: Operation) -> bool:
    return (person.is_finance or person.is_manager) and operation.state in (State.UNKNOWN, State.REVIEW)


def check_can_resume(person: Person) -> None:
    """Refuse everybody but managers to let money flow again."""
    check_role(person, Role.MANAGER)


def can_resume(person: Person) -> bool:
    return person.is_manager


def check_can_copy(person: Person, operation: Operation) -> None:
    """Refuse a copy of what is still open or was paid, and a second copy.

    :raises Refused: for anybody but finance.
    :raises Conflict: with the reason.
    """
    check_can_ask(person)
    sentence = why_not_copy(operation)
    if sentence:
        raise Conflict(sentence)


def can_copy(person: Person, operation: Operation) -> bool:
    return person.is_finance and not why_not_copy(operation)


def why_not_copy(operation: Operation) -> str:
    """Say why this operation cannot be copied to a new one; empty when it can."""
    if operation.state == State.COMPLETED:
        return _("It was completed. Whoever wants to pay again makes a new operation.")
    if operation.state not in WITHOUT_EFFECT:
        return _("This reference is still open. A copy could pay twice.")
    if Operation.objects.filter(copy_of=operation).exists():
        return _("It was copied already; there is one copy at most.")
    if queries.has_order_after_all(operation):
        return _("An order stands under its reference after all. A copy could pay twice.")
    if linked := orders_linked_to(operation):
        return _("Order %(id)d was linked to it. If that was not this payment, make a new operation.") % {
            "id": linked[0].id
        }
    return ""


def why_not_successor(original: Operation, kind: str, client: Client) -> str:
    """Say why an operation of ``kind`` for ``client`` does not follow ``original``; empty when it does.

    A copy may put right whatever was wrong with a request. A retry is the same payment again, so its client stays.
    """
    if original.kind != kind:
        return _("A copy stays a deposit or a withdrawal. Make a new operation instead.")
    if original.has_failed and original.client_id != client.pk:
        return _("A retry stays with its client. Make a new operation for another client instead.")
    return ""


# What is funded ---------------------------------------------------------------------------------------------------


def why_not_client(client: Client) -> str:
    """Say why this client cannot be funded; empty when they can. CoinMENA has the last word (2009, 2010)."""
    if not client.is_verified:
        return _("CoinMENA has not verified this client yet. Complete the onboarding first.")
    if not client.active:
        return _("This client is deactivated at CoinMENA. A manager can activate the client.")
    return ""


def why_not_asset(asset: Asset, kind: str) -> str:
    """Say why this asset cannot be deposited or withdrawn; empty when it can. CoinMENA has the last word (2012)."""
    if not asset.published:
        return _("%(asset)s is not published at CoinMENA. Choose another asset.") % {"asset": asset.asset_id}
    if kind == Kind.DEPOSIT and not asset.depositable:
        return _("%(asset)s cannot be deposited at CoinMENA. Choose another asset.") % {"asset": asset.asset_id}
    if kind == Kind.WITHDRAWAL and not asset.withdrawable:
        return _("%(asset)s cannot be withdrawn at CoinMENA. Choose another asset.") % {"asset": asset.asset_id}
    return ""


def why_not_known_yet() -> str:
    """Say why nothing is asked for while nobody knows what was sent since a backup; empty when it is known."""
    return _(NOT_KNOWN_YET) if is_in_the_dark() else ""


def not_known_yet() -> NotKnown | None:
    """Say the same to whoever would approve it, with the page that says what is missing; None when it is known."""
    sentence = why_not_known_yet()
    return NotKnown(sentence, Link(_("To the freeze"), reverse("freezing:page"))) if sentence else None


# Sending ----------------------------------------------------------------------------------------------------------


def why_not_flowing(gate: Gate, now: datetime) -> str:
    """Say why nothing is sent now; empty while money flows."""
    if gate.halted_at is not None:
        return _("Sending is halted: %(because)s") % {"because": halts.why_of(gate)}
    if gate.is_paused(now):
        return _("Sending is paused: CoinMENA asked us to slow down.")
    return ""


def why_not_in_force(operation: Operation, now: datetime) -> str:
    """Say why the permission to send this operation does not hold at ``now``; empty when it does.

    What the partner holds already was sent in time, before a backup was restored: sending it again under its reference
    moves nothing and brings our row up to date (reliability.md C17).
    """
    is_late = operation.valid_until is None or operation.valid_until <= now
    if is_late and not _was_sent_before(operation):
        return _("The permission to send it has run out.")
    if operation.fingerprint != fingerprint_of(operation):
        return _("Its content is not what was asked for.")
    if operation.approval is None:
        is_ungated = operation.ungated_rule_version is not None and operation.kind == Kind.DEPOSIT
        return _why_not_first(operation) if is_ungated else _("Nobody has approved it.")
    if not _is_approved_by_others(operation):
        return _("It was not approved by other people as its rule demands.")
    return _why_not_first(operation)


def _was_sent_before(operation: Operation) -> bool:
    """Tell whether what is approved here was sent before a backup was restored, as far as the mirror knows. Of what is
    in doubt only look-ups tell, and it is sent again only where these have just shown that nothing is there."""
    return operation.state == State.APPROVED and queries.stands_at_the_partner(operation)


def _why_not_first(operation: Operation) -> str:
    """Say what keeps a retry or a copy from being paid; empty where it was paid itself, so that nothing more moves."""
    why = why_overtaken(operation)
    return "" if why and _was_sent_before(operation) else why


def why_overtaken(operation: Operation) -> str:
    """Say why a retry or a copy is not sent although it was asked for: what it follows moved money after all. Empty
    when nothing speaks for that, or what did is settled and has moved nothing in the end."""
    if operation.copy_of is None or not queries.has_order_after_all(operation.copy_of):
        return ""
    return _("An order of the one before has turned up after all. This one could pay twice, so it is not sent.")


def _is_approved_by_others(operation: Operation) -> bool:
    request = operation.approval
    if request is None or request.state != RequestState.APPROVED or request.fingerprint != operation.fingerprint:
        return False
    given = {"verdict": Decision.Verdict.APPROVED, "fingerprint": operation.fingerprint, "taken_back_at": None}
    approvals = request.decisions.filter(**given)
    others = approvals.exclude(decided_by_id=operation.requested_by_id).values("decided_by").distinct().count()
    return others >= request.people_needed


def may_retry_at(last_attempt_at: datetime | None, attempts: int) -> datetime | None:
    """Return when an operation that came back unsent may be tried again; None where nothing was tried yet, or only
    while the database's clock ran ahead."""
    if last_attempt_at is None:
        return None
    return last_attempt_at + RETRY_WAITS[min(attempts, len(RETRY_WAITS) - 1)]
