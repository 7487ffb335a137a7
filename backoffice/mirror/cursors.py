"""Read a partner's list by cursor, newest first, until everything on a page is old, settled and known here.

The first reading goes to the very end, and keeps doing so over broken runs until it got there. A cursor names a
position, so rows that arrive meanwhile shift nothing; they are the next run's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.database import clock
from backoffice.mirror import runs
from backoffice.mirror.incidents import report
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.open_rows import OpenRows, read_open_rows
from backoffice.mirror.targets import Row, Target, ToValues
from backoffice.mirror.upsert import Stored, key_of, upsert
from backoffice.partner.errors import PartnerRefused
from backoffice.partner.fields import Payload
from backoffice.partner.pages import CursorPage
from backoffice.worker.stopping import stop_if_asked

Item = TypeVar("Item", bound=Payload)

MOST_PAGES: Final = 50_000
_BAD_REQUEST: Final = 400


@dataclass(frozen=True)
class CursorSource(Generic[Item]):
    """Where rows come from: one page by its cursor, what a row's columns are, and when a row needs no second look."""

    target: Target
    fetch: Callable[[str | None], CursorPage[Item]]
    to_values: ToValues
    is_settled: Callable[[Item], bool]
    made_at: Callable[[Item], datetime]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reading stands: the next cursor, and whether it must reach the end of the list."""

    cursor: str | None
    to_the_end: bool

    def as_json(self) -> dict[str, Any]:
        return {"cursor": self.cursor, "to_the_end": self.to_the_end}


@dataclass
class _Reading:
    """What was found so far. ``totals`` are the partner's own counts, the first and the latest."""

    since: datetime
    from_the_top: bool
    found: set[Any] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    totals: tuple[int, int] | None = None
    is_ended: bool = False
    reached_the_end: bool = False
    loops: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the rows found are those the partner counts; rows that came meanwhile are only in the latest."""
        return self.totals is not None and len(self.found) in self.totals


def sync_newest_first(
    target: Target,
    *,
    fetch: Callable[[str | None], CursorPage[Item]],
    to_values: ToValues,
    is_settled: Callable[[Item], bool],
    made_at: Callable[[Item], datetime],
    look_back: timedelta,
    open_rows: OpenRows | None = None,
) -> SyncRun:
    """Read from the newest row back to where all is known, then every row that is not final; return the run.

    :param is_settled: whether a row is final, so that it need not be read again.
    :param look_back: how old a page must be before reading may end at it.
    :raises AlreadyRunning: when another process reads this mirror.
    """
    source = CursorSource(target, fetch, to_values, is_settled, made_at)
    with runs.one_run(target.mirror) as run:
        reading, place = _begin(run, look_back)
        while not reading.is_ended:
            stop_if_asked()
            place = _read_page(run, source, reading, place)
        if open_rows:
            read_open_rows(run, target, open_rows)
        _finish(run, reading, place)
    return run


def _begin(run: SyncRun, look_back: timedelta) -> tuple[_Reading, _Place]:
    kept: Mapping[str, Any] = run.checkpoint
    never_complete = runs.last_complete(Mirror(run.mirror)) is None
    place = _Place(kept.get("cursor"), never_complete or bool(kept.get("to_the_end")))
    run.read_to = run.read_to or run.started_at
    return _Reading(clock.now() - look_back, from_the_top=place.cursor is None), place


def _read_page(run: SyncRun, source: CursorSource[Item], reading: _Reading, place: _Place) -> _Place:
    """Read, write and commit one page, and return the place after it."""
    asked_at = clock.now()
    try:
        page = source.fetch(place.cursor)
    except PartnerRefused as error:
        return _start_over(reading, place, error)
    following = replace(place, cursor=None if page.is_last else page.next_cursor)
    rows = [Row(source.to_values(item), item.raw, asked_at) for item in page.items]
    with transaction.atomic():
        stored = upsert(source.target, rows)
        _count(run, source.target, reading, page, rows)
        runs.advance(run, following.as_json(), pages=1, read=len(rows) + len(page.unreadable), changed=stored.changed)
        report(source.target, stored, page.unreadable)
    _look_for_the_end(source, reading, page, stored, place)
    return following


def _start_over(reading: _Reading, place: _Place, error: PartnerRefused) -> _Place:
    """Begin at the top again when the partner no longer takes a cursor that an earlier run left.

    :raises PartnerRefused: for any other refusal.
    """
    if place.cursor is None or error.status != _BAD_REQUEST or reading.used:
        raise error
    reading.from_the_top = True
    return replace(place, cursor=None)


def _count(run: SyncRun, target: Target, reading: _Reading, page: CursorPage[Any], rows: list[Row]) -> None:
    reading.found |= {key_of(target, row) for row in rows} | {row.raw for row in page.unreadable}
    first = reading.totals[0] if reading.totals else page.total_count
    reading.totals = (first, page.total_count)
    run.rows_reported = page.total_count


def _look_for_the_end(
    source: CursorSource[Item], reading: _Reading, page: CursorPage[Item], stored: Stored, place: _Place
) -> None:
    """Note in the reading whether this page was the last one to read: a cursor seen before leads in a circle."""
    reading.used |= {place.cursor} if place.cursor else set()
    reading.loops = not page.is_last and (page.next_cursor in reading.used or len(reading.used) >= MOST_PAGES)
    all_known = not place.to_the_end and _is_known(source, reading, page, stored)
    reading.is_ended = page.is_last or reading.loops or all_known
    reading.reached_the_end = page.is_last


def _is_known(source: CursorSource[Item], reading: _Reading, page: CursorPage[Item], stored: Stored) -> bool:
    """Whether every row of a page is old, settled and was here before as it is."""
    if stored.changed or stored.refused or not page.items:
        return False
    return all(source.is_settled(item) and source.made_at(item) < reading.since for item in page.items)


def _finish(run: SyncRun, reading: _Reading, place: _Place) -> None:
    """End the run. A list read from top to end must add up; a circle is never complete and starts again at the top."""
    read_in_full = reading.from_the_top and reading.reached_the_end
    if not reading.loops and (reading.adds_up or not read_in_full):
        return runs.finish(run, SyncRun.State.COMPLETE, runs.result_in_words(run))
    runs.advance(run, replace(place, cursor=None).as_json())
    sentence = _("The partner's pages led in a circle.") if reading.loops else _counts_in_words(reading)
    return runs.finish(run, SyncRun.State.PARTIAL, sentence)


def _counts_in_words(reading: _Reading) -> str:
    said = reading.totals[1] if reading.totals else 0
    return _("The partner said it has %(said)s rows and gave %(given)s.") % {
        "said": f"{said:,}",
        "given": f"{len(reading.found):,}",
    }
