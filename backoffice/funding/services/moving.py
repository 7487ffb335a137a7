"""The one way an operation changes its state: a conditional UPDATE, and the audit entry in the same transaction."""

from typing import Any, Final

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor
from backoffice.approvals.policies import Conflict
from backoffice.audit.services import record
from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.funding.models import Operation
from backoffice.funding.states import EVENTS, TERMINAL_STATES, State

#: A lease belongs to one spell of work; whoever moves an operation on gives it back.
NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_until": None, "lease_holder": ""}


_LOCK: Final = "SELECT * FROM funding_operation WHERE id = %s FOR NO KEY UPDATE"


def locked(operation_id: int, client: Client | None = None) -> Operation:
    """Lock one operation for the rest of the transaction and return it as it is now.

    Nothing that it points to is read with it: composing and planning that query, several times for every payment, took
    longer than the lock and whatever is read later.

    :param client: its client, where the caller has read it already.
    :raises Operation.DoesNotExist: when there is none.
    """
    for operation in Operation.objects.raw(_LOCK, [operation_id]):
        if client is not None:
            operation.client = client
        return operation
    raise Operation.DoesNotExist


def move(
    operation: Operation, to: State, *, by: Actor, event: str = "", reason: str = "", said: str = "", **changes: Any
) -> None:
    """Move a locked operation to ``to``, set ``changes`` with it, and write the audit entry last.

    :param event: the audit event, where it is not the one of the state.
    :param reason: why, in the words of whoever moves it. :param said: what the partner's answer proved.
    :raises Conflict: when it is no longer in the state it was read in.
    """
    before = {"state": operation.state}
    changes = {**changes, "state": str(to)}
    if to in TERMINAL_STATES:
        changes["ended_at"] = clock.now()
    current = Operation.objects.filter(pk=operation.pk, state=operation.state, version=operation.version)
    if write(current, operation, changes) != 1:
        raise Conflict(_("This operation has moved on. Read the page again."))
    after = {"state": operation.state, "version": operation.version, **_worth_noting(operation, changes)}
    if said:
        after["said"] = said
    record(
        event or EVENTS[to],
        by=by,
        obj=operation,
        client=operation.client.partner_client_id,
        before=before,
        after=after,
        reason=reason,
    )


def write(rows: QuerySet[Operation], operation: Operation, changes: dict[str, Any]) -> int:
    """Write ``changes`` to the row of a locked operation, one version later, and to the object that stands for it.

    :param rows: the row, under whatever condition it may be written. :returns: 1, or 0 where the condition failed.
    """
    written = rows.update(version=F("version") + 1, **changes)
    if written:
        for name, value in {**changes, "version": operation.version + 1}.items():
            setattr(operation, name, value)
    return written


def _worth_noting(operation: Operation, changes: dict[str, Any]) -> dict[str, Any]:
    names = ("partner_order_id", "failure_code", "lease_holder", "valid_until")
    return {name: getattr(operation, name) for name in names if changes.get(name)}
