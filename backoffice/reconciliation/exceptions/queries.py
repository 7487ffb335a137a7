"""What people ask of the exceptions: which are open, whose they are, what was last found of one."""

from datetime import date
from typing import Any, Final

from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.clients.models import Client
from backoffice.database.fields import AmountField
from backoffice.funding.closing.linked import LinkedOrder
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.reconciliation.exceptions.severity import RANKED
from backoffice.reconciliation.models import (
    ENDED,
    UNDONE,
    ExceptionItem,
    ExceptionState,
    Finding,
    Resolution,
    Run,
    Sighting,
)
from backoffice.reconciliation.policies import RECONCILERS
from backoffice.ui.listing import Summary

CLIENT_NAME = Coalesce(
    Subquery(Client.objects.filter(partner_client_id=OuterRef("client")).values("name")[:1]),
    Value(""),
    output_field=TextField(),
)
#: A place for what has no amount at all, so that the list can be ordered by size.
RISK = Coalesce("at_risk", Value(0), output_field=AmountField())
#: So many operations of one state are named for one order.
MOST_ALIKE: Final = 5
GRAVITY = Case(*(When(severity=one, then=Value(place)) for place, one in enumerate(RANKED)), default=Value(0))


def items() -> QuerySet[ExceptionItem, Any]:
    """Every exception with the client's name, its owner and what it is about."""
    related = ExceptionItem.objects.select_related("owner", "operation", "last_run__ledger", "first_run", "approval")
    return related.annotate(client_name=CLIENT_NAME, risk=RISK, gravity=GRAVITY)


def open_items() -> QuerySet[ExceptionItem, Any]:
    """What has not ended."""
    return items().exclude(state__in=ENDED)


def unsettled() -> QuerySet[ExceptionItem]:
    """What somebody has to do something about: neither ended nor carried forward."""
    return ExceptionItem.objects.filter(state__in=UNDONE)


def found_by(rows: QuerySet[ExceptionItem, Any], text: str) -> QuerySet[ExceptionItem, Any]:
    """Exceptions of a reference, an order number, a client's id or a part of a client's name."""
    found = Q(reference__iexact=text) | Q(client__iexact=text) | Q(client_name__icontains=text)
    if text.isascii() and text.isdigit() and len(text) < 19:
        found |= Q(order_id=int(text)) | Q(pk=int(text))
    return rows.filter(found)


def of_owners(rows: QuerySet[ExceptionItem, Any], owners: list[str]) -> QuerySet[ExceptionItem, Any]:
    """Exceptions of these people, by id; ``nobody`` stands for those without an owner."""
    named = Q(owner_id__in=[int(one) for one in owners if one != "nobody"])
    return rows.filter(named | Q(owner=None) if "nobody" in owners else named)


def workers() -> QuerySet[Person]:
    """Who can be given an exception."""
    return Person.objects.filter(role__in=[Role(role) for role in RECONCILERS], is_active=True).order_by("name", "pk")


def of_operation(operation: Operation) -> QuerySet[ExceptionItem, Any]:
    """The exceptions of one operation, what is open first."""
    return items().filter(Q(operation=operation) | Q(reference=operation.reference)).order_by("-opened_at", "-pk")


def open_of_client(client: Client) -> QuerySet[ExceptionItem, Any]:
    """The open exceptions of one client, what is due first."""
    return open_items().filter(client=client.partner_client_id).order_by("due_at", "pk")


def of_day(day: date) -> QuerySet[ExceptionItem, Any]:
    """The exceptions of one business day, in the company's zone."""
    return items().filter(day=day).order_by("due_at", "pk")


def exception_of(finding: Finding, run: Run) -> int | None:
    """The id of the exception a finding of a run is about; None where nothing was ever wrong with it."""
    ledger = f"{run.ledger_id}:" if run.ledger_id else ""
    ours = ("entry" if ledger else "operation") if finding.entry_id or finding.operation_id else ""
    key = f"{ours}:{ledger}{finding.reference}" if ours else f"order:{ledger}{finding.order_id}"
    return ExceptionItem.objects.filter(source=run.source, key=key).values_list("pk", flat=True).first()


def newest_finding(item: ExceptionItem) -> Finding | None:
    """What the last run that judged it found; None where its source keeps findings of its own kind."""
    rows = Finding.objects.select_related("run", "check_made").annotate(client_name=Value("", TextField()))
    found = rows.filter(Q(run_id=item.last_run_id) & about(item)).first()
    if found is not None:
        return found
    sighting = newest_sighting(item)
    return rows.get(pk=sighting.finding_id) if sighting and sighting.finding_id else None


def operations_like(item: ExceptionItem, state: State) -> list[Operation]:
    """The operations in a state that an order standing alone may have come of: the same to the digit, oldest first."""
    found = newest_finding(item)
    if found is None or item.operation_id is not None:
        return []
    same = {"kind": found.their_type, "asset_id": found.their_asset, "amount": found.their_amount}
    alike = Operation.objects.filter(state=state, client__partner_client_id=found.their_client, **same)
    return list(alike.order_by("in_doubt_since", "id")[:MOST_ALIKE])


def linked_to(operation: Operation) -> list[LinkedOrder]:
    """The orders that people said an operation made, while they say so."""
    linked = ExceptionItem.objects.filter(
        operation=operation, state=ExceptionState.RESOLVED, resolution=Resolution.LINKED
    )
    named = linked.order_by("pk").values_list("order_id", "resolved_by__name")
    return [LinkedOrder(order_id, name) for order_id, name in named if order_id is not None]


def findings_seen(item: ExceptionItem) -> list[Finding]:
    """What the last run found of it, and what the run found that saw it new or changed: each beside its run's rows."""
    newest, sighting = newest_finding(item), newest_sighting(item)
    ids = [newest.pk] if newest else []
    if sighting and sighting.finding_id:
        ids.append(sighting.finding_id)
    rows = Finding.objects.select_related("run__ledger").annotate(client_name=Value("", TextField()))
    return list(rows.filter(pk__in=ids).order_by("-run_id"))


def about(item: ExceptionItem) -> Q:
    """The findings that an exception's key names."""
    if item.key.startswith("operation:"):
        return Q(operation_id=item.operation_id)
    if item.key.startswith("entry:"):
        return Q(entry__isnull=False, reference=item.reference)
    if item.key.startswith("order:"):
        return Q(order_id=item.order_id)
    return Q(pk=None)


def newest_sighting(item: ExceptionItem) -> Sighting | None:
    """When it was last seen new or changed."""
    return item.sightings.select_related("run").order_by("-run_id").first()


def summarise(rows: QuerySet[ExceptionItem, Any]) -> Summary:
    """Count the exceptions and add up what is at risk, asset by asset."""
    counted = rows.order_by().values("asset").annotate(n=Count("pk"), total=Sum(RISK)).order_by("asset")
    found = list(counted)
    sums = [(one["asset"], {_("At risk"): one["total"]}) for one in found if one["asset"]]
    return Summary(sum(one["n"] for one in found), sums)
