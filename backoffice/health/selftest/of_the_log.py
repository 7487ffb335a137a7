"""Trials of the audit log: as the application's role, change it, take from it, empty it, put something beside it."""

from collections.abc import Iterator
from functools import partial

from django.db import connection

from backoffice.accounts.actors import System
from backoffice.audit.canonical import digest
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.health.selftest.trials import RIGHTS, Trial

BY = System("Control self-test")


def chain_break() -> Iterator[Trial]:
    """The log is changed, cut, emptied, forked, or its head is moved."""
    entry = record("audit.read", by=BY, after={"page": "control self-test"})
    number = entry.number
    for code, sql, guards in (
        ("log_update", "UPDATE audit_entry SET reason = 'other' WHERE number = %s", (RIGHTS, "append_only")),
        ("log_delete", "DELETE FROM audit_entry WHERE number = %s", (RIGHTS, "append_only")),
        ("log_truncate", "TRUNCATE audit_entry CASCADE", (RIGHTS, "truncate_refused")),
        ("log_head", "UPDATE audit_head SET number = %s - 1", ("moves_with_its_entry",)),
    ):
        arguments = [number] if "%s" in sql else []
        yield Trial(code, guards, partial(run, sql, arguments))
    yield Trial("log_fork", ("follows_the_head",), lambda: fork(entry))


def run(sql: str, arguments: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)


def fork(entry: Entry) -> None:
    """Put an entry beside the chain: its number follows another entry than its hash does."""
    canonical = f'{{"beside":{entry.number}}}'
    Entry(
        number=entry.number + 2,
        at=entry.at,
        event=entry.event,
        who=BY.name,
        version=entry.version,
        prev=entry.hash,
        canonical=canonical,
        hash=digest(canonical),
    ).save(force_insert=True)
