"""Which run is due at night: yesterday's, once the company's day has turned and the last orders have shown up."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import Run, RunJob, Source

#: A quiet hour of the company's zone. Orders of yesterday have settled long before.
QUIET_FROM: Final = time(2, 0)
#: A run that came out partial is made again after so long, as long as the day lasts.
TRIED_AGAIN_AFTER: Final = timedelta(hours=2)


def due(now: datetime) -> Window | None:
    """Return yesterday, unless it is too early, a complete run of it was made since, or one was just asked for."""
    local = now.astimezone(ZoneInfo(settings.COMPANY_TIME_ZONE))
    quiet = datetime.combine(local.date(), QUIET_FROM, tzinfo=local.tzinfo)
    yesterday = Window.of_day(local.date() - timedelta(days=1), ZoneInfo(settings.COMPANY_TIME_ZONE))
    if local < quiet or is_proven(yesterday, since=quiet) or is_asked(yesterday, since=now - TRIED_AGAIN_AFTER):
        return None
    return yesterday


def of_the_day(window: Window) -> dict[str, object]:
    return {
        "source": Source.OPERATIONS,
        "client": None,
        "window_from": window.start,
        "window_to": window.end,
    }


def is_proven(window: Window, *, since: datetime) -> bool:
    return Run.objects.filter(**of_the_day(window), is_complete=True, finished_at__gte=since).exists()


def is_asked(window: Window, *, since: datetime) -> bool:
    return RunJob.objects.filter(**of_the_day(window), asked_at__gte=since).exists()
