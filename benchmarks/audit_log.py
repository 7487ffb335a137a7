"""A log of any length for the benchmarks: true entries in a true chain, copied in with the triggers off."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from benchmarks import common

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
#: What eight of ten entries of an ordinary week look like: an operation on its way, an export, a reading.
KINDS: tuple[dict[str, Any], ...] = (
    {"event": "operation.created", "after": {"kind": "deposit", "amount": "12500.00", "asset": "USD", "note": ""}},
    {"event": "operation.approved", "before": {"state": "pending_approval"}, "after": {"state": "approved"}},
    {"event": "operation.submitting", "before": {"state": "approved"}, "after": {"state": "submitting", "try": 1}},
    {"event": "operation.completed", "before": {"state": "submitting"}, "after": {"state": "completed", "order": 71}},
    {"event": "audit.read", "after": {"page": "/audit/?event=operation.approved&person=7"}},
)
SEAL = "version, number, entry, count, head_hash, at, key_id, prev, canonical, hash, signature"
EVERY = 100
WRITERS = (("Maya Haddad", "finance"), ("Omar Saleh", "manager"), ("worker 1", ""))


def fill_log(count: int) -> None:
    """Write ``count`` entries from the first on, and have the head name the last."""
    from django.db import connections

    with common.owner() as cursor:
        switch_triggers(cursor, "DISABLE")
        with connections["owner"].connection.cursor() as own, own.copy(copying()) as copy:
            last = ""
            for row in rows(count):
                copy.write_row(row)
                last = row[-1]
        cursor.execute("UPDATE audit_head SET number = %s, hash = %s", [count, last])
        switch_triggers(cursor, "ENABLE ALWAYS")
        cursor.execute("VACUUM (ANALYZE) audit_entry")


def fill_seals() -> None:
    """Seal every hundredth entry with the key of the settings, in the database alone."""
    from django.db import connections

    from backoffice.audit.models import Entry

    sealed = Entry.objects.annotate(rest=F("number") % EVERY).filter(rest=0).order_by("number")
    with common.owner() as cursor:
        switch_triggers(cursor, "DISABLE")
        with connections["owner"].connection.cursor() as own, own.copy(f"COPY audit_seal ({SEAL}) FROM STDIN") as copy:
            for row in seals(sealed.values_list("number", "hash", "at")):
                copy.write_row(row)
        switch_triggers(cursor, "ENABLE ALWAYS")
        cursor.execute("VACUUM (ANALYZE) audit_seal")


def seals(entries: Iterable[tuple[int, str, datetime]]) -> Iterator[list[Any]]:
    """Yield a chain of seals in the order of `SEAL`."""
    from backoffice.audit.canonical import canonical_text, digest
    from backoffice.audit.models import FIRST_HASH
    from backoffice.audit.sealing.keys import key_id, sign, signing_key
    from backoffice.audit.sealing.services import VERSION

    key = signing_key()
    assert key is not None
    signed_by, prev = key_id(key.public_key()), FIRST_HASH
    for number, (entry, hash_, at) in enumerate(entries, 1):
        fields = {"version": VERSION, "number": number, "entry": entry, "count": EVERY, "head_hash": hash_}
        fields |= {"at": at, "key_id": signed_by, "prev": prev}
        text = canonical_text(fields)
        prev = digest(text)
        yield [*fields.values(), text, prev, sign(key, text)]


def switch_triggers(cursor: Any, how: str) -> None:
    cursor.execute(
        "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal"
        " AND tgrelid IN ('audit_entry'::regclass, 'audit_head'::regclass, 'audit_seal'::regclass)"
    )
    for table, trigger in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")


def copying() -> str:
    from backoffice.audit.models import Entry

    names = ", ".join(str(field.column) for field in Entry._meta.concrete_fields)
    return f"COPY audit_entry ({names}) FROM STDIN"


def rows(count: int) -> Iterator[list[Any]]:
    """Yield the rows of a chain in the order of the table's columns, the hash last."""
    from psycopg.types.json import Jsonb

    from backoffice.audit.canonical import canonical_text
    from backoffice.audit.models import FIRST_HASH, Entry

    names = [str(field.column) for field in Entry._meta.concrete_fields]
    prev = FIRST_HASH
    for number in range(1, count + 1):
        fields = fields_of(number, prev)
        text = canonical_text(fields)
        prev = hashlib.sha256(text.encode()).hexdigest()
        values = {**fields, "canonical": text, "hash": prev}
        yield [Jsonb(value) if isinstance(value, dict) else value for value in map(values.__getitem__, names)]


def fields_of(number: int, prev: str) -> dict[str, Any]:
    """Make up one entry."""
    who, role = WRITERS[number % len(WRITERS)]
    kind = KINDS[number % len(KINDS)]
    return {
        "number": number,
        "at": BEGAN + timedelta(seconds=60 * number, microseconds=number % 1_000_000),
        "person_id": None,
        "who": who,
        "role": role,
        "delegate_of": "",
        "address": f"192.0.2.{number % 250}",
        "request_id": f"00000000-0000-4000-8000-{number:012}",
        "object_type": "operation",
        "object_id": f"AB-{number // 4:08}",
        "client": f"user_{number % common.CLIENTS}",
        "reason": "Checked with the client." if number % 7 == 0 else "",
        "result": "done",
        "version": 1,
        "prev": prev,
        "before": None,
        "after": None,
        **kind,
    }
