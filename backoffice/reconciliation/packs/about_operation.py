"""The pack of an operation: its story, its approvals, what was exchanged, what runs and people made of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Model, Q, QuerySet

from backoffice.approvals.models import Request
from backoffice.funding.models import BulkFile, Closing, ClosingEvidence, LateOrder, Operation
from backoffice.funding.timeline import events_of, oldest_first, story_of
from backoffice.orders.models import Order
from backoffice.reconciliation.days import queries as days
from backoffice.reconciliation.models import ExceptionItem, Finding, Run
from backoffice.reconciliation.packs import approvals, exceptions, verdicts
from backoffice.reconciliation.packs.chain import table_of
from backoffice.reconciliation.packs.exchanges import documents_of
from backoffice.reconciliation.packs.parts import Pack, Row, Table, facts, safe_name

EVENT_HEADINGS = ("at", "what", "by", "text")
CLOSING_HEADINGS = (
    *("closing", "outcome", "because", "statement", "order", "asked_by", "asked_at", "known_then", "fingerprint"),
)
FILE_HEADINGS = ("closing", "file", "media_type", "bytes", "sha256")
LATE_HEADINGS = ("order", "kind", "seen_at", "incident", "settled_by", "settled_at", "settlement")


def pack_of(operation: Operation) -> Pack:
    """Everything known of one operation."""
    requests = requests_of(operation)
    concerned = objects_of(operation, requests)
    return Pack(
        name=f"evidence-operation-{safe_name(operation.reference)}",
        title=f"Operation {operation.reference}",
        about=operation,
        client=operation.client.partner_client_id,
        tables=[*tables_of(operation, requests), table_of(concerned)],
        documents=lambda: documents_of(operation),
        concerned=concerned,
        limits=[],
    )


def tables_of(operation: Operation, requests: list[Request]) -> list[Table]:
    """The tables of an operation; an exception about it has them too."""
    items = exceptions_of(operation)
    return [
        facts(facts_of(operation)),
        timeline(operation),
        *approvals.tables_of(requests),
        *closing_tables(operation),
        *exceptions.tables_of(lambda: items),
        *verdicts.tables_of(lambda: findings_of(operation)),
    ]


def facts_of(operation: Operation) -> Iterator[tuple[str, object]]:
    for name in ("reference", "kind", "amount", "reason", "state", "version", "fingerprint"):
        yield name, getattr(operation, name)
    yield "asset", operation.asset_id
    yield "client", operation.client.partner_client_id
    yield "asked_by", operation.requested_by.name
    yield "copy_of", operation.copy_of.reference if operation.copy_of else ""
    for name in ("requested_at", "confirmed_equal", "ungated_rule_version", "approved_at", "valid_until"):
        yield name, getattr(operation, name)
    for name in ("partner_order_id", "failure_code", "failure_sentence", "ended_at"):
        yield name, getattr(operation, name)


def timeline(operation: Operation) -> Table:
    """Its story as its page tells it, oldest first."""

    def rows() -> Iterable[Row]:
        events = oldest_first(events_of(story_of(operation)))
        return [(one.at, one.what, one.by, one.say) for one in events]

    return Table("timeline", "Timeline", EVENT_HEADINGS, rows)


def closing_tables(operation: Operation) -> list[Table]:
    """The closings by two people with their files, and orders that spoke against the end."""
    return [
        Table("closings", "Closings by two people", CLOSING_HEADINGS, lambda: map(closing_row, closings_of(operation))),
        Table("attachments", "Files attached", FILE_HEADINGS, lambda: file_rows(operation)),
        Table("late-orders", "Orders that came late", LATE_HEADINGS, lambda: map(late_row, late_orders(operation))),
    ]


def closings_of(operation: Operation) -> QuerySet[Closing]:
    return operation.closings.select_related("asked_by").order_by("id")


def closing_row(one: Closing) -> Row:
    asked = (one.asked_by.name, one.asked_at, one.findings, one.fingerprint)
    return (one.key, one.outcome, one.reason_code, one.statement, one.order_id, *asked)


def file_rows(operation: Operation) -> Iterator[Row]:
    files = ClosingEvidence.objects.filter(closing__operation=operation).select_related("closing").defer("content")
    for one in files.order_by("id"):
        yield (one.closing.key, one.name, one.media_type, one.size, one.digest)


def late_orders(operation: Operation) -> QuerySet[LateOrder]:
    return operation.late_orders.select_related("incident", "settled_by").order_by("id")


def late_row(one: LateOrder) -> Row:
    by = one.settled_by.name if one.settled_by else ""
    return (one.order_id, one.kind, one.seen_at, one.incident.sentence, by, one.settled_at, one.settlement)


# What belongs to it ---------------------------------------------------------------------------------------------------


def exceptions_of(operation: Operation) -> QuerySet[ExceptionItem]:
    """Every exception about it, by its row or by its reference."""
    return ExceptionItem.objects.filter(Q(operation=operation) | Q(reference=operation.reference))


def requests_of(operation: Operation) -> list[Request]:
    """Every request about it: itself, its file, its closings, the ends of its exceptions."""
    files = BulkFile.objects.filter(rows__submission_token=operation.submission_token)
    ids: set[int | None] = {
        operation.approval_id,
        *operation.closings.values_list("approval_id", flat=True),
        *files.values_list("approval_id", flat=True),
        *exceptions.requests_about(exceptions_of(operation)),
    }
    return approvals.requests_with_people(pk__in=[pk for pk in ids if pk is not None])


def findings_of(operation: Operation) -> Iterable[Finding]:
    """What its exceptions were seen in, and what the newest and the signed runs of its days say of it."""
    seen = exceptions.findings_seen(exceptions_of(operation))
    ids = {*seen.values_list("pk", flat=True)}
    for run in runs_of(operation):
        ids |= {*Finding.objects.filter(run=run, operation=operation).values_list("pk", flat=True)}
    return Finding.objects.filter(pk__in=ids).select_related("run", "check_made").order_by("run_id", "pk")


def runs_of(operation: Operation) -> Iterator[Run]:
    """The newest run over each day it may stand on, and the one that was signed."""
    for day in sorted({days.day_of(at) for at in moments_of(operation)}):
        newest = days.runs_of(day).first()
        signed = [one.run for one in days.reports_of(day)]
        yield from {run.pk: run for run in [*signed, *([newest] if newest else [])]}.values()


def moments_of(operation: Operation) -> list[datetime]:
    """Our time of it and the partner's, which decide on which day it stands."""
    claimed = operation.attempts.order_by("number").values_list("claimed_at", flat=True).first()
    orders = Order.objects.filter(partner_order_ref=operation.reference).order_by("pk")
    order = orders.values_list("created_at", flat=True).first()
    ours = claimed or operation.approved_at or operation.requested_at
    return [at for at in (ours, order) if at is not None]


def objects_of(operation: Operation, requests: list[Request]) -> list[Model]:
    """Everything whose entries of the log are about it."""
    return [operation, *requests, *exceptions_of(operation).order_by("pk")]
