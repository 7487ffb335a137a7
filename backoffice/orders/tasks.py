"""Keep the mirror of the orders fresh."""

from procrastinate.contrib.django import app

from backoffice.mirror.models import Mirror
from backoffice.mirror.reading import read_as_a_job
from backoffice.worker import priorities


@app.periodic(cron="* * * * * */30")
@app.task(queueing_lock="sync-orders", priority=priorities.BOOKS)
def sync_orders(timestamp: int) -> None:
    """Read what is new at CoinMENA, every 30 seconds."""
    read_as_a_job(Mirror.ORDERS)
