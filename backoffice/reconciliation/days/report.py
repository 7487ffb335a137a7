"""The report a closing signs: made once, kept as canonical bytes, read back from them ever after.

Canonical JSON as in the audit log: sorted keys, no blanks, UTF-8, amounts as plain digits, times in UTC with ``Z``.
Its SHA-256 is what the closing's audit entry names. A new form gets a new version number.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision
from backoffice.audit.canonical import canonical_text
from backoffice.money import exact_sum
from backoffice.reconciliation.days import queries
from backoffice.reconciliation.exceptions.naming import ledger_of
from backoffice.reconciliation.models import (
    PENDING,
    Day,
    DayReport,
    ExceptionEvent,
    ExceptionItem,
    ExceptionState,
    Finding,
    Run,
)

#: 2 names the managers who agreed to an end by force, and leaves a sum open where no difference is known. 3 adds up
#: what is carried forward for each comparison apart, and names the ledger.
VERSION: Final = 3
#: What a report says was done about an exception, beside its resolution.
TOLD: Final = (ExceptionEvent.Kind.NOTE, ExceptionEvent.Kind.CARRIED, ExceptionEvent.Kind.READ_AGAIN)


@dataclass(frozen=True)
class Signature:
    """Who closes a day, when, with which factor and which words."""

    by: Person
    at: datetime
    factor: str
    note: str = ""


def content_of(day: Day, closed: Signature, *, entry_number: int, entry_hash: str) -> bytes:
    """Write the whole report of a day in canonical form."""
    window = queries.window_of(day.date)
    content = {
        "version": VERSION,
        "day": day.date.isoformat(),
        "zone": day.zone,
        "closing": day.version,
        "window": {"from": window.start, "to": window.end},
        "prepared": signed(day.prepared_by, day.prepared_at, note=day.note),
        "reviewed": reviewed(day),
        "closed": signed(closed.by, closed.at, note=closed.note, factor=closed.factor),
        "run": run_facts(day.run),
        "runs": [run_facts(run) for run in queries.all_runs_of(day.date)],
        "totals": day.run.totals,
        **items_of(day, closed.at),
        "audit": {"entry": entry_number, "hash": entry_hash},
    }
    return canonical_text(content).encode()


def read(report: DayReport) -> dict[str, Any]:
    """Read a report back from what was signed."""
    content: dict[str, Any] = json.loads(bytes(report.content))
    return content


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a report as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def is_untouched(report: DayReport) -> bool:
    """Whether the bytes kept still have the digest that was signed."""
    return digest_of(bytes(report.content)) == report.digest


def signed(by: Person, at: datetime, **more: str) -> dict[str, Any]:
    return {"by": by.name, "person": by.pk, "at": at, **more}


def reviewed(day: Day) -> dict[str, Any]:
    if day.reviewed_by is None or day.reviewed_at is None or day.reviewed_with is None:
        raise ValueError("a report is made of a reviewed day")
    return signed(day.reviewed_by, day.reviewed_at, note=day.review_note, factor=day.reviewed_with.method)


def run_facts(run: Run) -> dict[str, Any]:
    """What the report says of one run."""
    return {
        "run": run.pk,
        "source": run.source,
        "ledger": run.ledger.name if run.ledger else "",
        "client": run.client.partner_client_id if run.client else "",
        "by": run.run_by.name if run.run_by else "",
        "finished_at": run.finished_at,
        "read_to": run.mirror_read_to,
        "is_complete": run.is_complete,
        "ours": run.ours_count,
        "theirs": run.theirs_count,
        "partner_total": run.partner_total,
        "trades": run.trades_count,
        "counts": run.counts,
        "digest": run.digest,
    }


# Items ----------------------------------------------------------------------------------------------------------------


def items_of(day: Day, now: datetime) -> dict[str, Any]:
    """The exceptions of the day with what was done, what is carried forward up to it, what was undecided."""
    exceptions = list(queries.exceptions_of(day.date).order_by("source", "key"))
    told, agreed = said_about(exceptions), agreed_to(exceptions)
    carried = list(queries.carried_up_to(day.date))
    return {
        "exceptions": [
            {**exception_facts(one), "agreed_by": agreed.get(one.pk, []), "said": told.get(one.pk, [])}
            for one in exceptions
        ],
        "carried": [carried_facts(one, now) for one in carried],
        "carried_sums": carried_sums(carried, now),
        "undecided": [finding_facts(one) for one in undecided(day.run)],
    }


def exception_facts(item: ExceptionItem) -> dict[str, Any]:
    return {
        "source": item.source,
        "key": item.key,
        "verdict": item.verdict,
        "client": item.client,
        "reference": item.reference,
        "order": item.order_id,
        "transaction": str(item.transaction_id or ""),
        "asset": item.asset,
        "difference": item.difference,
        "at_risk": item.at_risk,
        "severity": item.severity,
        "owner": item.owner.name if item.owner else "",
        "state": item.state,
        "opened_at": item.opened_at,
        "ended_at": item.ended_at,
        "resolution": item.resolution,
        "text": item.resolution_text,
        "ticket": item.ticket,
        "resolved_by": item.resolved_by.name if item.resolved_by else "",
        "first_run": item.first_run_id,
        "last_run": item.last_run_id,
    }


def agreed_to(items: Iterable[ExceptionItem]) -> dict[int, list[str]]:
    """The managers who agreed that an exception ends although both sides differ, in the order they did."""
    forced = {one.approval_id: one.pk for one in items if one.approval_id and one.state == ExceptionState.RESOLVED}
    given = Decision.objects.filter(request__in=forced, verdict=Decision.Verdict.APPROVED, taken_back_at=None)
    agreed: dict[int, list[str]] = {}
    for request_id, name in given.order_by("decided_at", "id").values_list("request_id", "decided_by__name"):
        agreed.setdefault(forced[request_id], []).append(name)
    return agreed


def said_about(items: Iterable[ExceptionItem]) -> dict[int, list[dict[str, Any]]]:
    """What people wrote about each exception, oldest first."""
    events = ExceptionEvent.objects.filter(exception__in=[one.pk for one in items], kind__in=TOLD)
    said: dict[int, list[dict[str, Any]]] = {}
    for event in events.select_related("by").order_by("id"):
        line = {"kind": event.kind, "at": event.at, "by": event.by.name if event.by else "", "text": event.text}
        said.setdefault(event.exception_id, []).append(line)
    return said


def carried_facts(item: ExceptionItem, now: datetime) -> dict[str, Any]:
    return {
        "source": item.source,
        "ledger": ledger_of(item),
        "key": item.key,
        "verdict": item.verdict,
        "day": item.day.isoformat(),
        "client": item.client,
        "reference": item.reference,
        "order": item.order_id,
        "asset": item.asset,
        "difference": item.difference,
        "at_risk": item.at_risk,
        "resolution": item.resolution,
        "text": item.resolution_text,
        "ticket": item.ticket,
        "age_days": age_days(item, now),
    }


def carried_sums(items: Iterable[ExceptionItem], now: datetime) -> list[dict[str, Any]]:
    """What is carried forward by comparison and asset: how many, the sum of their differences, the age of the oldest.

    One order may be carried where operations were compared and where a ledger was: it is never added to itself.
    """
    groups: dict[tuple[str, str, str], list[ExceptionItem]] = {}
    for item in items:
        groups.setdefault((item.source, ledger_of(item), item.asset), []).append(item)
    return [
        {
            "source": source,
            "ledger": ledger,
            "asset": asset,
            "count": len(some),
            "difference": summed(one.difference for one in some),
            "at_risk": summed(one.at_risk for one in some),
            "oldest_days": max(age_days(one, now) for one in some),
        }
        for (source, ledger, asset), some in sorted(groups.items())
    ]


def summed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Add up what is known; None where nothing is, since two assets have no difference and nothing is no zero."""
    known = [amount for amount in amounts if amount is not None]
    return exact_sum(known) if known else None


def age_days(item: ExceptionItem, now: datetime) -> int:
    """How many business days by the calendar an exception is old."""
    return (queries.day_of(now) - item.day).days


def undecided(run: Run) -> Iterable[Finding]:
    """The findings that claimed nothing when the day was signed."""
    return run.findings.filter(verdict__in=[verdict.value for verdict in PENDING]).order_by("id").iterator()


def finding_facts(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict,
        "reference": finding.reference,
        "order": finding.order_id,
        "client": finding.our_client or finding.their_client or "",
        "asset": finding.our_asset or finding.their_asset or "",
        "amount": finding.our_amount if finding.our_amount is not None else finding.their_amount,
    }
