"""Reconcile a window: bring the mirror up to date, ask for what seems to be missing, compare, keep the result.

A run is asked for and carried out by a worker, which can go on where another one died. It never moves money and never
changes an operation. It is written whole or not at all; whatever could not be read or asked makes it partial, with the
reason in a sentence, and never makes a verdict.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from backoffice.accounts.actors import Actor, System
from backoffice.audit.services import record
from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.database.locks import Work, held
from backoffice.mirror.models import Mirror
from backoffice.mirror.registry import registered
from backoffice.mirror.runs import AlreadyRunning, last_complete
from backoffice.reconciliation.comparing.evidence import gather
from backoffice.reconciliation.comparing.matching import Comparison
from backoffice.reconciliation.comparing.partner_total import agree_on_total
from backoffice.reconciliation.comparing.patience import NOBODY_WAITS, SOMEBODY_WAITS, Patience
from backoffice.reconciliation.comparing.windows import Window, WindowRefused
from backoffice.reconciliation.models import LedgerSource, Run, RunJob, Source
from backoffice.reconciliation.models.jobs import UNDER_WAY
from backoffice.reconciliation.policies import check_can_reconcile
from backoffice.reconciliation.running.bells import RUN
from backoffice.reconciliation.running.jobs import TakenOver, give_up, take, tell
from backoffice.reconciliation.running.stages import Stage
from backoffice.reconciliation.services.writing import write_run
from backoffice.worker.stopping import Stopping, stop_if_asked

#: A gap the sync closes in a moment. A longer one is the sync's to close: a run does not wait for it.
SHORT_GAP: Final = timedelta(minutes=15)
SYNC_TRIES: Final = 4
SYNC_PAUSE_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 600.0


class NotMade(Exception):
    """A run that was asked for did not come about; ``str()`` is a sentence for staff."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a run is asked for: a window, and perhaps one client or one ledger."""

    window_from: datetime
    window_to: datetime
    client: Client | None
    ledger: LedgerSource | None

    @property
    def fields(self) -> dict[str, Any]:
        source = Source.OPERATIONS if self.ledger is None else Source.LEDGER
        return {"source": source, **vars(self)}


def ask_for_run(
    *,
    window_from: datetime,
    window_to: datetime,
    client: Client | None = None,
    ledger: LedgerSource | None = None,
    by: Actor,
) -> RunJob:
    """Have a worker compare ours with theirs in ``[window_from, window_to)``, and return the job.

    One run at a time for a window: where one is under way already, that is the job returned. What lies in the future
    when it begins is cut off the window.

    :param client: compare the rows of this client only; None for all.
    :param ledger: compare the entries of this ledger instead of our operations.
    :raises Refused: for people who may only read.
    :raises WindowRefused: for a window that is empty or has not begun.
    """
    wanted = Wanted(window_from=window_from, window_to=window_to, client=client, ledger=ledger)
    with transaction.atomic():
        job = job_for(wanted, by)
        RUN.ring(job.pk)
    return job


def job_for(wanted: Wanted, by: Actor) -> RunJob:
    """Return the job of what is wanted: the one under way, or a new one that no worker was rung for."""
    check_can_reconcile(by)
    Window(wanted.window_from, wanted.window_to).until(clock.now())
    return under_way(wanted.fields) or begun(wanted.fields, by)


def under_way(wanted: dict[str, Any]) -> RunJob | None:
    return RunJob.objects.filter(**wanted, state__in=UNDER_WAY).first()


def begun(wanted: dict[str, Any], by: Actor) -> RunJob:
    """Write the job down, unless somebody else did this very moment."""
    asker = None if isinstance(by, System) else by
    try:
        with transaction.atomic():
            job = RunJob.objects.create(**wanted, asked_by=asker, asked_at=clock.now())
    except IntegrityError:
        if (other := under_way(wanted)) is None:
            raise
        return other
    record("reconciliation.asked", by=by, obj=job, client=name_of(job.client), after=asked(job))
    return job


def asked(job: RunJob) -> dict[str, Any]:
    """What the audit log keeps of what was asked for."""
    return {
        "source": job.source,
        "ledger": str(job.ledger or ""),
        "window_from": job.window_from,
        "window_to": job.window_to,
    }


def name_of(client: Client | None) -> str:
    return client.partner_client_id if client else ""


def reconcile(
    *,
    window_from: datetime,
    window_to: datetime,
    client: Client | None = None,
    ledger: LedgerSource | None = None,
    by: Actor,
) -> Run:
    """Ask for a run and carry it out at once; return it finished. For whoever waits: a command, a demo.

    :raises Refused: for people who may only read.
    :raises WindowRefused: for a window that is empty or has not begun.
    :raises NotMade: when a worker had the window in hand, and did not end with a run.
    """
    job = job_for(Wanted(window_from=window_from, window_to=window_to, client=client, ledger=ledger), by)
    return carry_out(job.pk, holder="at once", by=by, patience=SOMEBODY_WAITS) or waited_for(job)


def waited_for(job: RunJob) -> Run:
    """Wait for the run of a job that is in other hands.

    :raises NotMade: when it ends without one, or not in time.
    """
    give_up_at = clock.monotonic() + LONGEST_WAIT_SECONDS
    while job.state in UNDER_WAY and clock.monotonic() < give_up_at:
        stop_if_asked()
        clock.sleep(SYNC_PAUSE_SECONDS)
        job.refresh_from_db()
    if job.run is None:
        raise NotMade(job.sentence or _("This window is being reconciled, and not ended yet. Look among the runs."))
    return job.run


def carry_out(job_id: int, *, holder: str, by: Actor | None = None, patience: Patience = NOBODY_WAITS) -> Run | None:
    """Carry a job out, or go on with what a dead worker left of it; None when it is in other hands, or has ended.

    :param by: in whose name the log says it was made; whoever asked, where nobody is named.
    :raises WindowRefused: when nothing of the window has begun.
    :raises Stopping: when this worker was asked to stop; the job is left as a dead worker leaves it.
    """
    with held(Work.RECONCILIATION_RUN, job_id) as is_held:
        job = take(job_id, holder) if is_held else None
        if job is None:
            return None
        try:
            return work(job, by=by or job.asked_by or System("schedule"), patience=patience)
        except TakenOver:
            return None
        except Stopping:
            raise
        except Exception as error:
            give_up(job, sentence_of(error))
            raise


def work(job: RunJob, *, by: Actor, patience: Patience) -> Run:
    """Go through the stages. Nothing is held open while the partner is being waited for."""
    tell(job, Stage.READING, checks=job.checks)
    comparison = comparison_of(job)
    tell(job, Stage.COUNTING)
    said = agree_on_total(comparison, patience=patience, heard=partial(tell, job, Stage.REREADING))
    tell(job, Stage.ASKING)
    evidence = gather(comparison, patience=patience, made=job.checks, told=partial(tell, job, Stage.ASKING))
    tell(job, Stage.COMPARING)
    try:
        return write_run(comparison, evidence, said, job=job, by=by, at_most=patience.wait)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise NotMade(_("Another run is being made at this moment. Try again in a minute.")) from error


def comparison_of(job: RunJob) -> Comparison:
    """What a job compares: the window as it was when the job was first taken up, read as far as it is now."""
    started_at = job.started_at or clock.now()
    window = Window(job.window_from, job.window_to).until(started_at)
    return Comparison(
        window=window,
        client=job.client,
        read_to=read_up_to(window.end),
        started_at=started_at,
        ledger=job.ledger,
    )


def sentence_of(error: Exception) -> str:
    if isinstance(error, (WindowRefused, NotMade)):
        return str(error)
    return _("The run broke off by a fault of ours, and nothing of it was kept. The log has the details.")


def read_up_to(end: datetime) -> datetime | None:
    """Have the orders read up to `end` where that takes a moment, and return how far they are read.

    A sync leaves out the last minutes, in which an order may still become visible, so a window that ends now is never
    read to its end.
    """
    reached = mirror_read_to()
    if reached is None or reached >= end or end - reached > SHORT_GAP:
        return reached
    for _try in range(SYNC_TRIES):
        if sync_orders():
            break
        time.sleep(SYNC_PAUSE_SECONDS)
    return mirror_read_to()


def sync_orders() -> bool:
    """Read CoinMENA's new orders; False while another process does. A failure shows in how far the mirror reaches."""
    try:
        registered()[Mirror.ORDERS]()
    except AlreadyRunning:
        return False
    return True


def mirror_read_to() -> datetime | None:
    """The moment before which every order of CoinMENA is mirrored, or None if they were never read."""
    complete = last_complete(Mirror.ORDERS)
    return complete.read_to if complete else None
