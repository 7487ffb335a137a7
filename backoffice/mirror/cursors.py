"""Read a partner's list by cursor, newest first, until everything on a page is old, settled and known here.

Ending there is sound only while everything below was read. So the first reading goes to the very end, over broken runs
too, and so does the one after any that could not see all it passed: a list that ended too early, a circle, a cursor no
longer taken, a partner that counts more rows than are known here. Until one adds up, no run is complete.

A cursor names a position, so rows that arrive meanwhile shift nothing; they are the next run's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.database import clock
from backoffice.mirror import runs
from backoffice.mirror.incidents import count_not_taken, report
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.open_rows import OpenRows, read_open_rows
from backoffice.mirror.paging import listed
from backoffice.mirror.places import Place
from backoffice.mirror.targets import Row, Target, ToValues
from backoffice.mirror.upsert import Stored, key_of, upsert
from backoffice.partner.errors import PartnerRefused
from backoffice.partner.fields import Payload
from backoffice.partner.pages import CursorPage
from backoffice.worker.stopping import stop_if_asked

Item = TypeVar("Item", bound=Payload)

MOST_PAGES: Final = 50_000
#: Stands for the cursor of the first page, which has none.
TOP: Final = ""
_BAD_REQUEST: Final = 400


@dataclass(frozen=True)
class CursorSource(Generic[Item]):
    """Where rows come from: one page by its cursor, what a row's columns are, and when a row needs no second look."""

    target: Target
    fetch: Callable[[str | None], CursorPage[Item]]
    to_values: ToValues
    is_settled: Callable[[Item], bool]
    made_at: Callable[[Item], datetime]


@dataclass
class _Reading:
    """What this run has met. ``total`` is the partner's latest count; ``to_the_end``: what is known does not end it."""

    since: datetime
    to_the_end: bool
    found: set[Any] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    total: int = 0
    is_ended: bool = False
    reached_the_end: bool = False
    loops: bool = False


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
        doubt = _judge(run, target, reading, place)
        unread = read_open_rows(run, target, open_rows) if open_rows else ""
        state = SyncRun.State.PARTIAL if doubt else SyncRun.State.COMPLETE
        runs.finish(run, state, f"{doubt or runs.result_in_words(run)} {unread}".rstrip())
    return run


def _begin(run: SyncRun, look_back: timedelta) -> tuple[_Reading, Place]:
    now = clock.now()
    if run.checkpoint:
        place = Place.from_json(run.checkpoint, now)
    else:
        place = Place(to_the_end=runs.last_complete(Mirror(run.mirror)) is None)
    return _Reading(now - look_back, place.to_the_end and not place.waits(now)), place


def _read_page(run: SyncRun, source: CursorSource[Item], reading: _Reading, place: Place) -> Place:
    """Read, write and commit one page, and return the place after it."""
    asked_at = clock.now()
    try:
        page = source.fetch(place.cursor)
    except PartnerRefused as error:
        return _start_over(reading, place, error)
    rows = [Row(source.to_values(item), item.raw, asked_at) for item in page.items]
    following = place.after(page, asked_at, _meet(reading, source.target, page, rows))
    run.rows_reported, run.read_to = page.total_count, following.top_at
    with transaction.atomic():
        stored = upsert(source.target, rows)
        runs.advance(run, following.as_json(), pages=1, read=len(rows) + len(page.unreadable), changed=stored.changed)
        report(source.target, stored, page.unreadable)
    _look_for_the_end(source, reading, page, stored, place)
    return following


def _start_over(reading: _Reading, place: Place, error: PartnerRefused) -> Place:
    """Begin at the top again when the partner no longer takes a cursor that an earlier run left.

    :raises PartnerRefused: for any other refusal.
    """
    if place.cursor is None or error.status != _BAD_REQUEST or reading.used:
        raise error
    reading.to_the_end = not place.waits(clock.now())
    return place.given_up()


def _meet(reading: _Reading, target: Target, page: CursorPage[Any], rows: list[Row]) -> int:
    """Note a page's rows and count, and return how many of the rows this run had not met."""
    new = {key_of(target, row) for row in rows} | {row.raw for row in page.unreadable}
    new -= reading.found
    reading.found |= new
    reading.total = page.total_count
    return len(new)


def _look_for_the_end(
    source: CursorSource[Item], reading: _Reading, page: CursorPage[Item], stored: Stored, place: Place
) -> None:
    """Note in the reading whether this page was the last one to read: a cursor seen before leads in a circle."""
    reading.used.add(place.cursor or TOP)
    reading.loops = not page.is_last and (page.next_cursor in reading.used or len(reading.used) >= MOST_PAGES)
    all_known = not reading.to_the_end and _is_known(source, reading, page, stored)
    reading.is_ended = page.is_last or reading.loops or all_known
    reading.reached_the_end = page.is_last


def _is_known(source: CursorSource[Item], reading: _Reading, page: CursorPage[Item], stored: Stored) -> bool:
    """Whether every row of a page is old, settled and was here before as it is."""
    if stored.changed or stored.refused or not page.items:
        return False
    return all(source.is_settled(item) and source.made_at(item) < reading.since for item in page.items)


# What a reading proves ------------------------------------------------------------------------------------------------


def _judge(run: SyncRun, target: Target, reading: _Reading, place: Place) -> str:
    """Say in a sentence why rows may be missing, empty if none can be, and keep what the next run owes for it.

    Either way the next run begins at the top, whatever becomes of the open rows.
    """
    doubt = _doubt_in_words(target, reading, place)
    following = Place(to_the_end=False)
    if doubt:
        following = place.did_not_add_up(clock.now()) if reading.to_the_end else place.given_up()
    runs.advance(run, following.as_json())
    return doubt


def _doubt_in_words(target: Target, reading: _Reading, place: Place) -> str:
    """A list read to its end must add up, and no fewer rows may be known than the partner counts."""
    if reading.loops:
        return _("The partner's pages led in a circle.")
    if reading.reached_the_end:
        is_whole = place.given in (place.total, reading.total)  # rows that came meanwhile are only in the latest count
        return _missing_in_words(target, reading, place) if is_whole else _counts_in_words(reading, place)
    waiting = _("The partner's list did not add up when it was last read to its end. It is read so again in an hour.")
    sentences = (_missing_in_words(target, reading, place), waiting if place.to_the_end else "")
    return " ".join(filter(None, sentences))


def _counts_in_words(reading: _Reading, place: Place) -> str:
    return _("The partner said it has %(said)s rows and gave %(given)s.") % {
        "said": f"{reading.total:,}",
        "given": f"{place.given:,}",
    }


def _missing_in_words(target: Target, reading: _Reading, place: Place) -> str:
    """Say that the partner counts rows nobody knows here; empty if it does not. One it gave is known, if unreadable."""
    said = min(place.total, reading.total)
    held = target.model._default_manager.filter(**listed(target)).count()
    known = held + count_not_taken(target)
    if known >= said:
        return ""
    words = {"said": f"{said:,}", "known": f"{known:,}"}
    return _("The partner counts %(said)s rows, and %(known)s are known here.") % words
