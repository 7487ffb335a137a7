"""Take back an operation before it is sent."""

from django.db import transaction

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.funding.models import Operation
from backoffice.funding.policies import check_can_cancel
from backoffice.funding.services.moving import locked, move
from backoffice.funding.states import State


def cancel_operation(*, operation_id: int, by: Person) -> Operation:
    """Cancel an operation that waits for approval, or that is approved and not yet claimed by a worker.

    :raises Refused: for anybody but the person who asked.
    :raises Conflict: when it was decided, claimed or ended meanwhile.
    """
    operation = Operation.objects.select_related("approval").get(pk=operation_id)
    if operation.state == State.PENDING_APPROVAL and operation.approval is not None:
        approvals.cancel(request_id=operation.approval.pk, by=by)
        return as_it_is_now(operation_id)
    with transaction.atomic():
        operation = locked(operation_id)
        check_can_cancel(by, operation)
        move(operation, State.CANCELLED, by=by)
    return operation


def as_it_is_now(operation_id: int) -> Operation:
    """Read the operation again after another service changed it."""
    return Operation.objects.select_related("client", "requested_by").get(pk=operation_id)
