"""Keep the mirrors of Bitnob fresh, within its 60 requests a minute."""

import structlog
from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.mirror.runs import AlreadyRunning
from backoffice.transactions import services

log = structlog.get_logger(__name__)


@app.periodic(cron="* * * * * 5")
@app.task(queueing_lock="sync-transactions")
def sync_transactions(timestamp: int) -> None:
    """Read what is new at Bitnob, every minute."""
    with one_job():
        try:
            run = services.sync_transactions()
            log.info("transactions read", state=run.state, rows=run.rows_read, changed=run.rows_changed)
        except AlreadyRunning:
            log.info("transactions are being read by another process")


@app.periodic(cron="* * * * * 35")
@app.task(queueing_lock="sync-bitnob-balances")
def sync_balances(timestamp: int) -> None:
    """Read the balances at Bitnob, every minute."""
    with one_job():
        try:
            services.sync_balances()
        except AlreadyRunning:
            log.info("balances at Bitnob are being read by another process")
