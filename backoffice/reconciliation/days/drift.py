"""Closed days are compared again: what is no longer as it was signed is told, once for each change.

CoinMENA is asked for the day again first, since nothing else tells of a change to an order of last week. The check
itself keeps nothing: it makes the pass, compares the digest with the newest one known, and undoes the pass.
Only a day that has changed gets a run of its own, with the partner asked as for any run, and its rows are compared one
by one with those of the run that was signed. The signed report never changes.
"""

import json
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from backoffice.accounts.actors import System
from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.orders.rereading import reread_orders
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.matching import Comparison, match
from backoffice.reconciliation.days import queries
from backoffice.reconciliation.models import Day, DayReport, DayState, Drift, Run
from backoffice.reconciliation.services.running import mirror_read_to, reconcile
from backoffice.reconciliation.services.writing import make_room, next_run_id

SCHEDULE: Final = System(gettext_noop("nightly check"))
#: A day that changed in more rows than this is reported by as many of them; its run shows the rest.
MOST_TOLD: Final = 5_000

#: What a row is about, as exceptions are keyed.
KEY: Final = "CASE WHEN f.operation_id IS NOT NULL THEN 'operation:' || f.reference ELSE 'order:' || f.order_id END"
#: What a row says; times, and the ids of runs and look-ups, left out.
ROW: Final = """
    jsonb_build_object(
        'verdict', f.verdict, 'reference', f.reference, 'order', f.order_id,
        'our_client', f.our_client, 'our_type', f.our_type, 'our_asset', f.our_asset,
        'our_amount', f.our_amount::text, 'our_state', f.our_state,
        'their_client', f.their_client, 'their_type', f.their_type, 'their_asset', f.their_asset,
        'their_amount', f.their_amount::text, 'their_opposite_amount', f.their_opposite_amount::text,
        'their_status', f.their_status, 'same_reference_count', f.same_reference_count
    )
"""
#: The rows of two runs side by side, where they differ.
DIFFERENCES: Final = f"""
    WITH was AS (SELECT {KEY} AS key, {ROW} AS row FROM reconciliation_finding f WHERE f.run_id = %(signed)s),
         found AS (SELECT {KEY} AS key, {ROW} AS row FROM reconciliation_finding f WHERE f.run_id = %(newest)s)
    SELECT COALESCE(was.key, found.key), was.row, found.row
    FROM was FULL JOIN found USING (key)
    WHERE was.row IS DISTINCT FROM found.row
    ORDER BY COALESCE(was.key, found.key) COLLATE "C"
    LIMIT %(most)s
"""  # noqa: S608  (no value of anybody's: constants of this module)


@dataclass(frozen=True)
class Difference:
    """One row of a closed day that is not as it was signed; None where it was not there, or is not any more."""

    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def kind(self) -> Drift.Kind:
        if self.after is None:
            return Drift.Kind.VANISHED
        return Drift.Kind.APPEARED if self.before is None else Drift.Kind.CHANGED


def check_named(date: Date) -> list[Drift]:
    """Check one day against CoinMENA's books as they are now, where it is closed.

    :raises PartnerError: when CoinMENA cannot be asked; the day stays due.
    """
    day = Day.objects.filter(pk=date, state=DayState.CLOSED).first()
    if day is None:
        return []
    window = queries.window_of(date)
    reread_orders(window.start, window.end)
    return check(day)


def check(day: Day) -> list[Drift]:
    """Compare a closed day with what was signed, and return the changes nobody was told of before."""
    report = DayReport.objects.defer("content").select_related("run").get(day=day, version=day.version)
    newest = newest_whole_run(day, report)
    return tell(day, report, newest) if newest.is_complete else []


def newest_whole_run(day: Day, report: DayReport) -> Run:
    """The run that says what the day is now: one there is, where it found what the pass finds; else a new one."""
    window = queries.window_of(day.date)
    newest = queries.runs_of(day.date).filter(is_complete=True).first() or report.run
    if digest_now(day, report.run) == newest.digest:
        return newest
    return reconcile(window_from=window.start, window_to=window.end, by=SCHEDULE)


def digest_now(day: Day, signed: Run) -> str:
    """Compare the day's rows as they are now and return their digest; nothing of the pass is kept."""
    checks = list(signed.findings.exclude(check_made=None).values_list("check_made_id", flat=True))
    comparison = Comparison(
        window=queries.window_of(day.date), client=None, read_to=mirror_read_to(), started_at=clock.now()
    )
    with transaction.atomic():
        make_room()
        run_id = next_run_id()
        match(comparison, run_id=run_id, checks=checks)
        found = digest_of(run_id)
        transaction.set_rollback(True)
    return found


@transaction.atomic
def tell(day: Day, report: DayReport, newest: Run) -> list[Drift]:
    """Write down what differs between the signed run and the newest one and was not told yet; audit entry last."""
    now = clock.now()
    still_closed = Day.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=day.pk, state=DayState.CLOSED, version=report.version
    )
    if not still_closed:
        return []
    told = last_told(report)
    fresh = [one for one in standing(report, newest, told) if is_news(one, told.get(one.key))]
    drifts = [as_drift(one, report, newest, told) for one in fresh]
    Drift.objects.bulk_create(drifts)
    Day.objects.filter(pk=day.pk).update(checked_at=now)
    if drifts:
        after = {"closing": report.version, "report": report.digest, "run": newest.pk, "changes": len(drifts)}
        record("day.drifted", by=SCHEDULE, obj=day, after=after)
    return drifts


def last_told(report: DayReport) -> dict[str, Drift]:
    """What was told last about each row of a report, with how often it was."""
    told: dict[str, Drift] = {}
    for drift in report.drifts.order_by("id"):
        told[drift.key] = drift
    return told


def standing(report: DayReport, newest: Run, told: dict[str, Drift]) -> list[Difference]:
    """What differs now, and what was told as different and is as signed again."""
    differing = differences(report.run_id, newest.pk)
    keys = {one.key for one in differing}
    back = [Difference(key, last.before, last.before) for key, last in told.items() if key not in keys]
    return [*differing, *back]


def differences(signed_id: int, newest_id: int) -> list[Difference]:
    """Compare the rows of two runs of one window, in one statement."""
    values = {"signed": signed_id, "newest": newest_id, "most": MOST_TOLD}
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, values)
        return [Difference(key, read(before), read(after)) for key, before, after in cursor.fetchall()]


def read(row: str | None) -> dict[str, Any] | None:
    """Read one side of a difference; amounts in it are text."""
    return json.loads(row) if row else None


def is_news(one: Difference, last: Drift | None) -> bool:
    """Whether a row is not as it was told last, or signed where nothing was told."""
    return one.before != one.after if last is None else last.after != one.after


def as_drift(one: Difference, report: DayReport, newest: Run, told: dict[str, Drift]) -> Drift:
    last = told.get(one.key)
    return Drift(
        report=report,
        run=newest,
        key=one.key,
        kind=one.kind,
        before=one.before,
        after=one.after,
        digest=digest(canonical_text({"now": one.after, "since": last.digest if last else ""})),
        seen_at=clock.now(),
    )
