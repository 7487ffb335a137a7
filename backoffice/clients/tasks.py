"""Keep the mirrors of clients and assets fresh."""

import structlog
from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.clients import services
from backoffice.mirror.registry import Sync
from backoffice.mirror.runs import AlreadyRunning

log = structlog.get_logger(__name__)


@app.periodic(cron="*/2 * * * *")
@app.task(queueing_lock="sync-clients")
def sync_clients(timestamp: int) -> None:
    """Read all clients, every two minutes."""
    _read("clients", services.sync_clients)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="sync-assets")
def sync_assets(timestamp: int) -> None:
    """Read all assets, every ten minutes."""
    _read("assets", services.sync_assets)


def _read(name: str, sync: Sync) -> None:
    with one_job():
        try:
            run = sync()
        except AlreadyRunning:
            log.info("mirror is being read by another process", mirror=name)
        else:
            log.info("mirror read", mirror=name, state=run.state, rows=run.rows_read, changed=run.rows_changed)
