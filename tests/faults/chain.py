"""The audit chain, verified from `docs/audit.md` and the database alone: numbers, links, texts and hashes (I8)."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from tests.faults.oracle import Violation

_COLUMNS: Final = (
    *("number", "at", "event", "person_id", "who", "role", "delegate_of", "address", "request_id", "object_type"),
    *("object_id", "client", "before", "after", "reason", "result", "version", "prev"),
)


def broken_links(database: psycopg.Connection[dict[str, Any]]) -> list[Violation]:
    """Return what is wrong with the log, from its first entry to its head."""
    found: list[Violation] = []
    number, before = 0, "0" * 64
    for row in database.execute("SELECT * FROM audit_entry ORDER BY number"):
        number += 1
        text = canonical(row)
        if (row["number"], row["prev"]) != (number, before):
            found.append(_wrong(f"entry {row['number']} does not follow entry {number - 1}"))
        if row["canonical"] != text or row["hash"] != hashlib.sha256(text.encode()).hexdigest():
            found.append(_wrong(f"entry {row['number']} does not say what its columns say"))
        before = row["hash"]
    head = database.execute("SELECT number, hash FROM audit_head").fetchone()
    if head is None or (head["number"], head["hash"]) != (number, before):
        found.append(_wrong("the head is not the newest entry"))
    return found


def canonical(row: dict[str, Any]) -> str:
    """Write an entry as canonical JSON: sorted keys, no blanks, UTC with microseconds and ``Z``."""
    fields = {name: _plain(row[name]) for name in _COLUMNS}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def _wrong(sentence: str) -> Violation:
    return Violation("I8", "other", sentence)
