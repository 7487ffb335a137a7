#!/usr/bin/env python3
"""Check the audit log of the back office without the back office, and files that were exported from it.

    python3 verify_backoffice.py BUNDLE [FILE …] [--key BASE64 …] [--seals PLACE …]

BUNDLE is the zip from *Audit log → Verify → Download for checking elsewhere*, or the folder it was unpacked into.
FILE is an exported file: is it what was issued, was it changed, or was it never issued?
--key is a public key you know from elsewhere (the page *Verify* shows it, and you may have noted it long ago): only
seals that such a key signed are believed then. Without it the bundle's own keys are used, which proves that the log
agrees with its seals, but not who signed them.
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
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any

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
SEAL_NAME = re.compile(r"seal-([0-9]{9,18})(?:-[0-9a-f]{16})?\.json")
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
#: What would have a terminal show a sentence otherwise than it is.
TURNING = re.compile("[\u2028-\u202e\u2066-\u2069]")
#: No line of a bundle is as long: whoever made it does not choose how much memory is taken.
LONGEST_LINE = 64 * 1024 * 1024
LONGEST_NUMBER = 1_000
#: A log that is sealed has its first seal by then.
SEALED_WITHIN = timedelta(minutes=12)

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
        log.set_aside.update({str(one): number for one in (after if isinstance(after, dict) else {}).get("hashes", [])})
    if event in ("export.made", "export.broken"):
        manifest = {**row["row"], **said(row), "entry": number}
        log.manifests.extend([manifest] if isinstance(manifest["after"], dict) else [])


def fault_of(row: Row, links: tuple[Link, Link], after: Row | None, head: Row) -> str:
    """Say what is wrong with one entry, given the two before it and the one after it; empty when nothing is."""
    number, last = row["row"]["number"], links[1]
    if number <= last.number:
        return f"Entry {number:,} was inserted: the log begins with entry 1."
    if number != last.number + 1:
        return f"Entry {last.number + 1:,} is missing."
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
    are_keys_known: bool = False

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
        found = fault_of_seal(seal, before, seals, log) or fault_of_copy(seal, seals)
        if found:
            yield found + kept(found, row["entry"], entry, log)
        number, entry, prev = row["number"], row["entry"], seal["hash"]
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
        if seals.is_signed(copy) and said(copy).get("number") == number:
            yield stray(number, said(copy)["entry"], "in the second place only", seals, log)
        else:
            yield f"The second place holds a seal {number:,} that is not ours: {name}."
    for copy in seals.yours:
        if copy["hash"] in known and digest(copy["canonical"]) == copy["hash"]:
            continue
        if seals.is_signed(copy):
            yield stray(said(copy)["number"], said(copy)["entry"], "in your own copy only", seals, log)
        else:
            yield f"Seal {shown(said(copy).get('number'))} of your own copy is signed by none of the keys given here."


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
    if seals.own:
        newest = seals.own[-1]["row"]["at"]
        yield f"The newest seal says it is of {newest}, the bundle that it was made {seals.made_at}."
    elif log.head:
        yield "No seal vouches for it: this does not show that it was not written anew."
    if seals.second_place is None:
        yield "The second place of the seals was not looked at: the bundle says that there is none."
    entries = sorted({log.set_aside[one] for one in seals.set_aside & log.set_aside.keys()})
    if entries:
        yield f"Seals were set aside after a restore: read {', '.join(f'entry {one:,}' for one in entries)}."


# Exported files -------------------------------------------------------------------------------------------------------


def verdict_of(path: Path, manifests: list[Row]) -> tuple[bool, str]:
    """Say whether a file is what was issued, and in a sentence what it is."""
    sha256 = file_digest(path)
    alike = [one for one in manifests if one["after"].get("sha256") == sha256]
    whole = [one for one in alike if one["event"] == "export.made"]
    if whole:
        return True, untouched(path, whole[0])
    if alike:
        return False, "This file is the beginning of one that broke off on its way. It does not hold every row."
    return False, altered(path, [one for one in manifests if one["event"] == "export.made"])


def untouched(path: Path, manifest: Row) -> str:
    sentence = "This file is untouched: it is, byte for byte, what was issued here."
    if manifest["after"]["file"] != path.name:
        sentence += f" It was called {manifest['after']['file']} when it was issued."
    return f"{sentence} {issued(manifest)}"


def issued(manifest: Row) -> str:
    after = manifest["after"]
    return f"Entry {manifest['entry']:,}: {after['rows']:,} rows, issued to {manifest['who']} at {manifest['at']}."


def altered(path: Path, manifests: list[Row]) -> str:
    """Find the file this may once have been: by its name, then by its columns and number of rows."""
    match = EXPORT_NAME.search(path.name)
    named = [one for one in manifests if match and one["after"]["file"].startswith(f"{match[0]}.")]
    if named:
        sentence = "A file of this name was issued here, and this is not it: its bytes are others."
        return f"{sentence} {then_and_now(path, named[-1])}"
    shape = shape_of(path)
    alike = [one for one in manifests if shape == (one["after"]["columns"], one["after"]["rows"])]
    if alike:
        sentence = "A file of these columns and as many rows was issued here, and this is not it: its bytes are others."
        return f"{sentence} {issued(alike[-1])}"
    return "This file was never issued here: no manifest in the log has its digest, its name, or its columns and rows."


def then_and_now(path: Path, manifest: Row) -> str:
    """Compare rows and bytes with the manifest; which row differs only the product itself can tell."""
    after, (_columns, rows) = manifest["after"], shape_of(path)
    counted = f"{after['bytes']:,} bytes were issued, {path.stat().st_size:,} are here."
    if rows is not None:
        counted = f"{after['rows']:,} rows were issued, {rows:,} are here; {counted}"
    return f"{counted} {issued(manifest)}"


def shape_of(path: Path) -> tuple[list[str], int | None]:
    """Return the heading and the number of rows of a CSV file; nothing for another kind."""
    if path.suffix.lower() == ".xlsx":
        return [], None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            heading = next(reader, [])
            return heading, sum(1 for _row in reader)
    except (ValueError, csv.Error):
        return [], None


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    known = keys or list(bundle.object("keys.json")["keys"].values())
    copies = {row["file"]: row for row in bundle.lines("second-place.jsonl")} if about["has_second_place"] else None
    return Seals(
        own=list(bundle.lines("seals.jsonl")),
        second_place=copies,
        yours=[seal for path in yours for seal in seals_in(path)],
        keys={key_id(key): key for key in map(public_key, known)},
        set_aside=frozenset(about["set_aside"]),
        made_at=datetime.fromisoformat(about["made_at"]),
        are_keys_known=bool(keys),
    )


def public_key(text: str) -> Ed25519PublicKey:
    """Read a public key of 32 bytes in Base64.

    :raises Unreadable: for anything else.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise Unreadable(f"“{text}” is no public Ed25519 key in Base64.") from error


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
    is_well = not faults
    for path in wanted.files:
        is_untouched, verdict = verdict_of(path, log.manifests)
        is_well = is_well and is_untouched
        doubt = " But the log that says so is not what was written: see above." if faults and is_untouched else ""
        say(f"{path}: {verdict}{doubt}")
    return 0 if is_well else 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Check an audit log of the back office, and files exported from it.")
    parser.add_argument("bundle", type=Path, help="the zip that was downloaded, or the folder it was unpacked into")
    parser.add_argument("files", type=Path, nargs="*", help="exported files to check against their manifests")
    parser.add_argument("--key", action="append", default=[], help="a public key you know, in Base64; may be repeated")
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
