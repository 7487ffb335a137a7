"""Which closed days are due to be checked: those nobody has compared since the last quiet hour."""

from datetime import date, datetime, timedelta
from typing import Final

from django.db.models.functions import Coalesce
from procrastinate.exceptions import AlreadyEnqueued

from backoffice.reconciliation.days.queries import zone
from backoffice.reconciliation.models import Day, DayState
from backoffice.reconciliation.running.bells import QUEUE, READING_LANE
from backoffice.reconciliation.running.nightly import QUIET_FROM
from backoffice.worker import priorities
from backoffice.worker.bells import same_connection

CHECK: Final = "reconciliation.check_day"


def due(now: datetime) -> list[date]:
    """The closed days neither closed nor checked since the last quiet hour, those checked longest ago first."""
    last = Coalesce("checked_at", "closed_at")
    closed = Day.objects.filter(state=DayState.CLOSED).annotate(last=last).filter(last__lt=last_quiet_hour(now))
    return list(closed.order_by("last", "date").values_list("date", flat=True))


def last_quiet_hour(now: datetime) -> datetime:
    """The newest quiet hour of the company's zone that has passed."""
    local = now.astimezone(zone())
    today = datetime.combine(local.date(), QUIET_FROM, tzinfo=zone())
    return today if today <= local else today - timedelta(days=1)


def missed_before(now: datetime) -> datetime:
    """The quiet hour since which every closed day should have been checked: the one before the newest."""
    return last_quiet_hour(now - timedelta(days=1))


def ring_once_to_check(day: date) -> None:
    """Ask a worker to check a day, unless a bell for it is still waiting to be heard. Not for a transaction."""
    lock = f"{CHECK}-{day.isoformat()}"
    try:
        bell = same_connection().configure_task(
            CHECK, queue=QUEUE, lock=READING_LANE, queueing_lock=lock, priority=priorities.NIGHTLY
        )
        bell.defer(day=day.isoformat())
    except AlreadyEnqueued:
        return
