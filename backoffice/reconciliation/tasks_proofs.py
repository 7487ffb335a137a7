"""What the workers do by themselves, or because somebody asked: read balances, prove them, check Bitnob.

Each may run twice, late or not at all: whoever runs it again only finds what is true by then.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from procrastinate.contrib.django import app

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.context import one_job
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.reconciliation.balances.bells import CHECK, PROVE, READ
from backoffice.reconciliation.running.bells import QUEUE, READING_LANE
from backoffice.reconciliation.services.balances import READER, prove_balances, read_afresh
from backoffice.reconciliation.services.transactions import check_transactions, read_bitnob

log = structlog.get_logger(__name__)


@contextmanager
def job() -> Iterator[None]:
    """Do one job; who may no longer ask is not worked for."""
    try:
        with one_job():
            yield
    except Refused as refused:
        log.info("somebody asked who may not", because=str(refused))


def actor_of(person_id: int) -> Actor:
    return Person.objects.get(pk=person_id)


@app.task(name=READ, queue=QUEUE, lock=READING_LANE, retry=False)
def read_balances(person_id: int) -> None:
    """Read balances because somebody asked."""
    with job():
        read_afresh(by=actor_of(person_id))


@app.task(name=PROVE, queue=QUEUE, lock=READING_LANE, retry=False)
def prove(person_id: int) -> None:
    """Prove the balances because somebody asked."""
    with job():
        prove_balances(by=actor_of(person_id))


@app.task(name=CHECK, queue=QUEUE, lock=READING_LANE, retry=False)
def check(person_id: int) -> None:
    """Check Bitnob because somebody asked."""
    with job():
        read_bitnob()
        check_transactions(by=actor_of(person_id))


@app.periodic(cron="*/10 * * * *")
@app.task(name=f"{READ}.by_itself", queue=QUEUE, lock=READING_LANE, queueing_lock=f"{READ}.by_itself", retry=False)
def read_balances_by_itself(timestamp: int) -> None:
    """Keep the balances of clients with orders young, a bounded number at a time."""
    with job():
        log.info("balances read", clients=read_afresh(by=READER))


@app.periodic(cron="15 1 * * *")
@app.task(name=f"{PROVE}.nightly", queue=QUEUE, lock=READING_LANE, queueing_lock=f"{PROVE}.nightly", retry=False)
def prove_nightly(timestamp: int) -> None:
    """Prove every balance once a night."""
    with job():
        prove_balances(by=System("nightly run"))


@app.periodic(cron="50 * * * *")
@app.task(name=f"{CHECK}.hourly", queue=QUEUE, lock=READING_LANE, queueing_lock=f"{CHECK}.hourly", retry=False)
def check_hourly(timestamp: int) -> None:
    """Check Bitnob every hour."""
    with job():
        read_bitnob()
        check_transactions(by=System("hourly check"))
