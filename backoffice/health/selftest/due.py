"""When the nightly self-test is due: once a day, from three in the morning of the company's zone on."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from backoffice.database import clock
from backoffice.health.models import SelfTest

AT: Final = time(3)
#: A night without a worker is made good within the hour; beyond this nobody has tried the controls for too long.
LATE_AFTER: Final = timedelta(hours=26)


def last_self_test() -> SelfTest | None:
    """Return the newest run, with who asked for it."""
    return SelfTest.objects.order_by("-at", "-pk").first()


def is_due(now: datetime | None = None) -> bool:
    """Tell whether the run of the last night is missing."""
    since = last_night(now or clock.now())
    return not SelfTest.objects.filter(person=None, at__gte=since).exists()


def last_night(now: datetime) -> datetime:
    """Return the last moment at which the nightly run was to begin."""
    here = now.astimezone(ZoneInfo(settings.COMPANY_TIME_ZONE))
    tonight = datetime.combine(here.date(), AT, here.tzinfo)
    return tonight if tonight <= here else tonight - timedelta(days=1)
