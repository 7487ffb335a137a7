"""What a manifest says, read so that whatever somebody made of its entry breaks nothing: a fact that is not of the kind
it was written with is left out.

The text of the entry counts where its hash vouches for it, as it does in the offline verifier; else its columns do.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from backoffice.audit.canonical import digest
from backoffice.audit.models import Entry

#: No sum of rows that fit into a file has more digits.
AMOUNT: Final = re.compile(r"-?[0-9]{1,80}(\.[0-9]{1,40})?", re.ASCII)
MOST: Final = 10**15


def told_by(entry: Entry) -> dict[str, Any]:
    """Return what the text of an entry says where its hash vouches for it; nothing where it does not."""
    return fields_in(entry.canonical) if digest(entry.canonical) == entry.hash else {}


def facts_of(entry: Entry) -> dict[str, Any]:
    """Return the facts of a manifest."""
    said = (told_by(entry).get("after"), entry.after, fields_in(entry.canonical).get("after"))
    return facts_in(next((one for one in said if isinstance(one, dict)), {}))


def fields_in(canonical: str) -> dict[str, Any]:
    """Read a canonical text; nothing where it is none."""
    try:
        found = json.loads(canonical)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def facts_in(said: dict[str, Any]) -> dict[str, Any]:
    """Keep the facts that are of the kind they were written with."""
    return {name: said[name] for name, is_one in KINDS.items() if name in said and is_one(said[name])}


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and parse_datetime(value) is not None
    except ValueError:
        return False


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < MOST


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def are_named_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_text, value.values()))


def are_sums(value: Any) -> bool:
    return are_named_texts(value) and all(map(AMOUNT.fullmatch, value.values()))


KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "as_of": is_moment,
    "bytes": is_count,
    "columns": are_texts,
    "export": is_text,
    "file": is_text,
    "filter": is_text,
    "format": is_text,
    "rows": is_count,
    "sha256": is_text,
    "summed": are_named_texts,
    "sums": are_sums,
}
