"""What the workers do for the audit log: seal it, check the seals, send them to the auditors, verify all of it."""

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.audit.sealing import bells, letters, watching
from backoffice.audit.sealing.queries import reach
from backoffice.audit.verifying.bells import VERIFY
from backoffice.audit.verifying.jobs import waiting_for_a_worker
from backoffice.audit.verifying.services import carry_out
from backoffice.worker import priorities

#: A mail server that is away is asked again after 4, 16, 64 … seconds; the next hour begins anew.
AGAIN = RetryStrategy(max_attempts=5, exponential_wait=4)


@app.periodic(cron="*/5 * * * *")
@app.task(
    name=bells.SEAL,
    queue=bells.QUEUE,
    lock=bells.LANE,
    queueing_lock=bells.SEAL,
    priority=priorities.BOOKS,
    retry=False,
)
def seal(timestamp: int) -> None:
    """Seal the log: every five minutes, also when nothing happened, and at each hundredth entry (``timestamp`` 0),
    unless another seal has covered that entry meanwhile."""
    with one_job():
        if timestamp or reach().unsealed:
            watching.seal_or_tell()


@app.periodic(cron="13 * * * *")
@app.task(
    name="audit.check_seals",
    queue=bells.QUEUE,
    lock=bells.LANE,
    queueing_lock="audit.check_seals",
    retry=False,
)
def check_seals(timestamp: int) -> None:
    """Check the seals in both places every hour: the new ones, and once a day all."""
    with one_job():
        watching.check_as_due()


@app.periodic(cron="9 * * * *")
@app.task(name="audit.mail_seals", queue=bells.QUEUE, queueing_lock="audit.mail_seals", retry=AGAIN)
def mail_seals(timestamp: int) -> None:
    """Send the auditors yesterday's seals; asked every hour, so that a night without a worker is made good."""
    with one_job():
        letters.send_due_letter()


@app.task(name=VERIFY.task, queue=VERIFY.queue, lock=bells.LANE, pass_context=True, retry=False)
def verify_log(context: JobContext, job_id: int) -> None:
    """Verify the whole log, or begin again where a worker died."""
    with one_job():
        carry_out(job_id, holder=context.worker_name or "worker")


@app.periodic(cron="* * * * * */10")  # the sixth field is the second
@app.task(name="audit.sweep", queue=bells.QUEUE, queueing_lock="audit.sweep", priority=priorities.SWEEPS, retry=False)
def sweep(timestamp: int) -> None:
    """Ring for a verification that waits for a worker, or whose worker has fallen silent."""
    with one_job():
        for job_id in waiting_for_a_worker():
            VERIFY.ring_once(job_id)
