"""Read JSON without letting anything slip: no float, no duplicate key, no NaN, no second reading of a byte.

``json.loads`` on its own takes all of these in silence, and pydantic's own JSON reader goes through `float`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

JsonValue = None | bool | int | Decimal | str | list[Any] | dict[str, Any]

MAX_DEPTH: Final = 32
_MAX_NUMBER_LENGTH: Final = 100
_MAX_INTEGER_LENGTH: Final = 40
_BOUNDED_EXPONENT: Final = re.compile(r"[^eE]*(?:[eE][+-]?[0-9]{1,3})?")
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


class NotStrictJson(ValueError):
    """The bytes are not JSON, or JSON of a kind that two readers may read differently."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A value inside a document, with the bytes it was received as."""

    value: JsonValue
    raw: bytes


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Return the value `raw` holds; numbers with a point or an exponent become `Decimal`. Raises `NotStrictJson`."""
    return _parse(_decode(raw), max_depth)


def slices(raw: bytes, *path: str, max_depth: int = MAX_DEPTH) -> list[Slice]:
    """Return the items of the array at `path`, each with its exact bytes, as ``slices(raw, "data", "transactions")``.

    Raises `NotStrictJson` if there is no array.
    """
    text = _decode(raw)
    found = _at(_parse(text, max_depth), path)
    if not isinstance(found, list):
        raise NotStrictJson(f"no list at {'.'.join(path)}")
    spans = _item_spans(text, _locate(text, path))
    return [Slice(item, text[start:end].encode()) for item, (start, end) in zip(found, spans, strict=True)]


def slice_at(raw: bytes, *path: str, max_depth: int = MAX_DEPTH) -> Slice:
    """Return the object at `path` with its exact bytes. Raises `NotStrictJson` if there is no object."""
    text = _decode(raw)
    found = _at(_parse(text, max_depth), path)
    if not isinstance(found, dict):
        raise NotStrictJson(f"no object at {'.'.join(path)}")
    start = _locate(text, path)
    return Slice(found, text[start : _end_of_value(text, start)].encode())


def storable(value: JsonValue) -> tuple[JsonValue, bool]:
    """Return `value` as a JSON column can keep it, and whether anything had to be changed for that.

    A NUL or a lone surrogate becomes U+FFFD; a `Decimal` becomes its text, so that no database rewrites the number.
    """
    if isinstance(value, str):
        clean = storable_text(value)
        return clean, clean != value
    if isinstance(value, Decimal):
        return str(value), True
    if isinstance(value, list):
        return _storable_list(value)
    return _storable_object(value) if isinstance(value, dict) else (value, False)


def storable_text(text: str) -> str:
    """Return `text` with what PostgreSQL cannot store (NUL, lone surrogates) replaced by U+FFFD."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def _storable_list(values: list[Any]) -> tuple[JsonValue, bool]:
    pairs = [storable(value) for value in values]
    return [value for value, _ in pairs], any(changed for _, changed in pairs)


def _storable_object(members: dict[str, Any]) -> tuple[JsonValue, bool]:
    pairs = {storable_text(key): storable(value) for key, value in members.items()}
    changed = any(changed for _, changed in pairs.values()) or list(pairs) != list(members)
    return {key: value for key, (value, _) in pairs.items()}, changed


# Reading --------------------------------------------------------------------------------------------------------------


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotStrictJson("not UTF-8") from error
    if text.startswith("\ufeff"):
        raise NotStrictJson("begins with a byte order mark")
    return text


def _parse(text: str, max_depth: int) -> JsonValue:
    try:
        value = _STRICT.decode(text)
    except NotStrictJson:
        raise
    except RecursionError as error:
        raise NotStrictJson("nested too deeply") from error
    except ValueError as error:
        raise NotStrictJson("not JSON") from error
    _check_depth(value, max_depth)
    return value  # type: ignore[no-any-return]


def _check_depth(value: object, levels_left: int) -> None:
    if not isinstance(value, (dict, list)):
        return
    if not levels_left:
        raise NotStrictJson("nested too deeply")
    for child in value.values() if isinstance(value, dict) else value:
        _check_depth(child, levels_left - 1)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson("a key occurs twice")
    return members


def _decimal(text: str) -> Decimal:
    if len(text) > _MAX_NUMBER_LENGTH or not _BOUNDED_EXPONENT.fullmatch(text):
        raise NotStrictJson("a number is out of bounds")
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text) > _MAX_INTEGER_LENGTH:
        raise NotStrictJson("a number is out of bounds")
    return int(text)


def _refuse_constant(text: str) -> NoReturn:
    raise NotStrictJson(f"{text} is not JSON")


_STRICT: Final = json.JSONDecoder(
    parse_float=_decimal,
    parse_int=_integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_without_duplicates,
)

# Positions ------------------------------------------------------------------------------------------------------------
# Everything below walks text that `_parse` has accepted, so it may rely on the grammar.

_POSITIONS: Final = json.JSONDecoder()


def _at(value: JsonValue, path: tuple[str, ...]) -> JsonValue:
    for key in path:
        if not isinstance(value, dict) or key not in value:
            raise NotStrictJson(f"nothing at {'.'.join(path)}")
        value = value[key]
    return value


def _locate(text: str, path: tuple[str, ...]) -> int:
    """Return where the value at `path` begins."""
    start = _skip_blanks(text, 0)
    for key in path:
        start = next(value_start for name, value_start in _members(text, start) if name == key)
    return start


def _members(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield each key of the object at `start`, with the place where its value begins."""
    position = _skip_blanks(text, start + 1)
    while text[position] != "}":
        key, position = _POSITIONS.raw_decode(text, position)
        value_start = _skip_blanks(text, _skip_blanks(text, position) + 1)
        yield key, value_start
        position = _after_comma(text, _end_of_value(text, value_start))


def _item_spans(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the begin and end of each item of the array at `start`."""
    position = _skip_blanks(text, start + 1)
    while text[position] != "]":
        end = _end_of_value(text, position)
        yield position, end
        position = _after_comma(text, end)


def _end_of_value(text: str, start: int) -> int:
    return _POSITIONS.raw_decode(text, start)[1]


def _after_comma(text: str, position: int) -> int:
    position = _skip_blanks(text, position)
    return _skip_blanks(text, position + 1) if text[position] == "," else position


def _skip_blanks(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position
