"""The pack of a closed day: what was signed, what drifted since, and the evidence behind its exceptions."""

from collections.abc import Iterable, Iterator

from django.db.models import Model, Q, QuerySet

from backoffice.approvals.models import Request, RuleKind
from backoffice.funding.models import Operation
from backoffice.reconciliation.days import differing, queries, report, report_file
from backoffice.reconciliation.models import DayReport, Drift, ExceptionItem, Finding, ReferenceCheck, Run, Verdict
from backoffice.reconciliation.packs import approvals, exceptions, exchanges, verdicts
from backoffice.reconciliation.packs.chain import table_of
from backoffice.reconciliation.packs.parts import Document, Pack, Row, Table, facts

#: Rows that match are listed up to here; of a longer run the report has their number and the digest over them.
MOST_MATCHED = 50_000
SIGNATURE_HEADINGS = ("step", "by", "at", "factor", "note")
DRIFT_HEADINGS = ("about", "kind", "seen_at", "run", "signed", "now")
RUN_HEADINGS = (
    *("run", "source", "from", "to", "by", "finished_at", "is_complete", "because", "ours", "theirs"),
    *("partner_total", "counts", "totals", "digest"),
)
STEPS = ("prepared", "reviewed", "closed")


def pack_of(signed: DayReport) -> Pack:
    """Everything known of one closing of a day."""
    requests = requests_of(signed)
    concerned = objects_of(signed, requests)
    return Pack(
        name=f"evidence-day-{signed.day_id.isoformat()}-closing-{signed.version}",
        title=f"Day {signed.day_id.isoformat()}, closing {signed.version}",
        about=signed.day,
        client="",
        tables=[*tables_of(signed, requests), table_of(concerned)],
        documents=lambda: documents_of(signed),
        concerned=concerned,
        limits=[*limits_of(signed.run), *drift_limits(signed)],
    )


def tables_of(signed: DayReport, requests: list[Request]) -> list[Table]:
    items = exceptions_of(signed)
    return [
        facts(facts_of(signed)),
        Table("signatures", "Signatures", SIGNATURE_HEADINGS, lambda: signature_rows(signed)),
        Table("drift", "What changed since", DRIFT_HEADINGS, lambda: map(drift_row, drifts_of(signed))),
        Table("runs", "Runs over this day", RUN_HEADINGS, lambda: map(run_row, queries.all_runs_of(signed.day_id))),
        *approvals.tables_of(requests),
        *exceptions.tables_of(lambda: items),
        *verdicts.tables_of(lambda: findings_of(signed.run)),
        verdicts.told_table(lambda: exceptions.of_other_sources(items)),
    ]


def facts_of(signed: DayReport) -> Iterator[tuple[str, object]]:
    content = report.read(signed)
    yield from (("day", signed.day_id), ("closing", signed.version), ("zone", content["zone"]))
    yield from (("from", content["window"]["from"]), ("to", content["window"]["to"]))
    yield from (("run", signed.run_id), ("run_digest", signed.run.digest))
    yield from (("report_sha256", signed.digest), ("closed_by", signed.made_by.name), ("closed_at", signed.made_at))
    yield from (("audit_entry_then", signed.entry_number), ("audit_hash_then", signed.entry_hash))
    yield from (("day_is_now", signed.day.state), ("newest_closing", signed.day.version))
    yield from (("checked_for_drift_at", signed.day.checked_at), ("not_checked_since", signed.day.unchecked_since))
    yield ("not_checked_because", signed.day.unchecked_because)


def signature_rows(signed: DayReport) -> Iterator[Row]:
    content = report.read(signed)
    for step in STEPS:
        one = content[step]
        yield (step, one["by"], one["at"], one.get("factor", ""), one["note"])


def drifts_of(signed: DayReport) -> QuerySet[Drift]:
    return signed.drifts.order_by("id")


def drift_row(one: Drift) -> Row:
    return (one.key, one.kind, one.seen_at, one.run_id, one.before, one.after)


def run_row(run: Run) -> Row:
    by = run.run_by.name if run.run_by else ""
    ends = (run.pk, run.source, run.window_from, run.window_to, by, run.finished_at)
    counted = (run.ours_count, run.theirs_count, run.partner_total, run.counts, run.totals, run.digest)
    return (*ends, run.is_complete, run.incomplete_because, *counted)


def limits_of(run: Run) -> list[str]:
    if run.matched_count <= MOST_MATCHED:
        return []
    return [
        f"The {run.matched_count:,} rows that match are not in verdicts.csv. report.json counts them and names the"
        f" digest over all rows; the page of run {run.pk} exports them."
    ]


def drift_limits(signed: DayReport) -> list[str]:
    if signed.drifts.values("key").distinct().count() < differing.MOST_TOLD:
        return []
    return [
        f"drift.csv names the first {differing.MOST_TOLD:,} rows by key that were no longer as signed, and those told"
        " before; the page of the newest run exports every row."
    ]


def documents_of(signed: DayReport) -> Iterator[Document]:
    """What was signed, to the byte, and as CSV; then what was exchanged about each exception."""
    yield Document("report.json", [bytes(signed.content)])
    yield Document("report.csv", [report_file.csv_of(signed)])
    operations = operations_of(signed)
    for operation in operations.iterator(100):
        yield from exchanges.documents_of(operation)
    checks = ReferenceCheck.objects.filter(pk__in=findings_of(signed.run).values("check_made"))
    told = operations.order_by().values("reference")
    yield from exchanges.checks_of(checks.exclude(reference__in=told).order_by("id").iterator(100), "exchanges/day")
    yield from orders_of(signed)


def orders_of(signed: DayReport) -> Iterator[Document]:
    """The orders of exceptions that no operation stands behind."""
    alone = exceptions_of(signed).filter(order_id__isnull=False, operation=None).order_by("order_id")
    for order_id in alone.values_list("order_id", flat=True).distinct().iterator(1_000):
        yield from exchanges.order_documents(order_id, "exchanges/day")


# What belongs to it ---------------------------------------------------------------------------------------------------


def exceptions_of(signed: DayReport) -> QuerySet[ExceptionItem]:
    return ExceptionItem.objects.filter(day=signed.day_id)


def operations_of(signed: DayReport) -> QuerySet[Operation]:
    """The operations its exceptions are about."""
    items = exceptions_of(signed).order_by()
    by_reference = items.exclude(reference="").values("reference")
    named = Q(pk__in=items.filter(operation__isnull=False).values("operation")) | Q(reference__in=by_reference)
    people = ("client", "requested_by", "approval__requested_by", "copy_of")
    return Operation.objects.filter(named).select_related(*people).order_by("reference")


def requests_of(signed: DayReport) -> list[Request]:
    """The requests to reopen the day, whichever closing, and to end its exceptions by force."""
    reopening = Q(kind=str(RuleKind.REOPENING), subject__startswith=f"day-{signed.day_id.isoformat()}-")
    ids = Request.objects.filter(reopening).values_list("pk", flat=True)
    return approvals.requests_with_people(pk__in=[*ids, *exceptions.requests_about(exceptions_of(signed))])


def findings_of(run: Run) -> QuerySet[Finding]:
    """What the signed run found: all of it, or what does not match where that is too much."""
    found = Finding.objects.filter(run=run)
    if run.matched_count > MOST_MATCHED:
        found = found.exclude(verdict=Verdict.MATCHED)
    return found.select_related("run", "check_made").order_by("pk")


def objects_of(signed: DayReport, requests: list[Request]) -> list[Model]:
    """Everything whose entries of the log are about it."""
    items: Iterable[Model] = exceptions_of(signed).order_by("pk")
    return [signed.day, signed.run, *requests, *items]
