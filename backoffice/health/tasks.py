"""What the workers do for the health of the controls: try them, once a night."""

from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.health.selftest.due import is_due
from backoffice.health.selftest.services import NIGHTLY, run_self_test


@app.periodic(cron="17 * * * *")
@app.task(name="health.self_test", queue="audit", queueing_lock="health.self_test", retry=False)
def self_test(timestamp: int) -> None:
    """Try every control; asked every hour, so that a night without a worker is made good."""
    with one_job():
        if is_due():
            run_self_test(by=NIGHTLY)
