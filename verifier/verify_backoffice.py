#!/usr/bin/env python3
"""Check the audit log of the back office without the back office, and files that were exported from it.

    python3 verify_backoffice.py BUNDLE [FILE …] [--key BASE64 …] [--seals PLACE …]

BUNDLE is the zip from *Audit log → Verify → Download for checking elsewhere*, or the folder it was unpacked into.
FILE is an exported file: is it what was issued, was it changed and how (rows, sums of each asset, which rows of a CSV
file), or was it never issued?
--key is a public key you know from elsewhere (the page *Verify* shows it, and you may have noted it long ago): only
seals that such a key signed are believed then. Of a key that was changed since, give KEY:NUMBER:HASH of its last seal:
nothing it signed later is believed. Without --key the bundle's own keys are used, which proves that the log agrees with
its seals, but not who signed them.
--seals is your own copy of seals: the folder of the second place, or a file that came to you by e-mail. Every seal of
yours must stand in the log, or the log was cut or rewritten.

Needs Python 3.11 and the package `cryptography`, nothing else. Ends with 0 when everything is what was written,
1 when something is not, 2 when the bundle cannot be read.
"""

import argparse
import base64
import csv
import hashlib
import json
import re
import sys
import zipfile
from array import array
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import IO, Any
from zlib import crc32

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

VERSION = 1
FIRST_HASH = "0" * 64
LONGEST_VALUE = 80
MOST_NAMED = 10
COPIED_WITHIN = timedelta(minutes=15)
#: The fields of an entry, in the order in which a difference is looked for.
FIELDS = (
    "number", "at", "event", "person_id", "who", "role", "delegate_of", "address", "request_id", "object_type",
    "object_id", "client", "before", "after", "reason", "result", "version", "prev",
)  # fmt: skip
SEAL_FIELDS = ("version", "number", "entry", "count", "head_hash", "at", "key_id", "prev")
#: The name every export has at the beginning, however a copy of it was called afterwards.
EXPORT_NAME = re.compile(r"[a-z0-9-]+-[0-9]{8}T[0-9]{6}\.[0-9]{6}Z")
#: A public key; of a former one, the number of its last seal and that seal's hash as well.
KEY = re.compile(r"(?P<key>[^:]+)(?::(?P<number>[0-9]{1,18}):(?P<hash>[0-9a-f]{64}))?", re.ASCII)
SEAL_NAME = re.compile(r"seal-([0-9]{9,18})(?:-[0-9a-f]{16})?\.json")
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
#: What would have a terminal show a sentence otherwise than it is.
TURNING = re.compile("[\u2028-\u202e\u2066-\u2069]")
#: No line of a bundle is as long: whoever made it does not choose how much memory is taken.
LONGEST_LINE = 64 * 1024 * 1024
LONGEST_NUMBER = 1_000
#: Seals are held in memory, and one is made every five minutes: these are of nineteen years.
MOST_SEALS = 2_000_000
#: A log that is sealed has its first seal by then.
SEALED_WITHIN = timedelta(minutes=12)
#: Where a bundle has the marks of the rows of every file that was issued.
MARKS = "marks.jsonl"
TAKINGS = ("export.made", "export.fetched", "schedule.delivered")
MOST_TAKINGS = 20
MOST_SPANS = 8
MOST_SUMS = 50
#: So many files of the same columns and rows have their sums compared, and so many rows are looked for in others.
MOST_ALIKE = 50
SAMPLE = 4_096
MOST_ROWS = 50_000_000
LONGEST_HEADING = 64 * 1024
LONGEST_PIECE = 1024 * 1024
SEPARATORS = (",", ";", "\t")
NUMBER = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,30})?", re.ASCII)
#: More digits than any sum of rows that fit into a file can have.
DIGITS = 120
#: Where an export puts an apostrophe before what a spreadsheet would run as a formula: in front, and inside of a cell.
BLANKS = "\x0b\x0c\x1c-\x20\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000\ufeff"
MARKED_IN_FRONT = re.compile(f"^'(?=[{BLANKS}']*[\t\r\n=+@＝＋－＠-])")
MARKED_INSIDE = re.compile(f"([,;|\t\r\n])'(?=[{BLANKS}\"']*[=+@＝＋－＠-])")

#: Of no sum of rows that fit into a file are there more digits, and of no file more rows or bytes.
AMOUNT = re.compile(r"-?[0-9]{1,80}(\.[0-9]{1,40})?", re.ASCII)
MOST_IN_A_FILE = 10**15

Row = dict[str, Any]


@dataclass(frozen=True)
class Link:
    """What the next entry must follow."""

    number: int = 0
    hash: str = FIRST_HASH


@dataclass
class Log:
    """What one reading of the entries leaves behind."""

    head: int = 0
    fault: str = ""
    first_at: str = ""
    sealed_hashes: dict[int, str] = field(default_factory=dict)
    manifests: list[Row] = field(default_factory=list)
    takings: list[Row] = field(default_factory=list)
    set_aside: dict[str, int] = field(default_factory=dict)


# Canonical text -------------------------------------------------------------------------------------------------------


def canonical_text(fields: Row) -> str:
    """Write fields as canonical JSON: sorted keys, no blanks, UTF-8."""
    return json.dumps(as_written(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_written(value: Any) -> Any:
    """Keep a number with decimals, which no entry holds, from looking like one that it may, and a line one line."""
    if isinstance(value, str):
        return HARMFUL.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {name: as_written(one) for name, one in value.items()}
    return [as_written(one) for one in value] if isinstance(value, list) else value


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def said(row: Row) -> Row:
    """Return what a canonical text says; nothing where it is none."""
    try:
        found = json.loads(row["canonical"])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


# The chain ------------------------------------------------------------------------------------------------------------


def read_log(entries: Iterable[Row], head: Row, sealed: set[int]) -> Log:
    """Go through the entries once: find the first bad one, keep the hashes that seals name and every manifest."""
    log, links = Log(head["number"]), (Link(), Link())
    for row, after in with_next(entries):
        take_note(log, row, sealed)
        if not log.fault and row["row"]["number"] <= head["number"]:
            log.fault = fault_of(row, links, after, head)
            links = (links[1], Link(row["row"]["number"], row["hash"]))
        elif not log.fault:
            log.fault = fault_behind(row["row"]["number"], links[1], head)
    log.fault = log.fault or fault_at_the_end(links[1], head)
    return log


def fault_behind(number: int, last: Link, head: Row) -> str:
    """Say what is wrong where an entry stands behind the head of the log."""
    if last.number < head["number"]:
        return f"Entry {last.number + 1:,} is missing."
    return fault_at_the_end(last, head) or f"Entry {number:,} was inserted: it stands behind the head of the log."


def with_next(entries: Iterable[Row]) -> Iterator[tuple[Row, Row | None]]:
    """Yield each entry with the one after it."""
    last: Row | None = None
    for row in entries:
        if last is not None:
            yield last, row
        last = row
    if last is not None:
        yield last, None


def take_note(log: Log, row: Row, sealed: set[int]) -> None:
    number, event = row["row"]["number"], row["row"]["event"]
    if number in sealed:
        log.sealed_hashes[number] = row["hash"]
    log.first_at = log.first_at or str(row["row"]["at"])
    if event == "seals.set_aside":
        after = said(row).get("after")
        hashes = after.get("hashes") if isinstance(after, dict) else None
        log.set_aside.update({str(one): number for one in (hashes if isinstance(hashes, list) else [])})
    if event in ("export.made", "export.broken"):
        log.manifests.extend(manifest_in(row))
    if event in TAKINGS:
        log.takings.extend(taking(row))


def manifest_in(row: Row) -> list[Row]:
    """Return the manifest of a file; its text counts where its hash vouches for it, else its columns do."""
    columns, text = row["row"], said(row)
    told = {**columns, **text} if digest(row["canonical"]) == row["hash"] else {**text, **columns}
    ways = (told.get("after"), columns.get("after"), text.get("after"))
    after = next((one for one in ways if isinstance(one, dict)), None)
    if after is None:
        return []
    way = {"entry": columns["number"], "event": columns["event"], "who": told.get("who"), "at": str(told.get("at"))}
    return [{**way, "after": {name: after[name] for name, is_one in KINDS.items() if is_one(after.get(name))}}]


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < MOST_IN_A_FILE


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def are_named_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_text, value.values()))


def are_sums(value: Any) -> bool:
    return are_named_texts(value) and all(map(AMOUNT.fullmatch, value.values()))


#: What a manifest says; a fact that is not of the kind it was written with is left out.
KINDS: dict[str, Callable[[Any], bool]] = {
    "bytes": is_count,
    "columns": are_texts,
    "file": is_text,
    "format": is_text,
    "job": is_count,
    "rows": is_count,
    "sha256": is_text,
    "summed": are_named_texts,
    "sums": are_sums,
}


def taking(row: Row) -> list[Row]:
    """Return what an entry says of a file that was given to somebody; nothing where its text says nothing of it."""
    told, after = said(row), said(row).get("after")
    if not isinstance(after, dict) or not isinstance(told.get("at"), str):
        return []
    way = {"entry": row["row"]["number"], "how": how(str(told.get("event")), after), "sha256": after.get("sha256")}
    return [{**way, "who": told.get("who"), "at": told["at"]}]


def fault_of(row: Row, links: tuple[Link, Link], after: Row | None, head: Row) -> str:
    """Say what is wrong with one entry, given the two before it and the one after it; empty when nothing is."""
    number, last = row["row"]["number"], links[1]
    if number <= last.number:
        return f"Entry {number:,} was inserted: the log begins with entry 1."
    if number != last.number + 1:
        return f"Entry {last.number + 1:,} is missing."
    try:
        return fault_of_fields(row, links, after, head)
    except RecursionError:
        return f"Entry {number:,} was changed: its text does not give its hash."


def fault_of_fields(row: Row, links: tuple[Link, Link], after: Row | None, head: Row) -> str:
    """Say what is wrong with an entry that stands where it should.

    :raises RecursionError: for columns that nest deeper than anything that was written.
    """
    number = row["row"]["number"]
    if digest(row["canonical"]) != row["hash"]:
        what = "its text does not give its hash" if difference(row) else "its hash is not that of its text"
        return f"Entry {number:,} was changed: {what}."
    if row["row"]["version"] != VERSION:
        return f"Entry {number:,} was changed: no form of an entry has its version."
    held = hash_held(number, after, head)
    differing = difference(row)
    if differing:
        return misplaced(row, links) or changed(row, differing, held)
    return broken_link(row, links, held)


def hash_held(number: int, after: Row | None, head: Row) -> str | None:
    """Return the hash that whatever comes next holds of an entry."""
    if number == head["number"]:
        return str(head["hash"])
    return str(after["row"]["prev"]) if after and after["row"]["number"] == number + 1 else None


def misplaced(row: Row, links: tuple[Link, Link]) -> str:
    was, number = said(row).get("number"), row["row"]["number"]
    if was == number or not isinstance(was, int):
        return ""
    return pushed_in(row, links) or (
        f"Entry {number:,} was written as entry {was:,}: entries were put in another order, or some inserted."
    )


def changed(row: Row, found: str, held: str | None) -> str:
    """Say how a field is not what the text says, where the entries around vouch for the text."""
    number = row["row"]["number"]
    if held not in (None, row["hash"]):
        return rewritten(number)
    path, was, now = narrowed(found, said(row).get(found), as_written(row["row"][found]))
    return f"Entry {number:,} was changed: {path} was {shown(was)} and is {shown(now)} now."


def broken_link(row: Row, links: tuple[Link, Link], held: str | None) -> str:
    """Say which of two entries that do not follow each other is the wrong one."""
    number, last = row["row"]["number"], links[1]
    if row["row"]["prev"] == last.hash:
        return ""
    inserted = pushed_in(row, links)
    if inserted:
        return inserted
    if not last.number:
        return f"Entry {number:,} was rewritten: the log does not begin with it."
    return rewritten(last.number if held in (None, row["hash"]) else number)


def pushed_in(row: Row, links: tuple[Link, Link]) -> str:
    """Find the entry before to be none of the log's: this one follows the one before that."""
    second, last = links
    if not last.number or row["row"]["prev"] != second.hash:
        return ""
    if not second.number:
        return f"Entry {last.number:,} was inserted: what comes after it begins the log."
    return f"Entry {last.number:,} was inserted: what comes after it follows entry {second.number:,}."


def rewritten(number: int) -> str:
    return f"Entry {number:,} was rewritten: what comes after it holds another hash of it."


def difference(row: Row) -> str:
    """Name the first column that is not what the canonical text says; empty when all are."""
    fields = {name: as_written(row["row"].get(name)) for name in FIELDS}
    if canonical_text(fields) == row["canonical"]:
        return ""
    told = said(row)
    return next((name for name in FIELDS if name not in told or text_of(told[name]) != text_of(fields[name])), "number")


def narrowed(name: str, was: Any, now: Any) -> tuple[str, Any, Any]:
    """Follow a difference into objects, so that a single value is named."""
    while isinstance(was, dict) and isinstance(now, dict):
        key = next((key for key in sorted({*was, *now}) if text_of(was.get(key)) != text_of(now.get(key))), None)
        if key is None:
            break
        name, was, now = f"{name}.{key}", was.get(key), now.get(key)
    return name, was, now


def shown(value: Any) -> str:
    if value in (None, ""):
        return "empty"
    text = value if isinstance(value, str) else text_of(value)
    short = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    return f"“{short}”" if isinstance(value, str) else short


def fault_at_the_end(last: Link, head: Row) -> str:
    """Find a cut tail, or a head that was moved."""
    if last.number < head["number"]:
        return f"The end was cut: entry {last.number + 1:,} is missing."
    if last.hash != head["hash"]:
        return f"Entry {last.number:,} is not the one that the head of the log names: it or the head was changed."
    return ""


# The seals ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seals:
    """The seals of a bundle: the log's own, those of the second place, and yours; and the keys they are checked by."""

    own: list[Row]
    second_place: dict[str, Row] | None
    yours: list[Row]
    keys: dict[str, Ed25519PublicKey]
    set_aside: frozenset[str]
    made_at: datetime
    #: The keys you gave, as you gave them.
    known: tuple[str, ...] = ()
    #: The number and hash of the last seal of each former key, by the key's id.
    last: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def are_keys_known(self) -> bool:
        return bool(self.known)

    @cached_property
    def vouched(self) -> dict[str, int]:
        """The first of the log's own seals that the last one of a former key stands for, by the key's id."""
        return {name: first_vouched(self.own, *last) for name, last in self.last.items()}

    def is_genuine(self, seal: Row) -> bool:
        """Whether one of the keys signed a seal while it was in force. Of a former key, it was not when its last seal
        stands for another one: somebody who got hold of the key made it later."""
        name, number = str(said(seal).get("key_id")), said(seal).get("number")
        last = self.last.get(name)
        if last and not (type(number) is int and 1 <= number <= last[0] and number < self.vouched[name]):
            return False
        return self.is_signed(seal) and not (last and number == last[0] and seal["hash"] != last[1])

    def is_signed(self, seal: Row) -> bool:
        """Whether one of the keys signed a seal."""
        key = self.keys.get(str(said(seal).get("key_id")))
        if key is None:
            return False
        try:
            key.verify(base64.b64decode(seal["signature"], validate=True), seal["canonical"].encode())
        except (InvalidSignature, ValueError):
            return False
        return bool(digest(seal["canonical"]) == seal["hash"])


def first_vouched(own: list[Row], number: int, hash_: str) -> int:
    """Go back from a seal from hash to hash, and return the first one that it stands for; one more than its own number
    where the log has another one in its place, or none."""
    first = number + 1
    for seal in reversed(own):
        if seal["row"]["number"] > number:
            continue
        if (seal["row"]["number"], seal["hash"]) != (first - 1, hash_) or digest(seal["canonical"]) != hash_:
            break
        first, hash_ = first - 1, str(said(seal).get("prev"))
    return first


def seal_faults(seals: Seals, log: Log) -> Iterator[str]:
    """Yield everything that is wrong with the seals, by number, those that only stand elsewhere last."""
    number, entry, prev = 0, 0, FIRST_HASH
    for seal in seals.own:
        row = seal["row"]
        for missing in range(number + 1, row["number"]):
            yield f"Seal {missing:,} is missing from the log's own seals."
        if row["number"] <= number:
            yield f"Seal {row['number']:,} does not follow the seal before it."
        before = (number, entry, prev)
        found = fault_of_seal(seal, before, seals, log) or fault_of_key(seal, seals) or fault_of_copy(seal, seals)
        if found:
            yield found + kept(found, row["entry"], entry, log)
        number, entry, prev = row["number"], row["entry"], seal["hash"]
    for changed_at in sorted({last for last, _hash in seals.last.values() if last > number}):
        yield f"The log was cut: seal {changed_at:,}, at which the key was changed, is missing."
    yield from stray_faults(seals, log)
    if not seals.own and lacks_seals(seals, log):
        yield "No seal is left, although the log is sealed: all were taken away, or none was made."


def lacks_seals(seals: Seals, log: Log) -> bool:
    """Whether a log without a seal must have one: somebody knows its key, or it had time to be sealed."""
    if not log.head or not seals.keys:
        return False
    return seals.are_keys_known or seals.made_at - datetime.fromisoformat(log.first_at) > SEALED_WITHIN


def fault_of_seal(seal: Row, before: tuple[int, int, str], seals: Seals, log: Log) -> str:
    row = seal["row"]
    number, entry, (last, last_entry, last_hash) = row["number"], row["entry"], before
    follows, entry_hash = last + 1 == number, log.sealed_hashes.get(row["entry"])
    checks: tuple[tuple[bool, str], ...] = (
        (digest(seal["canonical"]) == seal["hash"], f"Seal {number:,} was changed: its text does not give its hash."),
        (
            canonical_text({name: row[name] for name in SEAL_FIELDS}) == seal["canonical"],
            f"Seal {number:,} was changed: its columns are not what was signed.",
        ),
        (row["key_id"] in seals.keys, f"Seal {number:,} is signed by a key that is not ours."),
        (seals.is_signed(seal), f"The signature of seal {number:,} is not its key's."),
        (not follows or row["prev"] == last_hash, f"Seal {number:,} does not follow the seal before it."),
        (
            not follows or row["count"] == entry - last_entry,
            f"Seal {number:,} counts other entries than came since the seal before it.",
        ),
        (
            bool(entry_hash) or not entry,
            f"The log was cut: entry {entry:,}, which seal {number:,} sealed, is missing.",
        ),
        (
            row["head_hash"] == (entry_hash if entry else FIRST_HASH),
            f"The log was rewritten: entry {entry:,} is not the one that seal {number:,} sealed.",
        ),
    )
    return next((sentence for holds, sentence in checks if not holds), "")


def kept(found: str, entry: int, vouched: int, log: Log) -> str:
    """Say which entries a fault leaves without proof: all after the seal before it."""
    if not found.startswith("The log was") and "the log was cut or replaced" not in found:
        return ""
    if entry > log.head:
        return f" The end was cut: entry {log.head + 1:,} is missing."
    return f" Entries up to {vouched:,} are those that were sealed." if vouched else ""


def fault_of_key(seal: Row, seals: Seals) -> str:
    """Find a seal that a former key signed after its last one, or that stands where a key's last one stood."""
    number, last = seal["row"]["number"], seals.last.get(seal["row"]["key_id"])
    if last and number > last[0]:
        return f"Seal {number:,} is signed by a former key, whose last seal was {last[0]:,}."
    if any(one == number and hash_ != seal["hash"] for one, hash_ in seals.last.values()):
        return f"Seal {number:,} is not the one at which the key was changed."
    return ""


def fault_of_copy(seal: Row, seals: Seals) -> str:
    """Find how the second place differs from one seal."""
    if seals.second_place is None:
        return ""
    number, name = seal["row"]["number"], seal["file"]
    if name is None:
        is_late = seals.made_at - datetime.fromisoformat(seal["row"]["at"]) > COPIED_WITHIN
        return f"Seal {number:,} never came to the second place." if is_late else ""
    copy = seals.second_place.get(name)
    if copy is None:
        return f"Seal {number:,} is missing from the second place."
    is_same = all(copy[part] == seal[part] for part in ("canonical", "hash", "signature"))
    return "" if is_same else f"Seal {number:,} says something else in the second place."


def stray_faults(seals: Seals, log: Log) -> Iterator[str]:
    """Find seals that stand in the second place or with you only: the log was once further, or was another one."""
    known = {seal["hash"] for seal in seals.own} | (seals.set_aside & log.set_aside.keys())
    copied = {seal["file"] for seal in seals.own}
    waiting = {seal["row"]["number"] for seal in seals.own if seal["file"] is None}
    for name, copy in sorted((seals.second_place or {}).items(), key=lambda one: seal_number(one[0])):
        number = seal_number(name)
        if name in copied or copy["hash"] in known or (not copy["hash"] and number in waiting):
            continue
        if seals.is_genuine(copy) and said(copy).get("number") == number:
            yield stray(number, said(copy)["entry"], "in the second place only", seals, log)
        else:
            yield f"The second place holds a seal {number:,} that is not ours: {name}."
    for copy in seals.yours:
        if copy["hash"] in known and digest(copy["canonical"]) == copy["hash"]:
            continue
        if seals.is_genuine(copy):
            yield stray(said(copy)["number"], said(copy)["entry"], "in your own copy only", seals, log)
        else:
            yield not_genuine(copy, seals)


def not_genuine(copy: Row, seals: Seals) -> str:
    number, last = shown(said(copy).get("number")), seals.last.get(str(said(copy).get("key_id")))
    if last and seals.is_signed(copy):
        sentence = f"Seal {number} of your own copy is signed by a former key, but is none of those"
        return f"{sentence} up to its last, {last[0]:,}."
    return f"Seal {number} of your own copy is signed by none of the keys given here."


def stray(number: int, entry: int, where: str, seals: Seals, log: Log) -> str:
    sentence = f"Seal {number:,} stands {where}: the log was cut or replaced, and had come to entry {entry:,}."
    before = [seal["row"] for seal in seals.own if seal["row"]["number"] < number]
    return sentence + kept(sentence, entry, before[-1]["entry"] if before else 0, log)


def seal_number(name: str) -> int:
    match = SEAL_NAME.fullmatch(name)
    return int(match[1]) if match else 0


def notes(seals: Seals, log: Log) -> Iterator[str]:
    """Say what the answer rests on, and what nobody looked at."""
    if not seals.are_keys_known:
        yield (
            "The seals were checked by the keys of the bundle itself: give --key to check by one you know. Whoever "
            "forged the bundle would have put keys of their own into it."
        )
    bounded = last_seals(seals.known)
    for key in seals.known:
        if key_id(public_key(key)) not in bounded:
            yield f"{key} is believed for every seal: if it was changed since, give KEY:NUMBER:HASH."
    if seals.own:
        newest, made_at = moment(seals.own[-1]["row"]["at"]), moment(seals.made_at.isoformat())
        yield f"The newest seal says it is of {newest}, the bundle that it was made at {made_at}."
    elif log.head:
        yield "No seal vouches for it: this does not show that it was not written anew."
    if seals.second_place is None:
        yield "The second place of the seals was not looked at: the bundle says that there is none."
    entries = sorted({log.set_aside[one] for one in seals.set_aside & log.set_aside.keys()})
    if entries:
        yield f"Seals were set aside after a restore: read {', '.join(f'entry {one:,}' for one in entries)}."


# Exported files: the answer -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a file turned out to be: sentences, the first one the answer itself."""

    is_untouched: bool
    sentences: list[str]


def verdict_of(path: Path, log: Log, bundle: "Bundle") -> Answer:
    """Say whether a file is what was issued, and where not, what was changed."""
    with path.open("rb") as content:
        size, sha256 = path.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest()
        return answer_of(File(path.name, content, size, sha256, shape_of(content, size)), log, bundle)


def answer_of(file: "File", log: Log, bundle: "Bundle") -> Answer:
    whole = [one for one in log.manifests if one["event"] == "export.made"]
    same = with_digest([file.sha256], log.manifests)
    if same:
        return untouched(file, same, log)
    if file.shape.is_workbook:
        return known_by_name(file, named_as(file.name, whole), log)
    again = with_digest(plain_digests(file), whole)
    if again:
        return saved_again(file, again[0], log)
    return altered_or_strange(file, whole, log, bundle)


def with_digest(digests: Iterable[str], manifests: list[Row]) -> list[Row]:
    """Find what was issued with one of these digests, whole files before broken ones, oldest first."""
    wanted = set(digests)
    found = [one for one in manifests if one["after"].get("sha256") in wanted]
    return sorted(found, key=lambda one: one["event"] != "export.made")


def untouched(file: "File", same: list[Row], log: Log) -> Answer:
    manifest = same[0]
    if manifest["event"] != "export.made":
        said = ["This file is the beginning of one that broke off on its way. It does not hold every row."]
        return Answer(False, [*said, "Export the list again.", *in_the_log(manifest, log)])
    said = ["This file is untouched: it is, byte for byte, what was issued here."]
    if file.name not in {one["after"].get("file", "") for one in same}:
        said.append(f"It was called {manifest['after'].get('file', '')} when it was issued.")
    return Answer(True, [*said, *in_the_log(manifest, log)])


def saved_again(file: "File", manifest: Row, log: Log) -> Answer:
    said = "Every row and every digit is as issued here; only how the file is saved was changed."
    return Answer(False, [said, *wrapping(file.shape, manifest), *in_the_log(manifest, log)])


def known_by_name(file: "File", manifest: Row | None, log: Log) -> Answer:
    """Answer for a file whose rows cannot be told apart."""
    if manifest is not None:
        said = [
            "A file of this name was issued here, and this is not it: its bytes are others.",
            "Which part of it was changed cannot be told: only CSV files keep a mark of every row.",
        ]
        return Answer(False, [*said, *bytes_said(file, manifest), *in_the_log(manifest, log)])
    return Answer(
        False,
        [
            "No manifest in the log has the digest of this workbook, or its name.",
            "A workbook that was changed and renamed cannot be told from one that was never issued.",
        ],
    )


def altered_or_strange(file: "File", whole: list[Row], log: Log, bundle: "Bundle") -> Answer:
    found = marks_in(file)
    manifest = named_as(file.name, whole) or closest(file, found, whole, bundle) or with_these_sums(file, found, whole)
    if manifest is None:
        return strange(file, whole)
    issued = marks_of(manifest, bundle)
    if len(issued) != manifest["after"].get("rows"):
        return known_by_name(file, manifest, log)
    found = marks_in(file, frozenset(issued))
    comparison = compare(issued, found)
    if comparison.change == "none" and not is_issued_outside_of_rows(file, manifest):
        comparison = Comparison("unseen")
    return altered(file, manifest, comparison, len(found), log)


def strange(file: "File", whole: list[Row]) -> Answer:
    said = ["This file was never issued here: no manifest in the log has its digest, and none of its rows."]
    if file.shape.cells and any(columns_of(one) == file.shape.cells for one in whole):
        said.append(
            "Its columns are those of an export of ours, though. Where a spreadsheet program saved it, give it the "
            "name it was issued under, and verify it again."
        )
    return Answer(False, said)


def altered(file: "File", manifest: Row, comparison: "Comparison", rows: int, log: Log) -> Answer:
    sums = sums_of(file, manifest)
    compared = compared_sums(manifest, sums) if sums and not sums.unreadable else []
    said = [
        "This file was issued here and changed afterwards.",
        *rows_said(file, manifest, comparison, compared),
        *sums_said(sums, compared),
        *wrapping(file.shape, manifest),
        f"{manifest['after']['rows']:,} rows were issued, {rows:,} are here.",
        *bytes_said(file, manifest),
        *(then_and_now(one, manifest) for one in compared[:MOST_SUMS]),
    ]
    return Answer(False, [*said, *in_the_log(manifest, log)])


def bytes_said(file: "File", manifest: Row) -> list[str]:
    issued = manifest["after"].get("bytes")
    return [] if issued is None else [f"{issued:,} bytes were issued, {file.size:,} are here."]


def in_the_log(manifest: Row, log: Log) -> list[str]:
    """Say where the log has a file, and who took the same bytes again."""
    after = manifest["after"]
    rows = "" if "rows" not in after else "1 row, " if after["rows"] == 1 else f"{after['rows']:,} rows, "
    told = f"Entry {manifest['entry']:,}: {rows}issued to {manifest['who']} at {moment(manifest['at'])}."
    again = [one for one in log.takings if one["sha256"] == after.get("sha256") and one["entry"] != manifest["entry"]]
    return [told, *map(taken, again[:MOST_TAKINGS])]


def taken(one: Row) -> str:
    return f"Entry {one['entry']:,}: {one['how']}, {one['who']}, at {moment(one['at'])}."


def how(event: str, after: Row) -> str:
    """Say in which way a file was given."""
    if event == "schedule.delivered":
        return "delivered by a schedule"
    if event == "export.fetched":
        return "went on with a download" if "first_byte" in after else "downloaded"
    return "built by a worker" if "job" in after else "exported"


def moment(text: str) -> str:
    """Write a moment as all moments are written here: in UTC, to the second."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):
        return text


# Exported files: the words --------------------------------------------------------------------------------------------


def wrapping(shape: "Shape", manifest: Row) -> list[str]:
    """Say how the file was saved again, as far as its bytes tell."""
    had_bom, columns = manifest["after"].get("format") == "csv-bom", columns_of(manifest)
    if not columns:
        return []
    tests = (
        (shape.has_bom and not had_bom, "A byte order mark was put in front, as Excel does when it saves CSV UTF-8."),
        (had_bom and not shape.has_bom, "The byte order mark in front was taken away."),
        (
            shape.has_carriage_returns,
            "The line ends were changed from LF to CR LF, as Excel and other programs on Windows do.",
        ),
        (
            shape.separator != "," and len(columns) > 1,
            "The commas between the cells were changed to another separator, as Excel does in some countries.",
        ),
        (not shape.ends_its_last_line, "The line feed at its end was taken away."),
    )
    return [sentence for holds, sentence in tests if holds]


def rows_said(file: "File", manifest: Row, comparison: "Comparison", compared: list["SumNow"]) -> list[str]:
    said = ["The heading is not the one issued."] if columns_of(manifest) not in ((), file.shape.cells) else []
    rows = manifest["after"]["rows"]
    if comparison.change != "rows" or comparison.count != rows or rows < 2:
        return [*said, change_said(comparison)]
    said.append("No row is as it was issued, as after a spreadsheet program has saved the file.")
    if compared and not any(one.difference for one in compared):
        said.append("It has as many rows, and they add up to the same sums.")
    return said


def change_said(comparison: "Comparison") -> str:
    """Say what happened to the rows."""
    there, here = comparison.issued, comparison.regions[0] if comparison.regions else Region(0, 0)
    match comparison.change:
        case "none":
            return "All rows are as issued; the difference is outside of them."
        case "unseen":
            return "No mark of a row differs, yet bytes do: somebody may have made it so."
        case "order":
            return "The marks of the rows are the ones issued, in another order."
        case "added":
            return f"{counted(here.count)} added: {span(here)}."
        case "removed":
            return f"{counted(there.count)} removed: {span(there)} of the file that was issued."
        case "replaced":
            return f"Where {span(there)} stood, {span(here)} stand now."
    return differing_said(comparison)


def counted(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"


def differing_said(comparison: "Comparison") -> str:
    if comparison.count == 1:
        return f"Row {comparison.regions[0].first:,} differs."
    named = [span(region) for region in comparison.regions[:MOST_SPANS]]
    if len(comparison.regions) > MOST_SPANS:
        return f"{comparison.count:,} rows differ: {', '.join(named)} and more further down."
    listed = " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    return f"{comparison.count:,} rows differ: {listed}."


def span(region: "Region") -> str:
    """Name rows that follow each other."""
    if region.count == 1:
        return f"row {region.first:,}"
    return f"rows {region.first:,} to {region.last:,}"


def sums_said(sums: "Sums | None", compared: list["SumNow"]) -> list[str]:
    if sums and sums.unreadable:
        return [f"Its amounts cannot be added up: row {sums.unreadable:,} cannot be read."]
    return [sum_said(one) for one in compared if one.difference][:MOST_SPANS]


def sum_said(one: "SumNow") -> str:
    size = amount_text(one.difference.copy_abs())
    return f"The {one.asset or 'nameless'} sum is {size} too {'high' if one.difference > 0 else 'low'}."


def then_and_now(one: "SumNow", manifest: Row) -> str:
    heading, then, now = manifest["after"]["summed"]["amount"], amount_text(one.issued), amount_text(one.found)
    return f"Sum of {heading}, {one.asset or 'nameless'}: {then} was issued, {now} is here."


def amount_text(amount: Decimal) -> str:
    """Write every digit of an amount, with commas and a true minus sign."""
    return format(amount, ",f").replace("-", "\N{MINUS SIGN}")


# Exported files: which one it was -------------------------------------------------------------------------------------


def columns_of(manifest: Row) -> tuple[str, ...]:
    return tuple(manifest["after"].get("columns") or ())


def named_as(name: str, whole: list[Row]) -> Row | None:
    """Find the file a name was given to, also when something was put before or behind it."""
    match = EXPORT_NAME.search(name)
    ours = {f"{match[0]}.csv", f"{match[0]}.xlsx"} if match else set()
    return next((one for one in reversed(whole) if one["after"].get("file") in ours), None)


def closest(file: "File", found: "array[int]", whole: list[Row], bundle: "Bundle") -> Row | None:
    """Find the file most of these rows were issued in: one of the same columns before others, the newest of equals."""
    sample, cells = set(found[:: max(1, len(found) // SAMPLE)]), file.shape.cells
    likely = {one["entry"]: one for one in whole if columns_of(one) == cells or len(cells) > 1}
    best: tuple[int, bool, int] = (0, False, 0)
    for number, parts in groupby(marks_lines(bundle), lambda line: line["entry"]):
        if number in likely:
            shared = {mark for line in parts for mark in sample.intersection(marks_on(line))}
            best = max(best, (len(shared), columns_of(likely[number]) == cells, number))
    return likely[best[2]] if best[0] else like_in_size(file, len(found), whole)


def like_in_size(file: "File", rows: int, whole: list[Row]) -> Row | None:
    """Find the newest file of the same columns, rows and bytes: one digit changed in its only row leaves all three."""
    alike = [one for one in of_the_same_shape(file, rows, whole) if one["after"].get("bytes") == file.size]
    return alike[0] if alike and rows else None


def of_the_same_shape(file: "File", rows: int, whole: list[Row]) -> list[Row]:
    """Find the files with these columns and as many rows, the newest first."""
    return [one for one in reversed(whole) if (columns_of(one), one["after"].get("rows")) == (file.shape.cells, rows)]


def with_these_sums(file: "File", found: "array[int]", whole: list[Row]) -> Row | None:
    """Find the file that a spreadsheet program wrote anew: no row has its bytes, but columns, rows and sums are its."""
    for manifest in of_the_same_shape(file, len(found), whole)[:MOST_ALIKE]:
        sums = sums_of(file, manifest) if manifest["after"].get("sums") else None
        if sums and not sums.unreadable and not any(one.difference for one in compared_sums(manifest, sums)):
            return manifest
    return None


def marks_of(manifest: Row, bundle: "Bundle") -> "array[int]":
    """Return the CRC-32 of each row of an issued file, in order: these say which row differs, the digest whether."""
    found = array("I")
    for line in marks_lines(bundle):
        if line["entry"] == manifest["entry"]:
            found.extend(marks_on(line))
    return found


def marks_lines(bundle: "Bundle") -> Iterator[Row]:
    return bundle.lines(MARKS) if bundle.has(MARKS) else iter(())


def marks_on(line: Row) -> "array[int]":
    marks = array("I", base64.b64decode(line["marks"], validate=True))
    if sys.byteorder == "big":
        marks.byteswap()
    return marks


# Exported files: which rows differ ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Region:
    """Rows one after the other, counted from one."""

    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(frozen=True)
class Comparison:
    """How the rows differ from those issued: none, unseen (no mark does, and yet the digest), rows, order, added,
    removed or replaced; where here, where there."""

    change: str
    regions: tuple[Region, ...] = ()
    issued: Region = Region(0, 0)

    @property
    def count(self) -> int:
        return sum(region.count for region in self.regions)


def compare(issued: "array[int]", found: "array[int]") -> Comparison:
    """Compare the marks of the issued rows with those of a file's."""
    if issued == found:
        return Comparison("none")
    if len(issued) != len(found):
        return between_common_ends(issued, found)
    change = "order" if sorted(issued) == sorted(found) else "rows"
    return Comparison(change, tuple(differing(issued, found)))


def differing(issued: "array[int]", found: "array[int]") -> Iterator[Region]:
    """Give the places at which two files of equally many rows differ."""
    first = 0
    for place, (one, other) in enumerate(zip(issued, found, strict=True), 1):
        if one == other and first:
            yield Region(first, place - first)
        first = 0 if one == other else first or place
    if first:
        yield Region(first, len(found) + 1 - first)


def between_common_ends(issued: "array[int]", found: "array[int]") -> Comparison:
    """Give what stands between the rows both files begin with and those both end with."""
    head = common(issued, found)
    tail = common(issued[head:][::-1], found[head:][::-1])
    here, there = Region(head + 1, len(found) - head - tail), Region(head + 1, len(issued) - head - tail)
    if not there.count:
        return Comparison("added", (here,), there)
    return Comparison("replaced" if here.count else "removed", (here,) if here.count else (), there)


def common(one: "array[int]", other: "array[int]") -> int:
    """Count the rows both begin with."""
    differs = (place for place, (mine, theirs) in enumerate(zip(one, other, strict=False)) if mine != theirs)
    return next(differs, min(len(one), len(other)))


# Exported files: reading them -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """How a file is wrapped. ``cells`` are its heading's, read by its own ``separator``."""

    has_bom: bool
    has_carriage_returns: bool
    ends_its_last_line: bool
    separator: str
    cells: tuple[str, ...]
    is_workbook: bool

    @property
    def skipped(self) -> int:
        """How many bytes stand before the heading."""
        return len(BOM_UTF8) if self.has_bom else 0


@dataclass(frozen=True)
class File:
    """A file that is to be checked."""

    name: str
    content: IO[bytes]
    size: int
    sha256: str
    shape: Shape


def shape_of(content: IO[bytes], size: int) -> Shape:
    """Look at the beginning and the end of a file."""
    content.seek(0)
    beginning = content.read(LONGEST_HEADING)
    content.seek(max(0, size - 1))
    ends_its_last_line, has_bom = content.read(1) in (b"\n", b""), beginning.startswith(BOM_UTF8)
    line = beginning.removeprefix(BOM_UTF8).partition(b"\n")[0]
    heading = line.removesuffix(b"\r")
    cells = {separator: cells_of(heading, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda one: len(cells[one]))
    is_workbook = beginning.startswith(b"PK\x03\x04")  # which is a zip
    return Shape(has_bom, line != heading, ends_its_last_line, separator, cells[separator], is_workbook)


def cells_of(line: bytes, separator: str) -> tuple[str, ...]:
    """Read one line as cells; nothing where it cannot be read, or holds what no text in the log can."""
    if b"\x00" in line:
        return ()
    try:
        return tuple(next(csv.reader([line.decode()], delimiter=separator, strict=True), ()))
    except (UnicodeDecodeError, csv.Error):
        return ()


def plain_digests(file: File) -> set[str]:
    """Give the digests the file would have, had nobody changed how it is wrapped: with and without a byte order mark,
    with its own line ends and with LF for CR LF."""
    digests = set()
    for with_line_feeds in (False, True):
        bare, marked = hashlib.sha256(), hashlib.sha256(BOM_UTF8)
        for chunk in chunks(file, with_line_feeds=with_line_feeds):
            bare.update(chunk)
            marked.update(chunk)
        digests |= {bare.hexdigest(), marked.hexdigest()}
    return digests


def chunks(file: File, *, with_line_feeds: bool) -> Iterator[bytes]:
    """Give the bytes after the byte order mark, the last line ended."""
    file.content.seek(file.shape.skipped)
    held = b""
    while chunk := file.content.read(LONGEST_PIECE):
        if with_line_feeds:
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            chunk = chunk.removesuffix(held).replace(b"\r\n", b"\n")
        yield chunk
    yield held if file.shape.ends_its_last_line else held + b"\n"


def is_issued_outside_of_rows(file: File, manifest: Row) -> bool:
    """Whether a file has the issued digest once it has the heading and the line ends of the issued one.

    No mark of a row that differs is no proof of that: a text can be made for a mark.
    """
    bom = BOM_UTF8 if manifest["after"].get("format") == "csv-bom" else b""
    beginnings = (bom + heading_of(columns_of(manifest)), bom + heading_in(file))
    digests = [(hashlib.sha256(one), hashlib.sha256(one)) for one in beginnings]
    in_quotes = False
    for raw, is_whole in lines_of(file):
        plain = raw.removesuffix(b"\n").removesuffix(b"\r") + b"\n" if is_whole else raw
        in_quotes ^= bool(raw.count(b'"') & 1)
        for by_rows, by_lines in digests:
            by_rows.update(raw if in_quotes else plain)
            by_lines.update(plain)
    return manifest["after"].get("sha256") in {one.hexdigest() for pair in digests for one in pair}


def heading_of(columns: tuple[str, ...]) -> bytes:
    """Write a heading as an export does."""
    cells = ('"{}"'.format(cell.replace('"', '""')) if set(',"\r\n') & set(cell) else cell for cell in columns)
    return (",".join(cells) + "\n").encode()


def heading_in(file: File) -> bytes:
    """Read the heading as it stands, ended by a line feed."""
    file.content.seek(file.shape.skipped)
    return file.content.readline(LONGEST_HEADING).removesuffix(b"\n").removesuffix(b"\r") + b"\n"


@dataclass
class Open:
    """A row that is being read: its marks so far, by its own bytes and with line feeds, and whether a quote is open."""

    raw: int = 0
    plain: int = 0
    mixed: int = 0
    in_quotes: bool = False
    is_whole: bool = False

    def take(self, raw: bytes, is_whole: bool) -> None:
        plain = raw.removesuffix(b"\n").removesuffix(b"\r") + b"\n" if is_whole else raw
        self.mixed = crc32(plain, self.raw)
        self.raw, self.plain = crc32(raw, self.raw), crc32(plain, self.plain)
        self.in_quotes ^= bool(raw.count(b'"') & 1)
        self.is_whole = is_whole and not self.in_quotes

    def mark(self, known: frozenset[int]) -> int:
        """The row's mark: by the line ends it was issued with, where they are known."""
        return next((one for one in (self.raw, self.mixed) if one in known), self.plain)


def marks_in(file: File, known: frozenset[int] = frozenset()) -> "array[int]":
    """Give the mark of each row after the heading, by the marks of the file it is compared with where they are known.

    A row may hold line feeds within quotes. A quote that was taken away makes not one row of all that follow: where a
    line within is a row that was issued, it is one here too.
    """
    found = array("I")
    row: Open | None = None
    rival: Open | None = None  # what may be a row of its own within one whose quotes never end
    for line, is_whole in lines_of(file):
        if row is None:
            row, rival = Open(), None
        else:
            rival = rival or Open()
            rival.take(line, is_whole)
        row.take(line, is_whole)
        if rival and rival.is_whole and rival.mark(known) in known:
            found.append(row.mark(known))
            row = rival
        if row.is_whole:
            found.append(row.mark(known))
            row = None
        elif rival and rival.is_whole:
            rival = None
        if len(found) > MOST_ROWS:
            raise Unreadable(f"{file.name} has more than {MOST_ROWS:,} rows.")
    found.extend([row.mark(known)] if row is not None else [])
    return found


def lines_of(file: File) -> Iterator[tuple[bytes, bool]]:
    """Read the lines after the heading, long ones in pieces; say with each whether a line ends with it."""
    file.content.seek(file.shape.skipped)
    is_heading = True
    while piece := file.content.readline(LONGEST_PIECE):
        is_whole = piece.endswith(b"\n") or len(piece) < LONGEST_PIECE
        if not is_heading:
            yield piece, is_whole
        is_heading = is_heading and not is_whole


@dataclass
class Sums:
    """The sums by asset. ``unreadable`` names the first row, counted from one, that could not be added up."""

    totals: dict[str, Decimal] = field(default_factory=dict)
    unreadable: int = 0


@dataclass(frozen=True)
class SumNow:
    """What one asset's amounts added up to when the file was issued, and do now."""

    asset: str
    issued: Decimal
    found: Decimal

    @property
    def difference(self) -> Decimal:
        with localcontext(prec=DIGITS):
            return self.found - self.issued


def compared_sums(manifest: Row, sums: Sums) -> list[SumNow]:
    """Put the sums of both files beside each other, asset by asset."""
    then = {asset: Decimal(text) for asset, text in (manifest["after"].get("sums") or {}).items()}
    assets = sorted(then.keys() | sums.totals.keys())
    return [SumNow(asset, then.get(asset, Decimal(0)), sums.totals.get(asset, Decimal(0))) for asset in assets]


def sums_of(file: File, manifest: Row) -> Sums | None:
    """Add a file's amounts up, as far as they can be read; None where nothing was added up when it was issued."""
    summed, cells = manifest["after"].get("summed") or {}, file.shape.cells
    if "sums" not in manifest["after"] or not {summed.get("amount"), summed.get("asset")} <= set(cells):
        return None
    amount, asset = cells.index(summed["amount"]), cells.index(summed["asset"])
    sums, row = Sums(), 0
    with localcontext(prec=DIGITS):
        try:
            for here in rows_of(file):
                row += 1
                add(sums.totals, here[asset], here[amount])
        except (csv.Error, UnicodeDecodeError):
            sums.unreadable = row + 1
        except (InvalidOperation, IndexError):
            sums.unreadable = row
    return sums


def rows_of(file: File) -> Iterator[list[str]]:
    """Read the rows after the heading strictly."""
    file.content.seek(file.shape.skipped)
    reader = csv.reader(texts(file.content), delimiter=file.shape.separator, strict=True)
    next(reader, None)
    yield from reader


def texts(content: IO[bytes]) -> Iterator[str]:
    """Give the lines as text.

    :raises csv.Error: for a line that no export has.
    """
    while line := content.readline(LONGEST_PIECE):
        if len(line) == LONGEST_PIECE:
            raise csv.Error("a line is too long")
        yield line.decode()


def add(totals: dict[str, Decimal], asset: str, amount: str) -> None:
    """Add one amount.

    :raises InvalidOperation: for what is no plain number.
    """
    if not amount:
        return
    if not NUMBER.fullmatch(amount):
        raise InvalidOperation
    name = MARKED_INSIDE.sub(r"\1", MARKED_IN_FRONT.sub("", asset))  # the text an export made safe for spreadsheets
    totals[name] = totals.get(name, Decimal(0)) + Decimal(amount)


# The bundle -----------------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """What was given is no bundle; the text says why."""


class Bundle:
    """The files of a bundle, in a zip or a folder."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        names = self._zip.namelist() if self._zip is not None else []
        if len(names) != len({name.casefold() for name in names}):
            raise Unreadable("The bundle holds two files of one name: other programs would read another one.")

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    def open(self, name: str) -> IO[bytes]:
        """Open one file.

        :raises Unreadable: when the bundle has none of this name.
        """
        try:
            if self._zip is not None:
                return self._zip.open(name)
            return (self._folder or Path()).joinpath(name).open("rb")
        except (KeyError, OSError) as error:
            raise Unreadable(f"The bundle has no {name}.") from error

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        if self._zip is not None:
            return name in self._zip.namelist()
        return (self._folder or Path()).joinpath(name).is_file()

    def seals(self, name: str) -> Iterator[Row]:
        """Read one seal per line.

        :raises Unreadable: for more than any log has.
        """
        for number, row in enumerate(self.lines(name), 1):
            if number > MOST_SEALS:
                raise Unreadable(f"The bundle cannot be read: {name} holds more seals than any log has.")
            yield row

    def lines(self, name: str) -> Iterator[Row]:
        """Read one JSON object per line."""
        with self.open(name) as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                yield read_json(line, f"line {number:,} of {name}")

    def object(self, name: str) -> Row:
        with self.open(name) as file:
            found: Row = read_json(file.read(LONGEST_LINE), name)
            return found


def read_json(text: bytes, where: str) -> Any:
    """Read JSON; a number of more digits than Python takes is none the log may hold, and stays a text.

    :raises Unreadable: for what no log holds, naming where it stands.
    """
    if len(text) == LONGEST_LINE:
        raise Unreadable(f"The bundle cannot be read: {where} is longer than any the product writes.")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Unreadable(f"The bundle cannot be read: {where} is nested deeper than any the product writes.") from error
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < LONGEST_NUMBER else digits)


def seals_of(bundle: Bundle, about: Row, keys: list[str], yours: list[Path]) -> Seals:
    inside = list(bundle.object("keys.json")["keys"].values())
    copies = {row["file"]: row for row in bundle.seals("second-place.jsonl")} if about["has_second_place"] else None
    return Seals(
        own=list(bundle.seals("seals.jsonl")),
        second_place=copies,
        yours=[seal for path in yours for seal in seals_in(path)],
        keys={key_id(key): key for key in map(public_key, keys or inside)},
        last={**last_seals(inside), **last_seals(keys)},
        set_aside=frozenset(about["set_aside"]),
        made_at=datetime.fromisoformat(about["made_at"]),
        known=tuple(keys),
    )


def last_seals(keys: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Read of former keys which seal was the last each signed.

    :raises Unreadable: for what is no key.
    """
    written = [(text, key_parts(text)) for text in keys]
    return {key_id(public_key(text)): (int(parts[1]), parts[2]) for text, parts in written if parts[1]}


def public_key(text: str) -> Ed25519PublicKey:
    """Read a public key of 32 bytes in Base64; a former one says after it which seal was its last.

    :raises Unreadable: for anything else.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(key_parts(text)[0], validate=True))
    except ValueError as error:
        raise Unreadable(f"“{text}” is no public Ed25519 key in Base64.") from error


def key_parts(text: str) -> tuple[str, str, str]:
    """Take KEY or KEY:NUMBER:HASH apart. What is written otherwise is no key: a bound must not be lost unseen.

    :raises Unreadable: for anything else.
    """
    match = KEY.fullmatch(text)
    if match is None:
        raise Unreadable(f"“{text}” is no key: write KEY, or KEY:NUMBER:HASH of a former one.")
    return match["key"], match["number"] or "", match["hash"] or ""


def key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def seals_in(path: Path) -> Iterator[Row]:
    """Read your own copies: a folder of seal files, or a file with one seal per line.

    :raises Unreadable: when there are none.
    """
    files = sorted(one for one in path.iterdir() if SEAL_NAME.fullmatch(one.name)) if path.is_dir() else [path]
    try:
        for file in files:
            for line in file.read_text("utf-8").splitlines():
                found = json.loads(line)
                yield {part: str(found[part]) for part in ("canonical", "hash", "signature")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{path} holds no seals that can be read.") from error


def check(bundle: Bundle, keys: list[str], yours: list[Path]) -> tuple[list[str], str, Log]:
    """Check a whole bundle: the faults, the sentence where there is none, and what was read."""
    faults, sentence, log, _notes = checked(bundle, keys, yours)
    return faults, sentence, log


def checked(bundle: Bundle, keys: list[str], yours: list[Path]) -> tuple[list[str], str, Log, list[str]]:
    """Check a whole bundle; beside it, say what the answer rests on."""
    about = bundle.object("log.json")
    if about["head"] is None:
        return ["The head of the log is missing."], "", Log(), []
    seals = seals_of(bundle, about, keys, yours)
    sealed = {seal["row"]["entry"] for seal in seals.own}
    log = read_log(bundle.lines("entries.jsonl"), about["head"], sealed)
    faults = [*filter(None, [log.fault]), *islice(seal_faults(seals, log), MOST_NAMED), *about["guards"]]
    return faults, intact(about["head"]["number"], seals.own), log, list(notes(seals, log))


def intact(entries: int, seals: list[Row]) -> str:
    if not entries:
        return "The audit log is empty."
    sentence = f"Intact from entry 1 to entry {entries:,}."
    if not seals:
        return sentence
    newest = seals[-1]["row"]["entry"]
    if len(seals) == 1:
        return f"{sentence} 1 seal agrees, of entry {newest:,}."
    return f"{sentence} All {len(seals):,} seals agree, the newest of entry {newest:,}."


def run(wanted: argparse.Namespace, say: Callable[[str], object]) -> int:
    """Check everything that was given, say it in sentences, and return the exit code."""
    with closing(Bundle(wanted.bundle)) as bundle:
        faults, sentence, log, said_beside = checked(bundle, wanted.key, wanted.seals)
        for one in [*(faults[:MOST_NAMED] or [sentence]), *said_beside]:
            say(one)
        answers = [say_of(path, log, bundle, say, is_doubtful=bool(faults)) for path in wanted.files]
    return 0 if not faults and all(answers) else 1


def say_of(path: Path, log: Log, bundle: Bundle, say: Callable[[str], object], *, is_doubtful: bool) -> bool:
    """Say what a file is, the answer first, what follows from it below; return whether it is untouched."""
    answer = verdict_of(path, log, bundle)
    doubt = " But the log that says so is not what was written: see above." if is_doubtful else ""
    say(f"{path}: {answer.sentences[0]}{doubt}")
    for one in answer.sentences[1:]:
        say(f"  {one}")
    return answer.is_untouched


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Check an audit log of the back office, and files exported from it.")
    parser.add_argument("bundle", type=Path, help="the zip that was downloaded, or the folder it was unpacked into")
    parser.add_argument("files", type=Path, nargs="*", help="exported files to check against their manifests")
    parser.add_argument("--key", action="append", default=[], help="KEY or KEY:NUMBER:HASH; may be repeated")
    parser.add_argument("--seals", action="append", default=[], type=Path, help="your own copy of seals")
    return parser


def main() -> int:
    """Run from the command line."""
    try:
        return run(arguments().parse_args(), lambda sentence: sys.stdout.write(f"{plain(sentence)}\n"))
    except Unreadable as error:
        sys.stderr.write(f"{plain(str(error))}\n")
    except Exception as error:  # noqa: BLE001 - whatever somebody put into a bundle: it is never taken for an answer
        sys.stderr.write(f"The bundle or a file cannot be read: {plain(repr(error))}\n")
    return 2


def plain(sentence: str) -> str:
    """Keep what a bundle holds from writing lines of its own, or over those that stand there."""
    return TURNING.sub("\N{REPLACEMENT CHARACTER}", HARMFUL.sub("\N{REPLACEMENT CHARACTER}", sentence))


if __name__ == "__main__":
    sys.exit(main())
