"""Keep the mirror of the orders fresh."""

import structlog
from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.mirror.runs import AlreadyRunning
from backoffice.orders import services

log = structlog.get_logger(__name__)


@app.periodic(cron="* * * * * */30")
@app.task(queueing_lock="sync-orders")
def sync_orders(timestamp: int) -> None:
    """Read what is new at CoinMENA, every 30 seconds."""
    with one_job():
        try:
            run = services.sync_orders()
            log.info("orders read", state=run.state, rows=run.rows_read, changed=run.rows_changed)
        except AlreadyRunning:
            log.info("orders are being read by another process")
