"""Freeze at once: one person is enough to stop money (reliability.md §4, DESIGN.md §6).

The gate is locked before the freeze is written. Claims share it while they look for freezes, so a claim is either
committed before the freeze or sees it.
"""

from datetime import datetime

import structlog
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.audit.sealing.behind import Behind
from backoffice.audit.services import record
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.database.server import here
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.policies import check_can_freeze, frozen_sentence
from backoffice.funding.freezing.reasons import LOG_BEHIND, RESTORED
from backoffice.funding.models import Freeze, Gate, Scope
from backoffice.funding.services.gate import lock_gate, refused_if_kept_waiting

log = structlog.get_logger(__name__)


def freeze(
    *, scope: Scope, reason: str, by: Person, asset: Asset | None = None, client: Client | None = None
) -> Freeze:
    """Send nothing of ``scope`` any more, from the commit on.

    :raises Refused: for anybody but a manager.
    :raises Conflict: where that scope is frozen already, naming who froze it and when, or where somebody held the gate
        for too long; nothing is frozen then.
    """
    check_can_freeze(by)
    kept = _("Nothing is frozen: what is being sent kept the freeze waiting. Freeze again.")
    with refused_if_kept_waiting(kept), transaction.atomic():
        lock_gate()
        _check_not_frozen(scope, asset, client)
        return _freeze(scope, reason, by, asset=asset, client=client, frozen_by=by)


def freeze_after_restore(*, backup_at: datetime, by: Actor, reason: str = RESTORED) -> Freeze:
    """Send nothing at all until what happened after ``backup_at`` is known again.

    Where a lock is in force already it stays and counts from now: it may have stood in the backup, and what was sent
    after its release then is known to nobody here. Run twice for one restore it only waits for longer. The server this
    is done on is noted with the lock, so that workers do not find it another one and lock again.
    """
    with transaction.atomic():
        lock_gate()
        _note_server()
        lock = freezes.locks_after_restore().first()
        return (
            _freeze(Scope.EVERYTHING, reason, by, backup_at=backup_at) if lock is None else _move_on(lock, by, reason)
        )


def _note_server() -> None:
    """Note the server that a lock is made on. The lock is made even where the server does not tell who it is: that it
    is locked once more is the cheaper mistake."""
    try:
        with transaction.atomic():
            Gate.objects.update(server=here())
    except DatabaseError as trouble:
        log.warning("database_server_not_told", error=str(trouble))


def freeze_behind_the_seals(behind: Behind) -> None:
    """Lock as after a restore when the audit log is older than its seals (reliability.md C17).

    It is found behind again and again until people have looked; a lock that was made before the last of what the log
    lost came from the backup, and was made for another restore. When the log last agreed with its seals does not tell:
    a lock that was made between that and the backup is newer.
    """
    lock = freezes.locks_after_restore().first()
    if lock is None or lock.restored_at < behind.lost_at:
        freeze_after_restore(backup_at=behind.common_at, by=System("sealing"), reason=LOG_BEHIND)


def _check_not_frozen(scope: Scope, asset: Asset | None, client: Client | None) -> None:
    same = freezes.in_force().filter(scope=scope, asset=asset, client=client, backup_at=None).first()
    if same is not None:
        raise Conflict(frozen_sentence(same))


def _move_on(lock: Freeze, by: Actor, reason: str) -> Freeze:
    """Keep the lock for another restore, and end what was asked for when only the one before it was known."""
    before, moment = {"restored_at": lock.restored_at}, max(clock.now(), lock.restored_at)
    Freeze.objects.filter(pk=lock.pk).update(restored_again_at=moment)
    lock.restored_again_at = moment
    record("freeze.restored_again", by=by, obj=lock, before=before, after={"restored_at": moment}, reason=reason)
    for request in freezes.requests_for(lock).filter(state=RequestState.WAITING):
        approvals.end_changed(request, now=moment)
        record("freeze.release_ended", by=by, obj=lock, after={"request": request.subject})
    return lock


def _freeze(scope: Scope, reason: str, by: Actor, **content: object) -> Freeze:
    made = Freeze.objects.create(scope=scope, reason=reason, frozen_at=clock.now(), **content)
    record(
        "freeze.made",
        by=by,
        obj=made,
        client=made.client.partner_client_id if made.client else "",
        after={"scope": str(scope), "asset": made.asset_id or "", "backup_at": made.backup_at},
        reason=reason,
    )
    return made
