"""`manage.py after_restore`: the first thing to run on a restored database, before any worker."""

from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse

from backoffice.database import clock
from backoffice.funding.freezing import leaving
from backoffice.money import Money
from backoffice.reconciliation.management.commands.reconcile import moment, report
from backoffice.reconciliation.restoring import NotKnown, Restored, after_restore

MOST_NAMED = 50


class Command(BaseCommand):
    help = (
        "Lock all sending after a backup was restored, read and reconcile what CoinMENA did since the backup, and say "
        "what two people have to do. Ends with 1 while something still has to be read: run it again then. Each run "
        "counts as another restore: it begins the reading anew and ends the release that was asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--backup-at",
            help="when the backup was taken; if not said, the time of the newest audit entry, starts and ends of "
            "processes left out",
        )

    def handle(self, *, backup_at: str | None, **_options: Any) -> None:
        check_takes_writes()
        self.stdout.write("All sending is locked first. Reading what CoinMENA did takes about seven minutes …")
        try:
            restored = after_restore(backup_at=moment(backup_at) if backup_at else None)
        except NotKnown as trouble:
            raise CommandError(str(trouble)) from trouble
        self.stdout.write("\n".join(told(restored)))
        if restored.unmet:
            raise CommandError("The lock cannot be released yet. Run this command again.", returncode=1)


def check_takes_writes() -> None:
    """Refuse to begin on a database that answers and still recovers: its newest entry is not the backup's yet."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        is_read_only = cursor.fetchone()[0] == "on"
    if is_read_only:
        raise CommandError(
            "The database answers and takes nothing yet: it still recovers, or is a standby. Wait until its own log "
            "says 'ready to accept connections', and not only read-only ones, then run this again."
        )


def told(restored: Restored) -> Iterator[str]:
    """Say what was found and what people have to do, line by line."""
    lock = restored.lock
    yield f"Everything is frozen (freeze {lock.pk}). Backup of {lock.backup_at}, read again from {restored.start}."
    yield from (f"{name} could not be read in full." for name in restored.unread)
    yield ""
    yield from report(restored.run)
    yield ""
    yield from lost(restored)
    yield from behind(restored)
    yield from leaving_first(restored)
    yield from restored.unmet
    yield from what_to_do(restored)


def lost(restored: Restored) -> Iterator[str]:
    """Name the orders whose operations are gone."""
    yield f"Orders under references of ours that our rows no longer know: {restored.lost.count()}"
    for order in islice(restored.lost.iterator(), MOST_NAMED):
        yield f"  {order.partner_order_ref}  {order.type} {order.status}, {order.partner_client_id}, order {order.pk}"


def behind(restored: Restored) -> Iterator[str]:
    """Name the operations that went back in time."""
    yield f"Operations that are open here although CoinMENA holds their order: {restored.behind.count()}"
    for one in islice(restored.behind.iterator(), MOST_NAMED):
        yield f"  {one.reference}  {one.state}, {one.kind} of {Money(one.amount, one.asset_id)}"


def leaving_first(restored: Restored) -> Iterator[str]:
    """Name what leaves for the first time at the release, so that people end what they had ended before."""
    yield f"Approved operations without an order at CoinMENA, which leave at the release: {restored.leaving.count()}"
    for one in islice(restored.leaving.iterator(), MOST_NAMED):
        yield f"  {one.reference}  {one.kind} of {Money(one.amount, one.asset_id)}, {one.client.partner_client_id}"
    yield f"Of the same kind, but held by other freezes until those are released: {restored.held_besides.count()}"
    yield from files_leaving()
    yield from marked()
    yield f"Operations in doubt, which workers look up before the lock can be released: {restored.in_doubt.count()}"


def files_leaving() -> Iterator[str]:
    """Name the files of which rows are made at the release, and say what becomes of them and which nobody can end."""
    files = leaving.files()
    yield f"Files with rows that are made at the release: {len(files)}"
    if files:
        yield "  Rows that a rule asks others about wait for approval then; the others leave."
    for each in files[:MOST_NAMED]:
        gated = ", each waits for approval" if each.is_gated else ""
        kept = ", it cannot be ended: freeze the clients of its rows" if each.why_kept else ""
        page = reverse("funding:bulk_file", args=[each.file.pk])
        yield f"  {each.file.name!r}  rows to be made: {each.rows}{gated}{kept}, {page}"


def marked() -> Iterator[str]:
    """Name what leaves and may have been paid under another reference."""
    found = leaving.marked(clock.now())
    yield f"Of all these, equal to an order at CoinMENA that no operation here has: {len(found)}"
    for one in found[:MOST_NAMED]:
        orders = ", ".join(f"{order.partner_order_ref} of {order.created_at:%Y-%m-%d %H:%M}" for order in one.orders)
        yield f"  {one.operation.reference}  may be paid already as {orders}: end it if it is the same payment"


def what_to_do(restored: Restored) -> Iterator[str]:
    """Say what two people do now."""
    yield ""
    yield "What people do now:"
    yield f"1. Look at the exceptions of the comparison: /reconciliation/runs/{restored.run.pk}/. Key nothing again:"
    yield "   what is extra there has been paid. What is behind is settled by itself once the lock is released."
    yield "2. What was cancelled, rejected, taken back or frozen after the backup, or failed and was asked for again,"
    yield "   stands here as before: end or freeze it again before you release. What leaves at the release is named"
    yield "   above and on the page of the freeze. Once everything is read, all of it can be ended except what CoinMENA"
    yield "   holds, and files that workers had begun, that nobody had to approve, or of which CoinMENA holds a row:"
    yield "   freeze the clients of the rows still to be made, and cancel or reject what is made from those afterwards."
    yield "   A freeze made under the lock stays."
    yield f"3. One of finance or management asks for the release on /freeze/{restored.lock.pk}/, a manager approves it."
    yield "Start the workers: look-ups go on meanwhile, nothing is sent. What is in doubt has to be looked up first."
