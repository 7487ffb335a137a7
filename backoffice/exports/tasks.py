"""What the workers do for exports. Every task may run twice, late or not at all: the job's row decides."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.exports.jobs import storing
from backoffice.exports.jobs.bells import BUILD
from backoffice.exports.jobs.building import carry_out
from backoffice.exports.jobs.holding import waiting_for_a_worker
from backoffice.exports.jobs.services import let_go_of_old_files
from backoffice.exports.schedules.beginning import begin_due
from backoffice.exports.schedules.delivering import deliver_built
from backoffice.worker import priorities


@app.task(name=BUILD.task, queue=BUILD.queue, pass_context=True, retry=False)
def build_file(context: JobContext, job_id: int) -> None:
    """Build one file, or begin again with one whose worker died."""
    with one_job():
        carry_out(job_id, holder=context.worker_name or "worker")


@app.periodic(cron="* * * * * */10")  # the sixth field is the second
@app.task(
    name="exports.sweep", queue=BUILD.queue, queueing_lock="exports.sweep", priority=priorities.SWEEPS, retry=False
)
def sweep(timestamp: int) -> None:
    """Ring for every file that waits for a worker, or whose worker has fallen silent."""
    with one_job():
        for job_id in waiting_for_a_worker():
            BUILD.ring_once(job_id)


@app.periodic(cron="*/10 * * * *")
@app.task(name="exports.let_go", queue=BUILD.queue, queueing_lock="exports.let_go", retry=False)
def let_go(timestamp: int) -> None:
    """Delete files whose week is over, and what dead workers left behind."""
    with one_job():
        let_go_of_old_files()
        storing.sweep()


@app.periodic(cron="* * * * * */30")
@app.task(name="exports.schedules", queue=BUILD.queue, queueing_lock="exports.schedules", retry=False)
def keep_schedules(timestamp: int) -> None:
    """Begin the files that are due, those missed as well, and deliver those that are built."""
    with one_job():
        begin_due()
        deliver_built()
