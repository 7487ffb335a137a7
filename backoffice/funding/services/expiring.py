"""End what nobody decided on, or could send, in time."""

from django.db import transaction

from backoffice.accounts.actors import System
from backoffice.approvals import services as approvals
from backoffice.database import clock
from backoffice.funding import queries
from backoffice.funding.freezing.freezes import is_locked_after_restore
from backoffice.funding.services.moving import locked, move
from backoffice.funding.states import State
from backoffice.worker.turns import one_by_one

SCHEDULE = System("schedule")


def expire_due() -> int:
    """Expire requests without a decision and approvals that could not be used; return how many. Safe to repeat.

    Nothing expires after a restore until its lock is released: what stands here as waiting may have been paid since.
    """
    if is_locked_after_restore():
        return 0
    late = queries.approved_too_long_ago(clock.now()).values_list("id", flat=True)
    return approvals.expire_due() + one_by_one(late, _expire_approved, failed="funding_not_expired")


def _expire_approved(operation_id: int) -> bool:
    with transaction.atomic():
        operation = locked(operation_id)
        is_late = operation.valid_until is not None and operation.valid_until <= clock.now()
        if operation.state != State.APPROVED or not is_late:
            return False
        move(operation, State.EXPIRED, by=SCHEDULE, reason="It could not be sent before its permission ran out.")
        return True
