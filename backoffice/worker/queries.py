"""How the background work is doing."""

from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

ALIVE_WITHIN = timedelta(seconds=20)


def workers_alive() -> int:
    """Count the workers that gave a sign of life in the last 20 seconds."""
    return int(ProcrastinateWorker.objects.filter(last_heartbeat__gt=timezone.now() - ALIVE_WITHIN).count())


def oldest_job_due() -> datetime | None:
    """Return since when the oldest job has been waiting for a worker; None when nothing waits."""
    due = ProcrastinateJob.objects.filter(status="todo", scheduled_at__lte=timezone.now())
    return due.aggregate(oldest=Min("scheduled_at"))["oldest"]  # type: ignore[no-any-return]
