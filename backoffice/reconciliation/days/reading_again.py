"""Every day all of CoinMENA's orders are read again: the whole history by counts, open days of a month in full.

The mirror's own runs read the last day again, and closed days are checked by themselves. An order that turns up later
than that, with the time it was made, is found here, and nowhere else.

Each day is a job of its own, so that none holds its lane for long, and what was read stays read where one breaks off.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from procrastinate.exceptions import AlreadyEnqueued

from backoffice.database import clock
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.rereading import Reread, agrees_with, reread_orders
from backoffice.orders.services import BEGINNING, OVERLAP, NotRead
from backoffice.reconciliation.days.nightly import last_quiet_hour, missed_before
from backoffice.reconciliation.days.queries import day_of, window_of
from backoffice.reconciliation.models import Day, DayState, Rereading
from backoffice.reconciliation.running.bells import QUEUE, READING_LANE
from backoffice.reconciliation.running.nightly import TRIED_AGAIN_AFTER
from backoffice.reconciliation.services.running import mirror_read_to
from backoffice.worker import priorities
from backoffice.worker.bells import same_connection
from backoffice.worker.stopping import stop_if_asked

READ_AGAIN: Final = "reconciliation.read_again"
#: So many days are read in full each time, where they are not closed.
FULL_DAYS: Final = 31
#: History that differs is sought in stretches of so long, and what a list leaves out is judged by one of them.
STRETCH: Final = timedelta(days=30)
#: A day, or the whole history.
Part: TypeAlias = date | None
HISTORY: Final = None


def due(now: datetime) -> list[Part]:
    """What was not read again since the last quiet hour, nor tried of late: the history first, then the newest day."""
    read_to = mirror_read_to()
    if read_to is None:
        return []
    lately = begun(last_quiet_hour(now), now).filter(Q(is_sound=True) | Q(ended_at__gt=now - TRIED_AGAIN_AFTER))
    done = set(lately.values_list("day", flat=True))
    return [part for part in [HISTORY, *open_days(read_to - OVERLAP)] if part not in done]


def begun(since: datetime, now: datetime) -> QuerySet[Rereading]:
    """The readings since a moment; one dated ahead was made while the clock ran ahead, and stands for nothing."""
    return Rereading.objects.filter(began_at__gte=since, began_at__lte=now + clock.SET_BACK)


def open_days(before: datetime) -> list[date]:
    """The last days that ended before a moment, newest first, but those that are closed."""
    days = [day_of(before) - timedelta(days=back) for back in range(1, FULL_DAYS + 1)]
    closed = set(Day.objects.filter(date__in=days, state=DayState.CLOSED).values_list("date", flat=True))
    return [day for day in days if day not in closed]


def ring_once_to_read(part: Part) -> None:
    """Ask a worker to read a part again, unless a bell for it is still waiting to be heard. Not for a transaction."""
    name = part.isoformat() if part else ""
    try:
        bell = same_connection().configure_task(
            READ_AGAIN,
            queue=QUEUE,
            lock=READING_LANE,
            queueing_lock=f"{READ_AGAIN}-{name}",
            priority=priorities.NIGHTLY,
        )
        bell.defer(day=name)
    except AlreadyEnqueued:
        return


def read_again(part: Part) -> None:
    """Read a part again if it is still due, and keep how that ended.

    :raises Stopping: when this process was asked to stop; the part stays due.
    """
    began_at = clock.now()
    if part not in due(began_at):
        return
    doubt = doubt_of(part)
    Rereading.objects.create(day=part, began_at=began_at, ended_at=clock.now(), is_sound=not doubt, sentence=doubt)


def doubt_of(part: Part) -> str:
    """Read a part, and say why the mirror may not be what CoinMENA's list says by now; empty where it is."""
    try:
        return " ".join(dict.fromkeys(filter(None, map(why_not_sound, readings_of(part)))))
    except NotRead as error:
        return str(error)


def readings_of(part: Part) -> Iterator[Reread]:
    if part is not HISTORY:
        window = window_of(part)
        yield reread_orders(window.start, window.end)
    elif (read_to := mirror_read_to()) is not None:
        yield from readings_of_history(read_to - OVERLAP)


def readings_of_history(end: datetime) -> Iterator[Reread]:
    """Read each stretch of which the mirror does not hold as many as CoinMENA; nothing where it does of them all."""
    if agrees_with(BEGINNING, end):
        return
    start = BEGINNING
    while start < end:
        stop_if_asked()
        until = min(start + STRETCH, end)
        if not agrees_with(start, until):
            yield reread_orders(start, until, only_differing=True)
        start = until


def why_not_sound(read: Reread) -> str:
    if read.is_whole:
        return read.doubt
    said = {"said": f"{read.said:,}", "given": f"{read.given:,}"}
    return _("CoinMENA says it has %(said)s orders, and its list gave %(given)s.") % said


def why_missed(now: datetime) -> str:
    """Say that not all was read again since the quiet hour before the newest, and why; empty when it was."""
    since = missed_before(now)
    orders = SyncRun.objects.filter(mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE)
    if not orders.filter(started_at__lt=since).exists():
        return ""
    sound = set(begun(since, now).filter(is_sound=True).values_list("day", flat=True))
    still = {HISTORY, *open_days(now - OVERLAP)}
    missed = [part for part in [HISTORY, *open_days(since - OVERLAP)] if part in still - sound]
    if not missed:
        return ""
    told = begun(since, now).filter(day=missed[0]).order_by("-began_at").first()
    sentence = _("Older orders were not all read again for a day.")
    why = told.sentence if told else _("Look whether a worker runs at night.")
    return f"{sentence} {why}"
