"""Housekeeping of the background work itself."""

import structlog
from asgiref.sync import sync_to_async
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from backoffice.worker import ahead, priorities

log = structlog.get_logger(__name__)

SECONDS_WITHOUT_HEARTBEAT = 20


@app.periodic(cron="* * * * * */10")  # the sixth field is the second
@app.task(queueing_lock="retry-stalled-jobs", priority=priorities.SWEEPS, pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Hand the jobs of a worker that was killed to another: the library leaves them in `doing` (libraries.md T10).

    Safe, because a job is a doorbell: whoever answers it twice finds nothing left to do. Where another bell waits under
    the same queueing lock, that one is left, and this one ends: in `doing` it would hold its lock against it for ever.

    It is due from long ago, and not from now, as the library has it: a clock that runs ahead is set right one day.
    """
    await sync_to_async(_set_right, thread_sensitive=False)()
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SECONDS_WITHOUT_HEARTBEAT):
        log.warning("stalled job handed on", task=job.task_name, job=job.id)
        try:
            await manager.retry_job(job, retry_at=ahead.LONG_AGO)
        except UniqueViolation:
            await manager.finish_job(job, Status.ABORTED, delete_job=True)


def _set_right() -> None:
    try:
        ahead.set_right()
    finally:
        connection.close()


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="forget-old-jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    """Delete jobs that failed more than 30 days ago; the log and the audit log say what came of them."""
    await context.app.job_manager.delete_old_jobs(nb_hours=30 * 24, include_failed=True)
