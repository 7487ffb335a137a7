"""Exceptions with their history: who did what, with which words and links."""

from collections.abc import Callable, Iterable, Iterator

from django.db.models import QuerySet, TextField, Value, Window
from django.db.models.functions import Concat, RowNumber

from backoffice.approvals.models import Request
from backoffice.reconciliation.exceptions import forcing
from backoffice.reconciliation.exceptions.history import by_of, what_of
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem, Finding, Source
from backoffice.reconciliation.packs.parts import Row, Table

HEADINGS = (
    *("exception", "source", "about", "verdict", "day", "client", "reference", "order", "transaction", "asset"),
    *("difference", "at_risk", "severity", "owner", "due_at", "state", "opened_at", "ended_at", "first_run"),
    *("last_run", "resolution", "why", "ticket", "resolved_by"),
)
HISTORY_HEADINGS = ("exception", "at", "kind", "what", "by", "run", "text")

Items = Callable[[], QuerySet[ExceptionItem]]


def tables_of(items: Items) -> list[Table]:
    """The exceptions, and everything that was done to them, notes among it, oldest first."""
    return [
        Table("exceptions", "Exceptions", HEADINGS, lambda: map(item_row, read(items()))),
        Table("history", "What was done, and notes", HISTORY_HEADINGS, lambda: history_rows(items())),
    ]


def read(items: QuerySet[ExceptionItem]) -> Iterable[ExceptionItem]:
    return items.select_related("owner", "resolved_by").order_by("pk").iterator(1_000)


def item_row(item: ExceptionItem) -> Row:
    names = (item.owner.name if item.owner else "", item.resolved_by.name if item.resolved_by else "")
    about = (item.pk, item.source, item.key, item.verdict, item.day, item.client, item.reference, item.order_id)
    size = (str(item.transaction_id or ""), item.asset, item.difference, item.at_risk, item.severity, names[0])
    stands = (item.due_at, item.state, item.opened_at, item.ended_at, item.first_run_id, item.last_run_id)
    return (*about, *size, *stands, item.resolution, item.resolution_text, item.ticket, names[1])


def history_rows(items: QuerySet[ExceptionItem]) -> Iterator[Row]:
    events = ExceptionEvent.objects.filter(exception__in=items.order_by().values("pk"))
    for one in events.select_related("by", "run").order_by("exception_id", "id").iterator(1_000):
        yield (one.exception_id, one.at, one.kind, what_of(one), by_of(one), one.run_id, one.text)


def requests_about(items: QuerySet[ExceptionItem]) -> list[int]:
    """The requests to end any of these exceptions by force, given up ones too: each asking made the next of them."""
    asked = ExceptionEvent.objects.filter(exception__in=items.order_by().values("pk"), kind=ExceptionEvent.Kind.ASKED)
    place = Window(RowNumber(), partition_by="exception_id", order_by="id")
    subject = Concat(Value("exception-"), "exception_id", Value("-"), place, output_field=TextField())
    subjects = asked.order_by().annotate(subject=subject).values("subject")
    return list(
        Request.objects.filter(kind=forcing.KIND, subject__in=subjects).order_by("pk").values_list("pk", flat=True)
    )


def findings_seen(items: QuerySet[ExceptionItem]) -> QuerySet[Finding]:
    """Every finding these exceptions were seen in."""
    seen = items.order_by().values("sightings__finding")
    return Finding.objects.filter(pk__in=seen.filter(sightings__finding__isnull=False))


def of_other_sources(items: QuerySet[ExceptionItem]) -> QuerySet[ExceptionItem]:
    """Those whose findings are of another kind than pairs of ours and theirs."""
    return items.filter(source__in=[Source.BALANCES, Source.TRANSACTIONS])
