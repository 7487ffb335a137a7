"""Prepare a day, sign its review, send it back, close it, ask for it to be reopened (DESIGN.md §8).

Each takes the day's row first, so two people on the same day come one after the other, and ends with the audit entry.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date as Date  # noqa: N812  (a parameter of the contract is called `date`)
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.policies import Refused
from backoffice.accounts.proofs import check_proves
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.models import Entry
from backoffice.audit.services import lock_head, record
from backoffice.database import clock
from backoffice.reconciliation.days import policies, queries, report
from backoffice.reconciliation.days.fingerprints import closing_fingerprint, reopening_fingerprint, review_fingerprint
from backoffice.reconciliation.days.nightly import ring_once_to_check
from backoffice.reconciliation.days.report_file import write_down
from backoffice.reconciliation.models import Day, DayReport, DayState

NOBODY_SIGNED: Final[dict[str, Any]] = {
    "reviewed_by": None,
    "reviewed_at": None,
    "reviewed_with": None,
    "review_note": "",
    "closed_by": None,
    "closed_at": None,
    "closed_with": None,
}
NOTHING_CHECKED: Final[dict[str, Any]] = {"checked_at": None, "unchecked_since": None, "unchecked_because": ""}
SIGNATURES: Final = {
    "review": (policies.check_can_review, review_fingerprint),
    "close": (policies.check_can_close, closing_fingerprint),
}


@transaction.atomic
def prepare(*, date: Date, by: Person, note: str = "") -> Day:
    """Put a day before a manager, as its newest run found it.

    :raises Refused: for people who only read.
    :raises Conflict: unless the day is over, not signed, and its newest run compared all of it.
    """
    standing, now = _locked_or_none(date), clock.now()
    run = queries.runs_of(date).first()
    policies.check_can_prepare(by, date, standing, run, now)
    changes = {"state": DayState.PREPARED, "run": run, "prepared_by": by, "prepared_at": now, "note": note}
    if standing is None:
        _begin(date, changes)
    else:
        Day.objects.filter(pk=date).update(**changes, **NOBODY_SIGNED, **NOTHING_CHECKED)
    day = queries.days().get(pk=date)
    _record("day.prepared", day, by, before=standing, reason=note)
    return day


def _begin(date: Date, changes: dict[str, Any]) -> None:
    """Prepare a day for the first time, unless somebody else did this very moment."""
    try:
        with transaction.atomic():
            Day.objects.create(date=date, zone=queries.zone().key, **changes)
    except IntegrityError as error:
        standing = queries.days().filter(pk=date).first()
        if standing is None:
            raise
        raise Conflict(_("%(name)s has prepared this already.") % {"name": standing.prepared_by.name}) from error


def check_before_proof(*, date: Date, digest: str, by: Person, act: str) -> None:
    """Refuse a signature that may not be given, and write the refusal down, before a code is used up for it.

    :param act: ``review`` or ``close``.
    :raises Refused, Conflict: as `sign_review` and `close`.
    """
    check, fingerprint = SIGNATURES[act]
    with _refusals_recorded(date, by):
        day = queries.days().get(pk=date)
        check(by, day)
        _check_shown(digest, fingerprint(day))


def sign_review(*, date: Date, digest: str, by: Person, proof: Proof, note: str = "") -> Day:
    """Sign that what was prepared has been looked at.

    :param digest: the `review_fingerprint` of what ``by`` was shown, which ``proof`` was shown for.
    :raises Refused: for whoever is no manager, or prepared it, and without such a proof.
    :raises Conflict: when it no longer waits for a review, or is not what was shown any more.
    """
    with _refusals_recorded(date, by), transaction.atomic():
        day, now = _locked(date), clock.now()
        policies.check_can_review(by, day)
        _check_shown(digest, review_fingerprint(day))
        check_proves(proof, by, digest)
        policies.check_rows_untouched(day.run)
        signature = {"reviewed_by": by, "reviewed_at": now, "reviewed_with": proof, "review_note": note}
        signed = _moved(day, DayState.REVIEWED, **signature)
        _record("day.reviewed", signed, by, before=day, reason=note, factor=proof.method, proof=proof.pk)
        return signed


def send_back(*, date: Date, by: Person, reason: str) -> Day:
    """Give a day back to whoever prepared it, saying why.

    :raises Refused: for whoever is no manager, or prepared it.
    :raises Conflict: when it is neither prepared nor reviewed.
    """
    if not reason.strip():
        raise ValueError("sending back says why")
    with _refusals_recorded(date, by), transaction.atomic():
        day = _locked(date)
        policies.check_can_send_back(by, day)
        who = {"reviewed_by": by, "reviewed_at": clock.now(), "review_note": reason}
        returned = _moved(day, DayState.SENT_BACK, **{**NOBODY_SIGNED, **who})
        _record("day.sent_back", returned, by, before=day, reason=reason)
        return returned


def close(*, date: Date, digest: str, by: Person, proof: Proof, note: str = "") -> DayReport:
    """Close a day for good, with its report.

    :param digest: the `closing_fingerprint` of what ``by`` was shown, which ``proof`` was shown for.
    :raises Refused: for whoever is no manager, or prepared it, and without such a proof.
    :raises Conflict: unless it was reviewed, on what the newest run found, and nothing of it is open or has changed.
    """
    with _refusals_recorded(date, by), transaction.atomic():
        day, now = _locked(date), clock.now()
        policies.check_no_run_is_written()
        policies.check_can_close(by, day)
        _check_shown(digest, closing_fingerprint(day))
        check_proves(proof, by, digest)
        policies.check_rows_untouched(day.run)
        made = _report(day, report.Signature(by, now, proof.method, note))
        closed = _moved(day, DayState.CLOSED, closed_by=by, closed_at=now, closed_with=proof)
        after = {"report": made.digest, "factor": proof.method, "proof": proof.pk}
        _record("day.closed", closed, by, before=day, reason=note, **after)
        return made


def ask_to_reopen(*, date: Date, digest: str, reason: str, by: Person, proof: Proof) -> Request:
    """Ask that a closed day be opened again; a manager other than ``by`` and whoever closed it decides.

    :param digest: the `reopening_fingerprint` of what ``by`` was shown, which ``proof`` was shown for.
    :raises Refused: for people who only read, and without such a proof.
    :raises Conflict: when it is not closed, or somebody has asked.
    """
    with transaction.atomic():
        day, now = _locked(date), clock.now()
        policies.check_can_ask_to_reopen(by, day, now)
        signed = signed_report(day)
        _check_shown(digest, reopening_fingerprint(day, signed))
        check_proves(proof, by, digest)
        request = ask_for_approval(
            kind=str(RuleKind.REOPENING),
            subject=_next_key(day),
            title=f"Reopening of {day.date.isoformat()}",
            fingerprint=digest,
            rule=rule_demanded(Facts(kind=RuleKind.REOPENING)),
            by=by,
            now=now,
            reason=reason,
            barred=day.closed_by,
            asked_with=proof,
        )
        Day.objects.filter(pk=date).update(approval=request)
        after = {"request": request.subject, "report": signed.digest, "closing": day.version}
        record("day.reopening_asked", by=by, obj=day, after=after, reason=reason)
        return request


def reopen(request: Request, *, by: Person, note: str) -> None:
    """Open a closed day again, inside the transaction that approves it. What was signed stays as a report.

    :raises Conflict: when it is not closed any more.
    """
    day = _locked(date_of(request.subject))
    if day.state != DayState.CLOSED:
        raise Conflict(_("This day is not closed any more. Read the page again."))
    opened = _moved(day, DayState.REOPENED, version=day.version + 1, approval=request)
    after = {"request": request.subject, "asked_by": request.requested_by.name}
    _record("day.reopened", opened, by, before=day, reason=note, **after)


def ask_to_check(*, date: Date, by: Person) -> None:
    """Have a worker ask CoinMENA for a closed day again now, and tell what differs from what was signed.

    :raises Refused: for people who only read.
    :raises Conflict: when it is not closed.
    """
    with transaction.atomic():
        day = _locked(date)
        policies.check_can_ask_to_check(by, day)
        record("day.check_asked", by=by, obj=day)
    ring_once_to_check(date)


@transaction.atomic
def download_report(*, report: DayReport, name: str, content: bytes, by: Person) -> None:
    """Write down that a report left as a file, so that the file can be verified later."""
    write_down(report, name, content, by=by)


def signed_report(day: Day) -> DayReport:
    """The report of the closing that holds."""
    return DayReport.objects.get(day=day, version=day.version)


def report_named(key: str) -> DayReport:
    """The report a request wants to be opened again, by the request's key."""
    version = int(key.removeprefix("day-")[11:].split("-")[0])
    return DayReport.objects.select_related("day__run", "made_by", "run").get(day_id=date_of(key), version=version)


def date_of(key: str) -> Date:
    """Read the day out of the key of a reopening, ``day-2026-11-18-1``."""
    return Date.fromisoformat(key.removeprefix("day-")[:10])


def _next_key(day: Day) -> str:
    """Name a request: by day and version, and by its number where one was refused before."""
    asked = queries.reopenings_of(day).count()
    key = f"day-{day.date.isoformat()}-{day.version}"
    return f"{key}-{asked + 1}" if asked else key


def _report(day: Day, closed: report.Signature) -> DayReport:
    """Write the report at the head of the audit log, which is held until the closing's own entry follows."""
    number, newest, _now = lock_head()
    content = report.content_of(day, closed, entry_number=number, entry_hash=newest)
    return DayReport.objects.create(
        day=day,
        version=day.version,
        run=day.run,
        content=content,
        digest=report.digest_of(content),
        entry_number=number,
        entry_hash=newest,
        made_by=closed.by,
        made_at=closed.at,
    )


def _locked(date: Date) -> Day:
    day = _locked_or_none(date)
    if day is None:
        raise Conflict(_("Nobody has prepared this day yet."))
    return day


def _locked_or_none(date: Date) -> Day | None:
    locked = Day.objects.select_for_update(of=("self",), no_key=True).filter(pk=date).first()
    wanted = queries.days().select_related("reviewed_with").filter(pk=date)
    return wanted.get() if locked else None


def _moved(day: Day, state: DayState, **changes: Any) -> Day:
    Day.objects.filter(pk=day.pk).update(state=state, **changes)
    return queries.days().get(pk=day.pk)


def _check_shown(shown: str, is_now: str) -> None:
    if shown != is_now:
        raise Conflict(_("This day is not as the page showed it any more. Read the page again before you sign."))


def _record(event: str, day: Day, by: Person, *, before: Day | None, reason: str = "", **more: Any) -> None:
    facts = {"state": day.state, "closing": day.version, "run": day.run_id, "digest": day.run.digest}
    was = {"state": before.state} if before else None
    record(event, by=by, obj=day, before=was, after={**facts, **more}, reason=reason)


@contextmanager
def _refusals_recorded(date: Date, by: Person) -> Iterator[None]:
    """Write a refused signature to the audit log after the refused transaction is undone."""
    try:
        yield
    except (Refused, Conflict) as refusal:
        day = Day.objects.filter(pk=date).first()
        record("day.refused", by=by, obj=day, reason=str(refusal), result=Entry.Result.REFUSED)
        raise
