"""Say of a bad entry what is wrong with it: which field, what it was and what it is, or what became of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import DateTimeField, JSONField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from backoffice.audit.canonical import VERSION, canonical_text, digest, plain
from backoffice.audit.models import FIRST_HASH, Entry

#: The columns that make up the canonical text of version 1.
FIELDS: Final = (
    "number",
    "at",
    "event",
    "person_id",
    "who",
    "role",
    "delegate_of",
    "address",
    "request_id",
    "object_type",
    "object_id",
    "client",
    "before",
    "after",
    "reason",
    "result",
    "version",
    "prev",
)
#: Columns that pages read more leniently than verification does.
AS_THEY_ARE: Final[dict[str, Callable[[], Any]]] = {
    "at": DateTimeField,
    "before": JSONField,
    "after": JSONField,
}
LONGEST_VALUE: Final = 80

Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """Something that is not what was written. ``number`` is the first entry that is wrong or no longer vouched for,
    0 where it is no entry; ``field`` what of it."""

    number: int
    field: str
    sentence: str


@dataclass(frozen=True)
class Link:
    """What an entry must follow."""

    number: int = 0
    hash: str = FIRST_HASH


@dataclass(frozen=True)
class Around:
    """The entries around a bad one: the two before it, and the hash that whatever comes next holds of it."""

    second_last: Link
    last: Link
    hash_held: str | None


def rows_from(number: int, until: int) -> Iterator[Row]:
    """Read entries after one number up to another, in order, with their columns as they are.

    :raises ValueError, RecursionError: for columns that Python cannot take.
    """
    found = Entry.objects.filter(number__gt=number, number__lte=until).order_by("number")
    exact = {f"exact_{name}": Cast(name, kind()) for name, kind in AS_THEY_ARE.items()}
    plain_ones = [name for name in FIELDS if name not in AS_THEY_ARE]
    for row in found.values(*plain_ones, "canonical", "hash", **exact).iterator(chunk_size=2_000):
        yield {**row, **{name: row[f"exact_{name}"] for name in AS_THEY_ARE}}


def is_bad(row: Row, last: Link) -> bool:
    """Whether an entry is wrong: what the SQL pass asks of each, asked again of few."""
    return row["number"] != last.number + 1 or row["prev"] != last.hash or not is_sound(row)


def is_sound(row: Row) -> bool:
    """Whether an entry's hash, text, version and columns agree, whatever stands around it."""
    return row["version"] == VERSION and digest(row["canonical"]) == row["hash"] and not differences(row)


def name_fault(row: Row, around: Around) -> Fault:
    """Say what is wrong with the first bad entry."""
    number, last = row["number"], around.last
    if number <= last.number:
        return fault(number, "number", _("Entry %(entry)s was inserted: the log begins with entry 1."))
    if number != last.number + 1:
        return fault(last.number + 1, "number", _("Entry %(entry)s is missing."))
    if digest(row["canonical"]) != row["hash"]:
        return text_or_hash(row)
    if row["version"] != VERSION:
        return fault(number, "version", _("Entry %(entry)s was changed: no form of an entry has its version."))
    return misplaced(row, around) or changed(row, around) or broken_link(row, around)


def text_or_hash(row: Row) -> Fault:
    """Tell a text that was changed from a hash that was."""
    if not differences(row):
        return fault(row["number"], "hash", _("Entry %(entry)s was changed: its hash is not that of its text."))
    return fault(row["number"], "canonical", _("Entry %(entry)s was changed: its text does not give its hash."))


def misplaced(row: Row, around: Around) -> Fault | None:
    """Find an entry that was written under another number."""
    was = said(row).get("number")
    if was == row["number"] or not isinstance(was, int):
        return None
    inserted = pushed_in(row, around)
    if inserted:
        return inserted
    sentence = _("Entry %(entry)s was written as entry %(was)s: entries were put in another order, or some inserted.")
    return fault(row["number"], "number", sentence, was=f"{was:,}")


def changed(row: Row, around: Around) -> Fault | None:
    """Find a field that is not what the text says, where the entries around vouch for the text."""
    found = differences(row)
    if not found:
        return None
    if around.hash_held not in (None, row["hash"]):
        return rewritten(row["number"])
    path, was, now = narrowed(found, said(row).get(found), plain(as_written(row[found])))
    sentence = _("Entry %(entry)s was changed: %(field)s was %(was)s and is %(now)s now.")
    return fault(row["number"], found, sentence, name=path, was=shown(was), now=shown(now))


def broken_link(row: Row, around: Around) -> Fault:
    """Say which of two entries that do not follow each other is the wrong one."""
    number, last = row["number"], around.last
    inserted = pushed_in(row, around)
    if inserted:
        return inserted
    if not last.number:
        return fault(number, "prev", _("Entry %(entry)s was rewritten: the log does not begin with it."))
    if around.hash_held in (None, row["hash"]):
        return rewritten(last.number)
    return rewritten(number)


def pushed_in(row: Row, around: Around) -> Fault | None:
    """Find the entry before to be none of the log's: this one follows the one before that."""
    last, second = around.last, around.second_last
    if not last.number or row["prev"] != second.hash:
        return None
    sentence = _("Entry %(entry)s was inserted: what comes after it follows entry %(before)s.")
    if not second.number:
        sentence = _("Entry %(entry)s was inserted: what comes after it begins the log.")
    return fault(last.number, "number", sentence, before=f"{second.number:,}")


def rewritten(number: int) -> Fault:
    return fault(number, "hash", _("Entry %(entry)s was rewritten: what comes after it holds another hash of it."))


# Fields ---------------------------------------------------------------------------------------------------------------


def said(row: Row) -> dict[str, Any]:
    """Return what the canonical text says; nothing where it is none."""
    try:
        found = json.loads(row["canonical"])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def differences(row: Row) -> str:
    """Name the first column that is not what the canonical text says; empty when all are."""
    fields = {name: as_written(row[name]) for name in FIELDS}
    if canonical_text(fields) == row["canonical"]:
        return ""
    told = said(row)
    return next(
        (name for name in FIELDS if name not in told or text_of(told[name]) != text_of(plain(fields[name]))), "number"
    )


def as_written(value: Any) -> Any:
    """Keep a number with decimals from looking like any that the log may hold."""
    match value:
        case float():
            return repr(value)
        case dict():
            return {name: as_written(one) for name, one in value.items()}
        case list():
            return [as_written(one) for one in value]
    return value


def text_of(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def narrowed(name: str, was: Any, now: Any) -> tuple[str, Any, Any]:
    """Follow a difference into objects, so that a single value is named: ``after.amount``."""
    while isinstance(was, dict) and isinstance(now, dict):
        key = next((key for key in sorted({*was, *now}) if text_of(was.get(key)) != text_of(now.get(key))), None)
        if key is None:
            break
        name, was, now = f"{name}.{key}", was.get(key), now.get(key)
    return name, was, now


def shown(value: Any) -> str:
    """Write a value for a sentence: text in quotes, nothing as a word, long ones cut."""
    if value in (None, ""):
        return _("empty")
    text = value if isinstance(value, str) else text_of(value)
    short = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    return f"“{short}”" if isinstance(value, str) else short


def fault(number: int, field: str, sentence: str, *, name: str = "", **words: str) -> Fault:
    return Fault(number, field, sentence % {"entry": f"{number:,}", "field": name or field, **words})
