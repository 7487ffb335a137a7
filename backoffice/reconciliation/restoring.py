"""After the restore of an older backup: lock, read what the partner did meanwhile, compare, and say what two people do.

Our rows went back in time and the partner did not (reliability.md C17). Rows sent after the backup stand here as not
yet sent: sent again under their own reference they end in 2020 and are completed by the partner's order. Rows made
after the backup are gone: their orders appear as extra, and nobody keys them again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.accounts.actors import System
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.freezing import leaving
from backoffice.funding.freezing.reasons import SWITCHED_OVER
from backoffice.funding.freezing.release_conditions import Examined, doubtful
from backoffice.funding.models import Freeze, Operation
from backoffice.funding.references import PATTERN
from backoffice.funding.services.absence import quarantine
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.states import TERMINAL_STATES
from backoffice.mirror import paging
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.registry import Sync, registered
from backoffice.mirror.runs import AlreadyRunning
from backoffice.orders.models import GONE, Order
from backoffice.orders.services import sync_orders
from backoffice.reconciliation.models import Run, Source
from backoffice.reconciliation.services.running import mirror_read_to, reconcile
from backoffice.ui import times
from backoffice.ui.values import Link

#: How long before the backup the partner's orders are read again: its last hours may have been behind.
MARGIN: Final = timedelta(days=1)
MOST_READINGS: Final = 3
SYNC_TRIES: Final = 20
SYNC_PAUSE_SECONDS: Final = 3.0
BY: Final = System("after_restore")
#: What a process started too early writes into the restored log. Passing over one of the backup itself only reads more.
OF_A_START: Final = ("process.began", "process.ended")


class NotKnown(Exception):
    """Nothing tells when the backup was taken, or what was told cannot be. The text is a sentence that says what to
    do."""


@dataclass(frozen=True)
class Restored:
    """What is known after a restore: the lock, the comparison, and the rows of both sides that do not meet."""

    lock: Freeze
    run: Run
    unread: tuple[str, ...]

    @property
    def start(self) -> datetime:
        return start_of(self.lock)

    @property
    def lost(self) -> QuerySet[Order]:
        """Orders under references that are ours by their form and that no row of ours knows."""
        ours = Order.objects.filter(created_at__gte=self.start, is_ours=False, partner_order_ref__regex=f"^{PATTERN}$")
        return ours.order_by("created_at", "id")

    @property
    def behind(self) -> QuerySet[Operation]:
        """Operations that stand here as open although the partner holds an order of theirs. What its list no longer has
        brings none of them up to date: those leave anew, or wait for a look-up."""
        there = Order.objects.filter(partner_order_ref=OuterRef("reference")).exclude(GONE)
        still_open = Operation.objects.exclude(state__in=TERMINAL_STATES).filter(Exists(there))
        return still_open.select_related("client", "asset").order_by("requested_at", "id")

    @property
    def leaving(self) -> QuerySet[Operation]:
        """Operations that leave for the first time at the release."""
        return leaving.operations(self.lock, clock.now())

    @property
    def held_besides(self) -> QuerySet[Operation]:
        """Operations that would leave as well, but for another freeze."""
        return leaving.held_besides(self.lock, clock.now())

    @property
    def in_doubt(self) -> QuerySet[Operation]:
        """Operations that workers look up before the lock can be released."""
        return doubtful()

    @property
    def unmet(self) -> list[str]:
        """What still has to be read before the lock can be released, in sentences."""
        return [one.why_not for one in (orders_read(self.lock), orders_reconciled(self.lock)) if one.why_not]


def after_restore(*, backup_at: datetime | None = None) -> Restored:
    """Lock all sending, then read and reconcile everything since the backup, a day before it included.

    Run again it doubles nothing, and is not free: each run is taken for another restore. The lock in force stays and
    counts from now, so that everything has to be read and compared anew, and a release that was asked for ends. It
    waits until nothing sent before that moment can land any more and the partner's list is settled past it, about
    seven minutes.

    :param backup_at: when the backup was taken; where nobody says, the time of the newest audit entry, without those of
        processes that began or ended.
    :raises NotKnown: when that is not known, lies in the future, or before the backup that the lock in force is about.
    """
    lock = freeze_after_restore(backup_at=_backup_moment(backup_at), by=BY)
    _check_reaches_back(lock, backup_at)
    failpoint(Failpoint.C17)
    unread = tuple(str(mirror.label) for mirror in (Mirror.CLIENTS, Mirror.ASSETS) if not _read(registered()[mirror]))
    _wait_until_settled(lock)
    _read_orders(lock)
    end = max(mirror_read_to() or landed_by(lock), landed_by(lock))
    return Restored(lock, reconcile(window_from=start_of(lock), window_to=end, by=BY), unread)


def start_of(lock: Freeze) -> datetime:
    """Return the moment from which the partner's orders are read again."""
    return (lock.backup_at or lock.frozen_at) - MARGIN


def landed_by(lock: Freeze) -> datetime:
    """Return the moment by which everything that was sent before the restore has landed at the partner, or never will.

    A reading that began earlier may miss an order that lands late; once the lock was released, or said to be complete,
    people would end what that order pays.
    """
    return lock.restored_at + quarantine()


# What the lock is released on ---------------------------------------------------------------------------------------


def orders_read(lock: Freeze) -> Examined:
    """Tell whether complete readings reach, without a gap, from before the backup to where all has landed that was sent
    before the lock, each of them begun after that moment."""
    text = _("CoinMENA's orders since the backup are read, a day before it included")
    read_to = _read_without_gap(lock)
    if read_to >= landed_by(lock):
        return Examined(text)
    words = {"start": _written(start_of(lock)), "end": _written(landed_by(lock)), "read": _written(read_to)}
    if read_to == start_of(lock):
        return Examined(text, _("CoinMENA's orders from %(start)s to %(end)s are not read yet.") % words)
    return Examined(text, _("CoinMENA's orders are read to %(read)s, and have to be to %(end)s.") % words)


def orders_reconciled(lock: Freeze) -> Examined:
    """Tell whether a complete reconciliation covers all of that time, begun after it."""
    text = _("They are reconciled with our operations, all clients")
    window = {"window_from__lte": start_of(lock), "window_to__gte": landed_by(lock), "client": None}
    # A run of anything else may cover the same time, and says nothing of what we sent.
    whole = Run.objects.filter(source=Source.OPERATIONS, is_complete=True)
    made = whole.filter(started_at__range=_since_landed(lock), **window)
    run = made.order_by("-id").first()
    if run is None:
        words = {"start": _written(start_of(lock)), "end": _written(landed_by(lock))}
        return Examined(text, _("Nothing complete was reconciled from %(start)s to %(end)s.") % words)
    found = Link(_("Run %(n)s") % {"n": run.pk}, reverse("reconciliation:run", args=[run.pk]))
    return Examined(text, proof=found)


def _read_without_gap(lock: Freeze) -> datetime:
    """Return how far complete readings reach from the start without a gap; the start itself where none does."""
    reached = start_of(lock)
    complete = SyncRun.objects.filter(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at__range=_since_landed(lock)
    )
    windows = complete.filter(read_to__gt=reached).order_by("read_from", "id").values_list("read_from", "read_to")
    for read_from, read_to in windows.iterator():
        if read_from is None or read_to is None or read_from > reached:
            break
        reached = max(reached, read_to)
        if reached >= landed_by(lock):
            break
    return reached


def _since_landed(lock: Freeze) -> tuple[datetime, datetime]:
    """Return when something must have begun that is to prove anything. What begins later than now is of the backup, and
    was written while the database's clock ran ahead."""
    return landed_by(lock), clock.now() + clock.SET_BACK


def _written(moment: datetime) -> str:
    return times.written(moment, times.MomentStyle.SHORT)


# Steps --------------------------------------------------------------------------------------------------------------


def _backup_moment(told: datetime | None) -> datetime:
    newest = Entry.objects.exclude(event__in=OF_A_START).order_by("-number").values_list("at", flat=True).first()
    moment = told or newest
    if moment is None:
        raise NotKnown("The audit log does not tell when the backup was taken. Say it: --backup-at")
    if moment > clock.now():
        raise NotKnown(f"{moment.isoformat()} lies ahead of the database's clock. Say when the backup was taken.")
    return moment


def _check_reaches_back(lock: Freeze, told: datetime | None) -> None:
    """Refuse a backup older than the one the lock in force is about: what the lock is released on would begin too late,
    and a lock never changes."""
    if told is not None and lock.backup_at is not None and told < lock.backup_at:
        if lock.reason == SWITCHED_OVER:
            raise NotKnown(
                f"Freeze {lock.pk} was made by a worker when the database server was switched over. It reaches back to "
                f"{lock.backup_at.isoformat()}, the last seal or payment there is. After a failover run this without "
                "--backup-at. Was a backup restored, restore it again, and run this before anything else is started."
            )
        raise NotKnown(
            f"Freeze {lock.pk} is in force for a backup of {lock.backup_at.isoformat()}, so it does not reach back to "
            f"{told.isoformat()}. Do not release it: restore the backup again, and run this with --backup-at before "
            "anything else is started."
        )


def _read_orders(lock: Freeze) -> None:
    """Read the orders since the backup. A reading that a dead process left is ended first, and covers less."""
    for _reading in range(MOST_READINGS):
        if not orders_read(lock).why_not or not _read(lambda: sync_orders(since=start_of(lock))):
            return


def _read(sync: Sync) -> bool:
    """Read one mirror, waiting while a worker reads it; False when it could not be read in full."""
    for _try in range(SYNC_TRIES):
        try:
            return sync().state == SyncRun.State.COMPLETE
        except AlreadyRunning:
            clock.sleep(SYNC_PAUSE_SECONDS)
    return False


def _wait_until_settled(lock: Freeze) -> None:
    """Wait until the partner's list is settled past what may land late: a reading leaves the last two minutes alone."""
    due = landed_by(lock) + paging.SETTLED_AFTER + timedelta(seconds=1)
    clock.sleep(max(0.0, (due - clock.now()).total_seconds()))
