"""Closed days are compared again: what is no longer as it was signed is told, once for each change.

CoinMENA is asked for the day again first, since nothing else tells of a change to an order of last week. The check
itself keeps nothing: it makes the pass, compares the digest with the newest one known, and undoes the pass.
Only a day that has changed gets a run of its own, with the partner asked as for any run, and its rows are compared one
by one with those of the run that was signed. The signed report never changes.

An order that CoinMENA no longer lists is told like any other change: asking keeps that on the order, and the pass
leaves it out. A check that could not see all of the day says so on the day, and the day stays due.
"""

from datetime import date as Date
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.accounts.actors import System
from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.orders.rereading import Reread, reread_orders
from backoffice.orders.services import NotRead
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.matching import Comparison, match
from backoffice.reconciliation.days import queries
from backoffice.reconciliation.days.differing import Difference, count_differing, differing_among, first_differing
from backoffice.reconciliation.models import PENDING, Day, DayReport, DayState, Drift, Run
from backoffice.reconciliation.services.running import mirror_read_to, reconcile
from backoffice.reconciliation.services.writing import make_room, next_run_id

SCHEDULE: Final = System(gettext_noop("nightly check"))
#: A day of which CoinMENA lists whatever the mirror holds.
NOTHING_NEW: Final = Reread(0, 0)


def check_named(date: Date) -> list[Drift]:
    """Check one day against CoinMENA's books as they are now, where it is closed.

    :raises NotRead: when CoinMENA cannot be asked; the day says so and stays due.
    """
    day = Day.objects.filter(pk=date, state=DayState.CLOSED).first()
    if day is None:
        return []
    window = queries.window_of(date)
    try:
        read = reread_orders(window.start, window.end)
    except NotRead as error:
        say_unseen(day, str(error))
        raise
    return check(day, read)


def check(day: Day, read: Reread = NOTHING_NEW) -> list[Drift]:
    """Compare a closed day with what was signed, and return the changes nobody was told of before."""
    report = DayReport.objects.defer("content").select_related("run").get(day=day, version=day.version)
    newest = newest_run(day, report, read)
    return tell(day, report, newest, unseen_of(report, newest, read))


def newest_run(day: Day, report: DayReport, read: Reread) -> Run:
    """The run that says what the day is now: one there is, where it found what the pass finds; else a new one.

    While CoinMENA's list cannot be believed every run is partial, and one is enough.
    """
    runs, window = queries.runs_of(day.date), queries.window_of(day.date)
    complete = runs.filter(is_complete=True).first() or report.run
    known = [complete, *([] if read.is_sound else runs[:1])]
    now = digest_now(day, complete)
    found = next((run for run in known if run.digest == now), None)
    return found or reconcile(window_from=window.start, window_to=window.end, by=SCHEDULE)


def unseen_of(report: DayReport, newest: Run, read: Reread) -> str:
    """Say why this check could not see all of the day; empty when it could."""
    return " ".join(
        filter(
            None,
            [rows_touched(report.run), not_all_given(read), read.doubt, "" if newest.is_complete else partial(newest)],
        )
    )


def rows_touched(run: Run) -> str:
    if digest_of(run.pk) == run.digest:
        return ""
    return _("The rows of run %(n)s are no longer those that were signed. Tell an administrator.") % {"n": run.pk}


def not_all_given(read: Reread) -> str:
    if read.is_whole:
        return ""
    said = {"said": f"{read.said:,}", "given": f"{read.given:,}"}
    return _("CoinMENA says it has %(said)s orders of this day, and its list gave %(given)s.") % said


def partial(run: Run) -> str:
    return _("Run %(n)s is partial. %(because)s") % {"n": run.pk, "because": run.incomplete_because}


def digest_now(day: Day, complete: Run) -> str:
    """Compare the day's rows as they are now and return their digest; nothing of the pass is kept.

    :param complete: the run whose look-ups are believed: what CoinMENA did not have then is missing now.
    """
    checks = list(complete.findings.exclude(check_made=None).values_list("check_made_id", flat=True))
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
def tell(day: Day, report: DayReport, newest: Run, unseen: str) -> list[Drift]:
    """Write down what differs from what was signed and was not told yet, and what was not seen; audit entries last."""
    now, closed = clock.now(), locked(day, report.version)
    if closed is None:
        return []
    told = last_told(report)
    fresh = [one for one in standing(report, newest, told) if is_news(one, told.get(one.key), newest)]
    drifts = [as_drift(one, report, newest, told) for one in fresh]
    Drift.objects.bulk_create(drifts)
    if not unseen:
        Day.objects.filter(pk=day.pk).update(checked_at=now, unchecked_since=None, unchecked_because="")
    if drifts:
        signed = {"closing": report.version, "report": report.digest, "run": newest.pk}
        after = {**signed, "changes": len(drifts), "differing": count_differing(report, newest)}
        record("day.drifted", by=SCHEDULE, obj=day, after=after)
    if unseen:
        write_unseen(closed, unseen)
    return drifts


@transaction.atomic
def say_unseen(day: Day, unseen: str) -> None:
    """Say on a closed day that it could not be checked."""
    closed = locked(day, day.version)
    if closed is not None:
        write_unseen(closed, unseen)


def write_unseen(day: Day, unseen: str) -> None:
    """Keep why a locked day is not checked and from when on; the audit log has it once for each reason."""
    since = day.unchecked_since or clock.now()
    Day.objects.filter(pk=day.pk).update(unchecked_since=since, unchecked_because=unseen)
    if unseen != day.unchecked_because:
        record("day.unchecked", by=SCHEDULE, obj=day, after={"closing": day.version, "since": since}, reason=unseen)


def locked(day: Day, version: int) -> Day | None:
    """Lock a day that is closed as ``version``; None when it is not any more."""
    closed = Day.objects.select_for_update(of=("self",), no_key=True)
    return closed.filter(pk=day.pk, state=DayState.CLOSED, version=version).first()


def last_told(report: DayReport) -> dict[str, Drift]:
    """What was told last about each row of a report, with how often it was."""
    told: dict[str, Drift] = {}
    for drift in report.drifts.order_by("id"):
        told[drift.key] = drift
    return told


def standing(report: DayReport, newest: Run, told: dict[str, Drift]) -> list[Difference]:
    """What differs now, as far as it is told, and what was told as different and is as signed again.

    A row that was told is asked about by itself where others have taken its place among the first.
    """
    first = first_differing(report, newest)
    found = first | differing_among(told.keys() - first.keys(), report, newest)
    back = [Difference(key, last.before, last.before) for key, last in told.items() if key not in found]
    return [*found.values(), *back]


def is_news(one: Difference, last: Drift | None, newest: Run) -> bool:
    """Whether a row is not as it was told last, or signed where nothing was told; what a run leaves open is no news."""
    if not newest.is_complete and one.after is not None and one.after.get("verdict") in PENDING:
        return False
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
