"""Let go again what was frozen: one person asks, a manager approves, and neither of them is the one who froze."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.proofs import check_proves
from backoffice.approvals.fingerprints import fingerprint
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.sealing.services import set_strays_aside
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.policies import check_can_ask_release
from backoffice.funding.freezing.release_conditions import why_not_released
from backoffice.funding.models import Freeze
from backoffice.funding.services.doorbells import RUNG_AT_ONCE, ring_to_send
from backoffice.funding.services.gate import lock_gate
from backoffice.funding.states import State

VERSION: Final = 2


def ask_for_release(*, freeze_id: int, reason: str, by: Person, proof: Proof) -> Request:
    """Ask that a freeze be released; a manager other than ``by`` and whoever froze decides.

    :param proof: the second factor ``by`` has just shown for the `fingerprint_of` this freeze.
    :raises Refused: for people who only read, for the one who froze, and without such a factor.
    :raises Conflict: when it is released already, somebody has asked, or what a restore demands is not done yet.
    """
    with transaction.atomic():
        freeze, now = locked(freeze_id), clock.now()
        check_askable(freeze, by, now)
        check_proves(proof, by, fingerprint_of(freeze))
        request = ask_for_approval(
            kind=freezes.RELEASE,
            subject=freezes.key_of(freeze, freezes.requests_for(freeze).count() + 1),
            title=title_of(freeze),
            fingerprint=fingerprint_of(freeze),
            rule=rule_demanded(Facts(kind=RuleKind.RELEASE)),
            by=by,
            now=now,
            client=client_of(freeze),
            reason=reason,
            barred=freeze.frozen_by,
            asked_with=proof,
        )
        after = {"request": request.subject, "rule": request.rule, "rule_version": request.rule_version}
        record("freeze.release_asked", by=by, obj=freeze, client=client_of(freeze), after=after, reason=reason)
    return request


def check_askable(freeze: Freeze, by: Person, now: datetime) -> None:
    """Refuse asking for the release of a freeze.

    :raises Refused, Conflict: as `ask_for_release`.
    """
    check_can_ask_release(by, freeze)
    check_releasable(freeze)
    waiting = freezes.waiting_releases([freeze], now).get(freeze.pk)
    if waiting is not None:
        raise Conflict(_("%(name)s has asked for it already.") % {"name": waiting.requested_by.name})


def release(request: Request, *, by: Person, note: str) -> None:
    """Release the freeze that ``request`` is about, inside the transaction that approves it.

    The database refuses it where the one who froze asked or approved. Bells ring for what was held; what another freeze
    still holds is refused by the claim.

    :raises Conflict: when it is released already, or what a restore demands is not done.
    """
    freeze = locked(freezes.freeze_named(request.subject))
    check_releasable(freeze)
    held = freezes.held_by(freeze).filter(state=State.APPROVED).values_list("pk", flat=True)
    for operation_id in held[:RUNG_AT_ONCE]:
        ring_to_send(operation_id)
    if freeze.backup_at:
        accept_what_the_restore_took(by)
    now = clock.now()
    Freeze.objects.filter(pk=freeze.pk, released_at=None).update(release=request, released_at=now)
    after = {"released_at": now, "request": request.subject, "asked_by": request.requested_by.name}
    record("freeze.released", by=by, obj=freeze, client=client_of(freeze), after=after, reason=note)


def accept_what_the_restore_took(by: Person) -> None:
    """Let the log go on beside the seals of what it lost; without it, the next comparison would lock again.

    :raises Conflict: when the second place of the seals cannot be read.
    """
    try:
        set_strays_aside(by=by)
    except OSError as error:
        sentence = _(
            "The second place of the audit log's seals cannot be read (%(why)s). Have it mounted, then decide."
        )
        raise Conflict(sentence % {"why": error.strerror}) from error


def locked(freeze_id: int) -> Freeze:
    """Lock the gate and one freeze for the rest of the transaction and return the freeze as it is now."""
    lock_gate()
    frozen = Freeze.objects.select_for_update(of=("self",), no_key=True)
    return frozen.select_related("asset", "client", "frozen_by").get(pk=freeze_id)


def check_releasable(freeze: Freeze) -> None:
    """Refuse to release what is released, or what a restore keeps locked.

    :raises Conflict: with the reason.
    """
    sentence = _("It has been released already.") if freeze.released_at else why_not_released(freeze)
    if sentence:
        raise Conflict(sentence)


def fingerprint_of(freeze: Freeze) -> str:
    """Return the digest of what a release would let go, as 64 hexadecimal digits."""
    content = {
        "version": VERSION,
        "freeze": freeze.pk,
        "scope": str(freeze.scope),
        "asset": freeze.asset_id,
        "client": freeze.client_id,
        "reason": freeze.reason,
        "frozen_at": freeze.frozen_at.isoformat(),
        "frozen_by": freeze.frozen_by_id,
        "backup_at": freeze.backup_at.isoformat() if freeze.backup_at else None,
        # A lock may be in force for another restore than the one that was looked at.
        "restored_at": freeze.restored_at.isoformat() if freeze.backup_at else None,
        "is_released": freeze.released_at is not None,
    }
    return fingerprint(content)


def title_of(freeze: Freeze) -> str:
    """Name a release in a queue. Stored, so in no reader's language."""
    if freeze.client is not None:
        return f"Release of the client {freeze.client}"
    return f"Release of {freeze.asset_id or freeze.scope.replace('_', ' ')}"


def client_of(freeze: Freeze) -> str:
    """Return the partner's id of the one client a freeze is about; empty where it is about more."""
    return freeze.client.partner_client_id if freeze.client else ""
