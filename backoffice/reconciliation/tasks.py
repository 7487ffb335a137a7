"""What the workers do for the reconciliation. Every task may run twice, late or not at all: the job's row decides."""

from datetime import date

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backoffice.accounts.actors import System
from backoffice.accounts.context import one_job
from backoffice.database import clock
from backoffice.reconciliation import tasks_proofs  # noqa: F401 - the library looks for tasks in this module only
from backoffice.reconciliation.comparing.windows import WindowRefused
from backoffice.reconciliation.days.drift import check_named
from backoffice.reconciliation.days.nightly import CHECK, ring_once_to_check
from backoffice.reconciliation.days.nightly import due as days_due
from backoffice.reconciliation.days.reading_again import HISTORY, READ_AGAIN, read_again, ring_once_to_read
from backoffice.reconciliation.days.reading_again import due as parts_due
from backoffice.reconciliation.running import unnamed
from backoffice.reconciliation.running.bells import QUEUE, READING_LANE, RUN, RUN_LANE
from backoffice.reconciliation.running.jobs import waiting_for_a_worker
from backoffice.reconciliation.running.nightly import due
from backoffice.reconciliation.services.running import ask_for_run, carry_out, mirror_read_to
from backoffice.worker import priorities

log = structlog.get_logger(__name__)


@app.task(name=RUN.task, queue=RUN.queue, lock=RUN_LANE, pass_context=True, retry=False)
def carry_out_run(context: JobContext, job_id: int) -> None:
    """Carry one run out, or go on with one whose worker died."""
    with one_job():
        try:
            carry_out(job_id, holder=context.worker_name or "worker")
        except WindowRefused as refused:
            log.info("a run was asked for whose window is refused", job=job_id, because=str(refused))


@app.periodic(cron="* * * * * */10")  # the sixth field is the second
@app.task(
    name="reconciliation.sweep",
    queue=QUEUE,
    queueing_lock="reconciliation.sweep",
    priority=priorities.SWEEPS,
    retry=False,
)
def sweep(timestamp: int) -> None:
    """Ring for every run that waits for a worker, or whose worker has fallen silent."""
    with one_job():
        for job_id in waiting_for_a_worker():
            RUN.ring_once(job_id)


@app.periodic(cron="*/10 * * * *")
@app.task(name="reconciliation.nightly", queue=QUEUE, queueing_lock="reconciliation.nightly", retry=False)
def nightly(timestamp: int) -> None:
    """Ask for yesterday's run at the quiet hour, and again while it comes out partial."""
    with one_job():
        window = due(clock.now())
        if window is not None:
            ask_for_run(window_from=window.start, window_to=window.end, by=System("nightly run"))


@app.periodic(cron="*/15 * * * *")
@app.task(name="reconciliation.quarter_hourly", queue=QUEUE, queueing_lock="reconciliation.quarter_hourly", retry=False)
def quarter_hourly(timestamp: int) -> None:
    """Ask for a run of each day with orders that a run would name and none has named yet."""
    with one_job():
        for window in unnamed.due(clock.now(), mirror_read_to()):
            ask_for_run(window_from=window.start, window_to=window.end, by=System("quarter-hourly run"))


@app.task(name=CHECK, queue=QUEUE, lock=READING_LANE, retry=False)
def check_day(day: str) -> None:
    """Compare one closed day with what was signed."""
    with one_job():
        check_named(date.fromisoformat(day))


@app.periodic(cron="20 * * * *")
@app.task(name="reconciliation.check_days", queue=QUEUE, queueing_lock="reconciliation.check_days", retry=False)
def check_days(timestamp: int) -> None:
    """Ring for every closed day that was not checked since the last quiet hour."""
    with one_job():
        for day in days_due(clock.now()):
            ring_once_to_check(day)


@app.task(name=READ_AGAIN, queue=QUEUE, lock=READING_LANE, retry=False)
def read_part_again(day: str) -> None:
    """Read the orders of one day again, or the whole history where none is named."""
    with one_job():
        read_again(date.fromisoformat(day) if day else HISTORY)


@app.periodic(cron="*/10 * * * *")
@app.task(name="reconciliation.read_all_again", queue=QUEUE, queueing_lock="reconciliation.read_all_again", retry=False)
def read_all_again(timestamp: int) -> None:
    """Ring for the history and every open day that was not read again since the last quiet hour."""
    with one_job():
        for part in parts_due(clock.now()):
            ring_once_to_read(part)
