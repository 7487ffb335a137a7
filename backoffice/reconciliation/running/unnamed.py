"""Orders that a run would name and none has named yet: what makes a run worth asking for before the night.

An order without an operation of ours is named *extra at partner*, and each of several under one reference *duplicate
reference* (`comparing/matching.py`). Which of them no run of the operations has named is one pass over the mirror;
where there are none nothing is asked for and nothing is written.

Time before the first run of all was never compared here, and nobody asked for it: orders that stand alone in it are
left where they are. A reference that is used twice is told whenever its orders were made.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Case, Max, Min, Value, When

from backoffice.database import clock
from backoffice.reconciliation.comparing.matching import THEIRS, TRADES
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import Run, RunJob, Source
from backoffice.reconciliation.models.jobs import UNDER_WAY
from backoffice.reconciliation.running.nightly import TRIED_AGAIN_AFTER

#: So many days are asked for in one turn, each a run of its own.
MOST_DAYS: Final = 4
#: No day is asked for twice within a turn.
EVERY: Final = timedelta(minutes=15)

# The first part goes over the index of orders made elsewhere, hence its condition in these words; the second over the
# index of references, and then over the orders of those that stand there twice.
_UNNAMED: Final = f"""
    WITH shared AS MATERIALIZED (
        SELECT partner_order_ref AS reference FROM orders_order
        WHERE partner_order_ref IS NOT NULL GROUP BY partner_order_ref HAVING count(*) > 1
    ),
    repeated AS MATERIALIZED (
        SELECT reference FROM shared JOIN orders_order o ON o.partner_order_ref = reference
        WHERE reference <> '' AND {THEIRS} GROUP BY reference HAVING count(*) > 1
    ),
    to_be_named AS (
        SELECT o.id, o.created_at, o.read_at FROM orders_order o
        WHERE NOT o.is_ours AND NOT (o.partner_order_ref IS NULL AND o.type IN ('buy', 'sell'))
          AND o.type <> ALL(%(trades)s) AND o.created_at >= %(since)s AND {THEIRS}
        UNION
        SELECT o.id, o.created_at, o.read_at FROM repeated JOIN orders_order o ON o.partner_order_ref = reference
        WHERE {THEIRS}
    )
    SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, max(read_at) FILTER (WHERE read_at <= %(now)s)
    FROM to_be_named o
    WHERE created_at < %(read_to)s AND NOT EXISTS (
        SELECT FROM reconciliation_finding f JOIN reconciliation_run r ON r.id = f.run_id
        WHERE f.order_id = o.id AND f.verdict IN ('duplicate_reference', 'extra_at_partner') AND r.source = %(source)s
    )
    GROUP BY day ORDER BY day DESC
"""  # noqa: S608  (no value of anybody's: constants of this package)


def due(now: datetime, read_to: datetime | None) -> list[Window]:
    """The days with such orders for which a run is worth asking, newest first, a handful of them.

    A day that a run was asked for since its orders were last read was not helped by it: it waits longer.

    :param read_to: up to where the mirror is read: what lies after it may still change.
    """
    zone = ZoneInfo(settings.COMPANY_TIME_ZONE)
    unnamed = [(Window.of_day(day, zone), read_at) for day, read_at in unnamed_days(now, read_to)]
    asked = last_asked([window for window, _read_at in unnamed], now)
    return [window for window, read_at in unnamed if is_due(asked.get(window.start), read_at, now)][:MOST_DAYS]


def is_due(asked_at: datetime | None, read_at: datetime | None, now: datetime) -> bool:
    """Whether to ask for a day: never asked for, long ago, or before its newest order was read."""
    if asked_at is None or asked_at <= now - TRIED_AGAIN_AFTER:
        return True
    return asked_at <= now - EVERY and read_at is not None and read_at > asked_at


def last_asked(windows: list[Window], now: datetime) -> Mapping[datetime, datetime]:
    """When a run of each day was last asked for, by the day's beginning; now, where one is under way."""
    ends = {window.start: window.end for window in windows}
    # One dated ahead was asked for while the clock ran ahead, and would keep its day waiting until then.
    known = {"source": Source.OPERATIONS, "client": None, "asked_at__lte": now + clock.SET_BACK}
    jobs = RunJob.objects.filter(**known, window_from__in=ends)
    last = jobs.values_list("window_from", "window_to").annotate(
        last=Max(Case(When(state__in=UNDER_WAY, then=Value(now)), default="asked_at"))
    )
    return {start: asked_at for start, end, asked_at in last if ends[start] == end}


def unnamed_days(now: datetime, read_to: datetime | None) -> list[tuple[date, datetime | None]]:
    """The company's days with orders to be named, newest first, and when the newest of each was read."""
    if read_to is None:
        return []
    names: dict[str, Any] = {
        "trades": list(TRADES),
        "since": first_compared() or now,
        "read_to": read_to,
        "zone": settings.COMPANY_TIME_ZONE,
        "source": Source.OPERATIONS,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNNAMED, names)
        return list(cursor.fetchall())


def first_compared() -> datetime | None:
    """Where the earliest run of all our operations begins."""
    first: datetime | None = Run.objects.filter(source=Source.OPERATIONS, client=None).aggregate(
        first=Min("window_from")
    )["first"]
    return first
