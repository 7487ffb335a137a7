"""Write the audit log. :func:`record` is the last statement of every service that changes something."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.context import current_origin
from backoffice.accounts.models import Person
from backoffice.audit import events
from backoffice.audit.canonical import VERSION, canonical_text, digest, plain
from backoffice.audit.models import Entry
from backoffice.audit.sealing.bells import ring_at_each_hundredth

#: How each kind of object is named in the log, so that its history can be found again.
IDENTITY = {
    "Operation": "reference",
    "Request": "subject",
    "Client": "partner_client_id",
    "Order": "id",
    "Transaction": "transaction_id",
    "AccountChange": "key",
    "RuleSet": "version",
}
log = structlog.get_logger(__name__)
_voice: ContextVar[str] = ContextVar("voice", default="")


def record(
    event: str,
    *,
    by: Actor,
    obj: Model | None = None,
    client: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    result: str = Entry.Result.DONE,
    delegate_of: Person | None = None,
) -> Entry:
    """Append one entry to the chain, inside the caller's transaction, and hold the chain's head until it commits.

    :param event: a key of `events.SENTENCES`.
    :param client: the partner client id the entry is about, where there is one.
    :param before, after: what changed; amounts as ``Decimal``, never floats.
    :param delegate_of: who is away and has handed over to ``by``; whoever `speaking_for` names, unless given.
    :raises KeyError: for an event that nobody declared.
    """
    events.SENTENCES[event]
    # No savepoint of its own: without its entry, whatever the caller changed must not be kept either.
    with failure_told(event), transaction.atomic(savepoint=False):
        number, prev, now = lock_head()
        fields = {
            "number": number + 1,
            "at": now,
            "event": event,
            **actor_fields(by),
            "delegate_of": delegate_of.name if delegate_of else _voice.get(),
            "address": current_origin().address,
            "request_id": current_origin().request_id,
            **object_fields(obj),
            "client": client,
            "before": before,
            "after": after,
            "reason": reason,
            "result": str(result),
            "version": VERSION,
            "prev": prev,
        }
        return append(fields)


@contextmanager
def failure_told(event: str) -> Iterator[None]:
    """Where the log cannot be written, say so outside of it; the change fails with it."""
    try:
        yield
    except DatabaseError as error:
        log.critical("audit_log_not_written", of=event, because=" ".join(str(error).split()))
        raise


@contextmanager
def speaking_for(person: Person | None) -> Iterator[None]:
    """Have every entry inside say that whoever acts does it for ``person``; for nobody else where it is None."""
    token = _voice.set(person.name if person else "")
    try:
        yield
    finally:
        _voice.reset(token)


def lock_head() -> tuple[int, str, Any]:
    """Lock the head row and return its number, its hash and the database's clock.

    :raises DatabaseError: where the log has lost its head: then nothing can be written, and nothing is done.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, hash, clock_timestamp() FROM audit_head FOR UPDATE")
        row = cursor.fetchone()
    if row is None:
        raise DatabaseError("The head of the audit log is missing.")
    return row  # type: ignore[no-any-return]


def append(fields: dict[str, Any]) -> Entry:
    canonical = canonical_text(fields)
    values = {**{name: plain(value) for name, value in fields.items()}, "at": fields["at"]}
    entry = Entry(**values, canonical=canonical, hash=digest(canonical))
    entry.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_head SET number = %s, hash = %s", [entry.number, entry.hash])
    ring_at_each_hundredth(entry.number)
    return entry


def actor_fields(by: Actor) -> dict[str, Any]:
    if isinstance(by, System):
        return {"person_id": None, "who": by.name, "role": ""}
    return {"person_id": by.pk, "who": by.name, "role": by.role}


def object_fields(obj: Model | None) -> dict[str, Any]:
    if obj is None:
        return {"object_type": "", "object_id": ""}
    kind = type(obj).__name__
    return {"object_type": kind.lower(), "object_id": str(getattr(obj, IDENTITY.get(kind, "pk")))}
