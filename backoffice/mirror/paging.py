"""Read a partner's numbered pages into a mirror, window by window, and believe a window only when it adds up.

Offset pages shift while rows come and go. So a window ends in the past, rows are told apart by their id, and it counts
as read when the rows found equal the partner's total twice: before the first page and after the last (reliability.md
F28, F29). One that does not is read again, then in halves, and is in the end left in doubt, and said to be.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.mirror import runs
from backoffice.mirror.fetching import Fetched, Fetchers, ask
from backoffice.mirror.incidents import report, report_unlisted
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.open_rows import OpenRows, read_open_rows
from backoffice.mirror.targets import Row, Target, ToValues
from backoffice.mirror.upsert import key_of, upsert
from backoffice.mirror.windows import Plan, Window, whole_second
from backoffice.partner.errors import PartnerRefused
from backoffice.partner.fields import Payload
from backoffice.partner.pages import Page, UnreadableRow
from backoffice.worker.stopping import stop_if_asked

Item = TypeVar("Item", bound=Payload)

#: How far in the past a window ends: later rows of that time have arrived by then. Reliability.md asks for 2 minutes.
SETTLED_AFTER: Final = timedelta(minutes=2, seconds=5)
#: A window with more rows than this is cut in two before it is read.
MOST_ROWS: Final = 50_000
#: Where nothing can be cut, reading ends here: no partner of ours has so many rows in one second.
MOST_PAGES: Final = 20_000
MOST_SPLITS: Final = 12
#: What a partner may answer when it is asked for a page past the last one.
_NO_SUCH_PAGE: Final = (400, 404)

_COUNTS_DIFFER: Final = gettext_lazy("The partner's counts did not add up.")
_NEXT_RUN: Final = gettext_lazy("What it gave is stored, and the next run reads that time again.")


@dataclass(frozen=True)
class Source(Generic[Item]):
    """Where rows come from: one page of one window by its number, and what a row's columns are."""

    target: Target
    fetch: Callable[[Window, int], Page[Item]]
    to_values: ToValues


def sync_windowed(
    target: Target,
    *,
    fetch: Callable[[Window, int], Page[Item]],
    to_values: ToValues,
    beginning: datetime,
    overlap: timedelta,
    open_rows: OpenRows | None = None,
    since: datetime | None = None,
) -> SyncRun:
    """Read everything the partner made since the last complete run, less ``overlap``, and return the run.

    :param fetch: asks for one page of a window; runs in several threads at once.
    :param beginning: where the partner's history begins, for the first run.
    :param since: read again from here at the latest, e.g. after the restore of a backup.
    :param open_rows: rows that are not final yet, to be read one by one after the list.
    :raises AlreadyRunning: when another process reads this mirror.
    """
    with runs.one_run(target.mirror) as run:
        plan = _plan(run, beginning, overlap, since)
        rest = _read_plan(run, Source(target, fetch, to_values), plan)
        unread = read_open_rows(run, target, open_rows) if open_rows else ""
        _finish(run, rest, unread)
    return run


def sync_list(target: Target, *, fetch: Callable[[int], Page[Item]], to_values: ToValues) -> SyncRun:
    """Read a whole list page by page, for lists that cannot be asked for a stretch of time, and return the run.

    :raises AlreadyRunning: when another process reads this mirror.
    """
    with runs.one_run(target.mirror) as run:
        source = Source(target, lambda _window, number: fetch(number), to_values)
        _finish(run, _read_plan(run, source, Plan.from_json(run.checkpoint) if run.pages else Plan((Window(),))))
    return run


def sync_answer(target: Target, *, fetch: Callable[[], tuple[Item, ...]], to_values: ToValues) -> SyncRun:
    """Read a list that comes in one answer, and return the run.

    :raises AlreadyRunning: when another process reads this mirror.
    """
    with runs.one_run(target.mirror) as run:
        asked_at = clock.now()
        items = fetch()
        with transaction.atomic():
            stored = upsert(target, [Row(to_values(item), item.raw, asked_at) for item in items])
            run.rows_reported = len(items)
            runs.advance(run, {}, pages=1, read=len(items), changed=stored.changed)
            report(target, stored)
        _finish(run, Plan(()))
    return run


# The plan -------------------------------------------------------------------------------------------------------------


def _plan(run: SyncRun, beginning: datetime, overlap: timedelta, since: datetime | None) -> Plan:
    """Say which windows this run reads: those a former run left, then from its end, less the overlap, up to now."""
    left, now = Plan.from_json(run.checkpoint), clock.now()
    if run.read_to is not None:
        return left  # this very run was under way when its process died
    if left.end is not None and left.end > now:
        left = Plan(())  # planned while the clock ran ahead: what it calls read is partly still to come
    complete = runs.last_complete(Mirror(run.mirror))
    known_to = left.end or (complete and complete.read_to) or beginning + overlap
    known_from = known_to - overlap
    run.read_from = whole_second(max(beginning, min(known_from, since or known_from)))
    run.read_to = max(run.read_from, whole_second(now - SETTLED_AFTER))
    plan = left.followed_by(Window(run.read_from, run.read_to))
    runs.advance(run, plan.as_json())
    return plan


def _read_plan(run: SyncRun, source: Source[Item], plan: Plan) -> Plan:
    """Read every window, and return what is left in doubt."""
    with Fetchers[Page[Item]]() as fetchers:
        while plan.windows:
            plan = _read_window(run, source, plan, fetchers)
            runs.advance(run, plan.as_json())
    return plan


def _finish(run: SyncRun, rest: Plan, unread: str = "") -> None:
    state = SyncRun.State.PARTIAL if rest.doubtful else SyncRun.State.COMPLETE
    sentence = (run.sentence or str(_COUNTS_DIFFER)) if rest.doubtful else runs.result_in_words(run)
    runs.finish(run, state, f"{sentence} {unread}".rstrip())


# One window -----------------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """What was found in one window so far; ``found`` holds the keys, so that a repeated row counts once.

    ``began_at``: when its first page was asked for. ``is_readable``: every row of it said which one it is.
    ``is_fresh_word``: no page of it may have come from a cache.
    """

    plan: Plan
    total: int
    began_at: datetime
    found: set[Any] = field(default_factory=set)
    is_ended: bool = False
    repeats: bool = False
    is_readable: bool = True
    is_fresh_word: bool = True

    @property
    def rows(self) -> int:
        return self.plan.rows + len(self.found)


def _read_window(run: SyncRun, source: Source[Item], plan: Plan, fetchers: Fetchers[Page[Item]]) -> Plan:
    """Read the plan's first window and return the plan after it."""
    stop_if_asked()
    fetch = partial(source.fetch, plan.window)
    try:
        first = ask(fetch, plan.page + 1)
    except PartnerRefused as error:
        if plan.page == 0 or error.status not in _NO_SUCH_PAGE:
            raise
        return plan.restarted()  # whoever read up to here had read the last page, and no more than that
    if plan.total is not None and first.page.total != plan.total:
        return plan.restarted()  # rows came or went while nobody was reading
    if plan.page == 0 and first.page.total > MOST_ROWS and plan.window.is_divisible and plan.splits < MOST_SPLITS:
        return plan.split()
    reading, last = _Reading(plan, first.page.total, first.asked_at), _last_page(first.page)
    _write(run, source, reading, [first])
    with closing(fetchers.in_order(fetch, range(first.number + 1, last + 1))) as others:
        while not reading.is_ended and (batch := next(others, None)):
            _write(run, source, reading, batch)
            if batch[-1].number < last:
                stop_if_asked()
    return _judge(run, source.target, reading, ask(fetch, 1).page.total if last > 1 else reading.total)


def _last_page(page: Page[Any]) -> int:
    size = page.page_size or len(page.items) + len(page.unreadable) or 1
    return min(-(-page.total // size), MOST_PAGES)


def _write(run: SyncRun, source: Source[Item], reading: _Reading, batch: list[Fetched[Page[Item]]]) -> None:
    """Commit the pages that have come with the run's progress, in one transaction."""
    rows, unreadable, page = list[Row](), list[UnreadableRow](), reading.plan.page
    for fetched in batch:
        if not reading.is_ended:
            page = fetched.number
            rows += _rows_of(source, reading, fetched)
            unreadable += fetched.page.unreadable
    with transaction.atomic():
        stored = upsert(source.target, rows)
        progress = reading.plan.reached(page, reading.rows, reading.total).as_json()
        runs.advance(run, progress, pages=len(batch), read=len(rows) + len(unreadable), changed=stored.changed)
        report(source.target, stored, unreadable)
        failpoint(Failpoint.C15)


def _rows_of(source: Source[Item], reading: _Reading, fetched: Fetched[Page[Item]]) -> list[Row]:
    """Return the rows of one page, and note in the reading what they are and whether the list goes on."""
    page = fetched.page
    rows = [Row(source.to_values(item), item.raw, fetched.asked_at) for item in page.items]
    keys = {key_of(source.target, row) for row in rows} | {sha256(row.raw).digest() for row in page.unreadable}
    reading.repeats = page.page != fetched.number or (bool(keys) and keys <= reading.found)
    reading.is_ended = reading.repeats or len(page.items) + len(page.unreadable) < page.page_size
    reading.found |= keys
    reading.is_readable &= not page.unreadable
    reading.is_fresh_word &= page.is_fresh_word
    return rows


def _judge(run: SyncRun, target: Target, reading: _Reading, total_again: int) -> Plan:
    """Say what becomes of a window that was read: it adds up, it is read again, in halves, or is left in doubt."""
    plan = reading.plan
    if reading.rows == reading.total == total_again and not reading.repeats:
        run.rows_reported = (run.rows_reported or 0) + reading.total
        _report_vanished(target, reading)
        return plan.proven()
    if plan.retries == 0:
        return plan.retried()
    if plan.window.is_divisible and plan.splits < MOST_SPLITS:
        return plan.split()
    run.rows_reported = (run.rows_reported or 0) + total_again
    run.sentence = _doubt_in_words(reading, total_again)
    return plan.doubted()


def _doubt_in_words(reading: _Reading, total_again: int) -> str:
    if reading.repeats:
        again = _("The partner sent the same page again and again.")
        return f"{again} {_NEXT_RUN}"
    said = _("The partner said it has %(said)s rows and gave %(given)s.") % {
        "said": f"{total_again:,}",
        "given": f"{reading.rows:,}",
    }
    return f"{said} {_NEXT_RUN}"


def _report_vanished(target: Target, reading: _Reading) -> None:
    """Report rows of ours that lie inside a window read in full from its first page, and were not in it.

    A row that could not be read may be any of them, and one that came by itself meanwhile may have come too late for
    the list, as may any for a list of a cache.
    """
    window = reading.plan.window
    if not target.made_at or window.start is None or reading.plan.page or not reading.is_readable:
        return
    inside = target.model._default_manager.filter(
        **{f"{target.made_at}__gt": window.start, f"{target.made_at}__lt": window.end}
    )
    held = dict(inside.filter(**listed(target)).values_list(target.key, "read_at").iterator())
    now = clock.now()
    # Read later than now, it was read while the clock ran ahead, and not meanwhile.
    missed = (key for key in held.keys() - reading.found if not reading.began_at <= held[key] <= now)
    report_unlisted(target, sorted(missed), of=len(held), is_fresh_word=reading.is_fresh_word)


def listed(target: Target) -> dict[str, Any]:
    """The condition for the rows not known to be gone."""
    return {f"{target.gone_at}__isnull": True} if target.gone_at else {}
