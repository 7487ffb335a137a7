"""Keep the mirrors of Bitnob fresh, within its 60 requests a minute."""

from procrastinate.contrib.django import app

from backoffice.mirror.models import Mirror
from backoffice.mirror.reading import read_as_a_job
from backoffice.worker import priorities


@app.periodic(cron="* * * * * 5")
@app.task(queueing_lock="sync-transactions", priority=priorities.BOOKS)
def sync_transactions(timestamp: int) -> None:
    """Read what is new at Bitnob, every minute."""
    read_as_a_job(Mirror.TRANSACTIONS)


@app.periodic(cron="* * * * * 35")
@app.task(queueing_lock="sync-bitnob-balances", priority=priorities.BOOKS)
def sync_balances(timestamp: int) -> None:
    """Read the balances at Bitnob, every minute."""
    read_as_a_job(Mirror.BITNOB_BALANCES)
