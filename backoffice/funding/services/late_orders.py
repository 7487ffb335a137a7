"""Orders that speak against how an operation ended (reliability.md §3): found, kept, linked, never an edit.

Found in two ways that do not know of each other: at once, when an answer or a look-up brings the order, and by a pass
over the mirror, whoever wrote it there. The pass goes from the operations that ended to the orders under their
references, so that it matters neither when an order was made nor when it was read.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.funding.closing.policies import check_can_settle
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.services.moving import locked
from backoffice.funding.states import WITHOUT_EFFECT, State
from backoffice.mirror.incidents import CHANGED, VANISHED
from backoffice.mirror.models import Incident, Mirror
from backoffice.orders.models import COMPLETED
from backoffice.partner.coinmena import payloads
from backoffice.worker.turns import one_by_one

#: What ended so lately is compared every minute; everything that ever ended, every hour.
LATELY: Final = timedelta(days=7)
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Marks our own incidents among those of the mirror.
AFTER_END: Final = "after_end"
WITHOUT_EFFECT_THERE: Final = ("failed", "rejected")
WATCH: Final = System("late orders")

SENTENCES: Final = {
    LateOrder.Kind.COMPLETED: gettext_noop("This order is completed, although we had ended the operation without it."),
    LateOrder.Kind.OPEN: gettext_noop("This order turned up after we had ended the operation without it."),
    LateOrder.Kind.CHANGED: gettext_noop("CoinMENA changed this order after the operation was completed with it."),
    LateOrder.Kind.VANISHED: gettext_noop("CoinMENA no longer shows the order the operation was completed with."),
}

#: What a pass found: the operation, the kind of late order, the order, and the incident of the mirror if it told of it.
Found: TypeAlias = tuple[int, str, int, int | None]

log = structlog.get_logger(__name__)

# Each part starts from a bounded set: operations by the index of their end, incidents by the index of when they were
# seen. Each row then costs one look into an index, of references, of orders or of the log.
#
# An answer may be written down after the mirror has read what came later: the operation is completed with an order that
# was taken back before. No incident of that follows its end, so the order itself is asked, the second part.
#
# Whether an order changed after an operation ended is read off the numbers of the audit log, which both wrote down: the
# log has one order. Moments have not: an end dated while the clock ran ahead lies after everything seen for hours, for
# ever, and an incident dated so lies after ends that came later. The log does not name the incident: of several that
# tell the same of an order its last entry is that of the newest, and only that one is compared.
_FOUND: Final = """
    SELECT p.id, CASE WHEN o.status = %(completed)s THEN 'completed' ELSE 'open' END, o.id, NULL::bigint
    FROM funding_operation p
    JOIN orders_order o ON o.partner_order_ref = p.reference
    WHERE p.ended_at >= %(since)s AND p.state = ANY(%(without_effect)s) AND o.status <> ALL(%(without_effect_there)s)
    UNION ALL
    SELECT p.id, 'changed', o.id, NULL
    FROM funding_operation p
    JOIN orders_order o ON o.id = p.partner_order_id
    WHERE p.ended_at >= %(since)s AND p.state = %(completed)s AND o.status <> %(completed)s
    UNION ALL
    SELECT p.id, i.kind, p.partner_order_id, i.id
    FROM (
        SELECT id, kind, object_id, after,
            CASE WHEN object_id::numeric < 2::numeric ^ 63 THEN object_id::bigint END AS order_id
        FROM mirror_incident
        WHERE seen_at >= %(since)s AND mirror = %(orders)s AND kind = ANY(%(broken)s) AND object_id ~ '^[0-9]{1,19}$'
        OFFSET 0
    ) i
    JOIN funding_operation p ON p.partner_order_id = i.order_id
    WHERE p.state = %(completed)s AND NOT EXISTS (
        SELECT FROM mirror_incident newer
        WHERE newer.mirror = %(orders)s AND newer.object_id = i.object_id AND newer.kind = i.kind AND newer.id > i.id
            AND newer.after IS NOT DISTINCT FROM i.after
    ) AND EXISTS (
        SELECT FROM audit_entry told
        WHERE told.object_type = 'order' AND told.object_id = i.object_id AND told.event = 'mirror.incident'
            AND told.after IS NOT DISTINCT FROM i.after
            AND told.number > (
                SELECT coalesce(max(number), 0) FROM audit_entry
                WHERE object_type = 'operation' AND object_id = p.reference AND event = 'operation.completed'
            )
    )
"""
_NEW: Final = f"""
    SELECT * FROM ({_FOUND}) AS found (operation_id, kind, order_id, incident_id)
    WHERE NOT EXISTS (
        SELECT FROM funding_lateorder l
        WHERE l.operation_id = found.operation_id AND l.kind = found.kind AND l.order_id = found.order_id
            AND (found.incident_id IS NULL OR l.settled_at IS NULL OR l.incident_id >= found.incident_id)
    )
    ORDER BY operation_id, order_id, incident_id
"""  # noqa: S608  (a constant of this module)


def watch(*, lately: bool = True) -> int:
    """Compare what ended with the mirror, and report what speaks against it; return how much was new. Safe to repeat.

    :param lately: only what ended in the last week; otherwise everything that ever ended.
    """
    since = clock.now() - LATELY if lately else BEGINNING
    return one_by_one(_found_since(since), _report, failed="funding_late_order_not_kept")


def notice(operation: Operation, order: payloads.Order) -> None:
    """Report an order that an answer or a look-up brought after its operation, locked by the caller, had ended."""
    if operation.state not in WITHOUT_EFFECT or order.status in WITHOUT_EFFECT_THERE:
        return
    kind = LateOrder.Kind.COMPLETED if order.status == COMPLETED else LateOrder.Kind.OPEN
    _write_down(operation, kind, order.id, None)


def settle(*, late_order_id: int, settlement: str, by: Person) -> LateOrder:
    """Write down what was done about a late order; the operation stays as it ended.

    :raises Refused: for anybody but managers. :raises Conflict: when it is settled already.
    """
    with transaction.atomic():
        late = (
            LateOrder.objects.select_for_update(of=("self",)).select_related("operation__client").get(pk=late_order_id)
        )
        check_can_settle(by, late)
        late.settled_by, late.settled_at, late.settlement = by, clock.now(), settlement
        late.save(update_fields=["settled_by", "settled_at", "settlement"])
        _record("late_order.settled", late, by=by, reason=settlement)
    return late


def _found_since(since: datetime) -> Sequence[Found]:
    names: dict[str, Any] = {
        "since": since,
        "completed": State.COMPLETED,
        "without_effect": sorted(WITHOUT_EFFECT),
        "without_effect_there": list(WITHOUT_EFFECT_THERE),
        "orders": Mirror.ORDERS,
        "broken": [CHANGED, VANISHED],
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEW, names)
        return list(cursor.fetchall())


def _report(found: Found) -> bool:
    operation_id, kind, order_id, incident_id = found
    with transaction.atomic():
        incident = Incident.objects.filter(pk=incident_id).first() if incident_id else None
        return _write_down(locked(operation_id), LateOrder.Kind(kind), order_id, incident)


def _write_down(operation: Operation, kind: LateOrder.Kind, order_id: int, incident: Incident | None) -> bool:
    """Keep one late order; False where it is kept already. The operation's lock keeps two finders apart.

    What the mirror told of can happen again: it is kept anew where nothing of its kind is open and none is as new.
    """
    kept = LateOrder.objects.filter(operation=operation, kind=kind, order_id=order_id)
    if incident:
        kept = kept.filter(Q(settled_at=None) | Q(incident__gte=incident))
    if kept.exists() or (kind is LateOrder.Kind.OPEN and _was_known_at_closing(operation, order_id)):
        return False
    late = LateOrder.objects.create(
        operation=operation,
        kind=kind,
        order_id=order_id,
        incident=incident or _incident(operation, kind, order_id),
        seen_at=clock.now(),
    )
    log.error("funding_late_order", reference=operation.reference, order=order_id, kind=str(kind))
    _record("late_order.found", late, by=WATCH, reason=SENTENCES[kind])
    return True


def _was_known_at_closing(operation: Operation, order_id: int) -> bool:
    """Whether two people closed the operation knowing of this unfinished order: its end will be news, not itself."""
    known = operation.closing.findings["orders"] if operation.closing else []
    return any(order["id"] == order_id for order in known)


def _incident(operation: Operation, kind: LateOrder.Kind, order_id: int) -> Incident:
    """Put the incident on the order's page too, beside what the mirror itself reports there."""
    return Incident.objects.create(
        mirror=Mirror.ORDERS,
        kind=AFTER_END,
        object_id=str(order_id),
        sentence=SENTENCES[kind],
        before={"reference": operation.reference, "state": str(operation.state)},
        after={"kind": str(kind)},
        seen_at=clock.now(),
    )


def _record(event: str, late: LateOrder, *, by: Actor, reason: str) -> None:
    operation = late.operation
    after = {"order_id": late.order_id, "kind": str(late.kind), "state": str(operation.state)}
    record(event, by=by, obj=operation, client=operation.client.partner_client_id, after=after, reason=reason)
