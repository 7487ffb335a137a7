"""Keep the mirrors of clients and assets fresh."""

from procrastinate.contrib.django import app

from backoffice.mirror.models import Mirror
from backoffice.mirror.reading import read_as_a_job
from backoffice.worker import priorities


@app.periodic(cron="*/2 * * * *")
@app.task(queueing_lock="sync-clients", priority=priorities.BOOKS)
def sync_clients(timestamp: int) -> None:
    """Read all clients, every two minutes."""
    read_as_a_job(Mirror.CLIENTS)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="sync-assets", priority=priorities.BOOKS)
def sync_assets(timestamp: int) -> None:
    """Read all assets, every ten minutes."""
    read_as_a_job(Mirror.ASSETS)
