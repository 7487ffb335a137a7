"""What a bundle holds, read line by line from one snapshot of the database: entries, seals in both places, keys."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.audit.canonical import instant
from backoffice.audit.models import SealSetAside
from backoffice.audit.sealing import second_place
from backoffice.audit.sealing.checking import FIELDS as SEAL_FIELDS
from backoffice.audit.sealing.keys import InvalidSealKey, written_keys
from backoffice.audit.verifying.guards import guard_faults, not_compared
from backoffice.audit.verifying.naming import FIELDS

ENTRIES, SEALS, SECOND_PLACE = "entries.jsonl", "seals.jsonl", "second-place.jsonl"
ABOUT, KEYS, VERIFIER, README = "log.json", "keys.json", "verify_backoffice.py", "README.txt"
MARKS: Final = "marks.jsonl"
LINES_AT_ONCE: Final = 2_000
#: A line of marks is a third of a megabyte.
MARKS_AT_ONCE: Final = 20
FORM: Final = 1


def row_of(fields: Iterable[str]) -> str:
    """Write the SQL that gives columns as JSON, moments as the canonical text has them."""
    moment = """CASE WHEN at >= timestamptz '0001-01-01 00:00:00+00'
        THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE at::text END"""
    return ", ".join(f"'{name}', {moment if name == 'at' else name}" for name in fields)


# The row goes along: an auditor has to see that what the screens show is what was hashed.
ENTRY_LINES: Final = (
    f"SELECT json_build_object('canonical', canonical, 'hash', hash, 'row', json_build_object({row_of(FIELDS)}))::text"  # noqa: S608
    " FROM audit_entry ORDER BY number"
)
SEAL_LINES: Final = (
    "SELECT json_build_object('canonical', canonical, 'hash', hash, 'signature', signature, 'file', file,"  # noqa: S608
    f" 'row', json_build_object({row_of(SEAL_FIELDS)}))::text"
    " FROM (SELECT s.*, c.file FROM audit_seal s LEFT JOIN audit_sealcopy c ON c.seal_id = s.number) AS seal"
    " ORDER BY number"
)
MARK_LINES: Final = (
    "SELECT json_build_object('entry', entry_id, 'marks', translate(encode(marks, 'base64'), E'\\n', ''))::text"
    " FROM exports_rowmarks ORDER BY entry_id, part"
)


@dataclass
class Counted:
    """How much went in."""

    entries: int = 0
    seals: int = 0
    marks: int = 0


def files(
    connection: psycopg.Connection, *, by: str, there: frozenset[str], counted: Counted
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Give every file of a bundle by name, its bytes in pieces.

    :param connection: holds one snapshot.
    :param there: what stood in the second place before that snapshot: a seal made since is none of it.
    """
    yield README, iter([README_TEXT.encode()])
    yield VERIFIER, iter([verifier()])
    yield ABOUT, iter([as_json(about(connection, by))])
    yield KEYS, iter([as_json({"keys": keys()})])
    yield SEALS, lines(connection, SEAL_LINES, counted, "seals")
    yield SECOND_PLACE, copies(connection, there)
    yield ENTRIES, lines(connection, ENTRY_LINES, counted, "entries")
    yield MARKS, lines(connection, MARK_LINES, counted, "marks", at_once=MARKS_AT_ONCE)


def as_json(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def lines(
    connection: psycopg.Connection, statement: str, counted: Counted, what: str, *, at_once: int = LINES_AT_ONCE
) -> Iterator[bytes]:
    """Read a statement's lines, so many at a time."""
    with connection.cursor(name=f"bundle_{what}") as cursor:
        cursor.itersize = at_once
        cursor.execute(statement.encode())
        while found := cursor.fetchmany(at_once):
            setattr(counted, what, getattr(counted, what) + len(found))
            yield "".join(f"{line}\n" for (line,) in found).encode()


def about(connection: psycopg.Connection, by: str) -> dict[str, Any]:
    """Say when the bundle was made, by whom, where the log's head stood, and what the database said of its guards."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    head = connection.execute("SELECT number, hash FROM audit_head").fetchone()
    trouble = trouble_of_the_second_place()
    return {
        "form": FORM,
        "made_at": instant(row[0]) if row else "",
        "by": by,
        "head": {"number": head[0], "hash": head[1]} if head else None,
        "has_second_place": second_place.directory() is not None and not trouble,
        "set_aside": list(SealSetAside.objects.order_by("id").values_list("hash", flat=True)),
        "guards": [*trouble, *(fault.sentence for fault in guard_faults())],
        "untold": not_compared(),
    }


def trouble_of_the_second_place() -> list[str]:
    place = second_place.directory()
    try:
        if place is not None:
            second_place.names(place)
    except OSError as error:
        return [_("The second place of the seals cannot be read: %(why)s.") % {"why": error.strerror}]
    return []


def keys() -> dict[str, str]:
    """Return every public key that may have signed a seal, by its id: a former one with its last seal."""
    try:
        return written_keys()
    except InvalidSealKey:
        return {}


def there_now() -> frozenset[str]:
    """Return the files of the second place; none where there is no place, or it cannot be read."""
    place = second_place.directory()
    return frozenset(second_place.names(place)) if place and not trouble_of_the_second_place() else frozenset()


def copies(connection: psycopg.Connection, there: frozenset[str]) -> Iterator[bytes]:
    """Give the seals of the second place as they stand there, one a line."""
    place, now = second_place.directory(), there_now()
    copied = {file for (file,) in connection.execute("SELECT file FROM audit_sealcopy")}
    for name in sorted(now & (there | copied)):
        copy = second_place.read(place, name) if place else None
        if copy is not None:
            said = {"file": name, "canonical": copy.canonical, "hash": copy.hash, "signature": copy.signature}
            yield (json.dumps(said, ensure_ascii=False) + "\n").encode()


def verifier() -> bytes:
    """Return the verifier that goes with it."""
    return (settings.BASE_DIR / "verifier" / VERIFIER).read_bytes()


#: In English: whoever checks the bundle may know nothing of the product.
README_TEXT: Final = """\
The audit log of the back office, to be checked without it.

You need Python 3.11 or newer and its package "cryptography":

    python3 -m pip install cryptography
    python3 verify_backoffice.py BUNDLE

BUNDLE is this zip, or the folder it was unpacked into. Take verify_backoffice.py from a place you trust: a bundle that
was forged may hold a forged verifier. It is one file, meant to be read.

The answer is a sentence: intact up to an entry, or the first entry that is not what was written and what of it.

    python3 verify_backoffice.py BUNDLE --key KEY --seals PLACE

--key is a public key you noted earlier from the page "Verify": without it the seals are checked by the keys in this
bundle, which whoever forged everything could have forged too. --seals is your own copy of seals: the folder of the
second place, or a file attached to one of the daily e-mails to auditors.

    python3 verify_backoffice.py BUNDLE FILE ...

checks exported files: untouched, altered and how (rows, sums of each asset, which rows of a CSV file), or never issued.

entries.jsonl       one entry a line, oldest first: the canonical text, its SHA-256, and the columns the screens show
marks.jsonl         by entry, the CRC-32 of each row of the CSV file it issued: 4 bytes, little-endian, in Base64
seals.jsonl         one seal a line: what was signed, the Ed25519 signature over exactly these bytes, in Base64
second-place.jsonl  the seals as they stand in the second place
keys.json           the public keys, in Base64, by id: the first 16 hexadecimal digits of the SHA-256 of the key;
                    after a former one the number and the hash of the last seal it signed
log.json            when this was made, by whom, where the log ended, and what the database said of its guards

An entry's hash is the SHA-256 of its canonical text in UTF-8. The text holds the hash of the entry before it as "prev",
the first one 64 zeros. A seal names the newest entry of its moment and that entry's hash.
"""
