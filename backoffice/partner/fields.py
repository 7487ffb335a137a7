"""How a partner's JSON becomes typed fields: decimals from their text, aware times, text a database can keep.

An absent key and a null mean the same, unknown keys are ignored (the raw bytes keep them), and an unknown status or
type is kept as its text: a partner may add words without telling us.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from backoffice.money import parse_partner_decimal, parse_smallest_units
from backoffice.partner.strict_json import Slice, storable_text

MAX_TEXT_LENGTH: Final = 500
MAX_IDENTIFIER_LENGTH: Final = 255
_DIGEST_LENGTH: Final = 16
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})")
#: What lies outside was never meant, and the first and last days of the calendar cannot be shown in every zone.
_YEARS: Final = range(1970, 2201)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _decimal(value: object) -> object:
    """A decimal string, or a JSON number, whose digits strict JSON has kept as well."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return value
    return parse_partner_decimal(str(value))


def _smallest_units(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return value
    return parse_smallest_units(str(value))


def _instant(value: object) -> object:
    """An ISO 8601 time with its offset; fractions beyond the microsecond are cut, as Python cannot hold them.

    pydantic takes nothing but a `ValueError` for an unreadable field.
    """
    if not isinstance(value, str):
        return value
    if not _INSTANT.fullmatch(value):
        raise ValueError("not a date and time with its offset from UTC")
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time that no calendar holds") from error
    if moment.year not in _YEARS:
        raise ValueError("a time outside the years 1970 to 2200")
    return moment


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _DAY.fullmatch(value):
        raise ValueError("not a date")
    return date.fromisoformat(value)


def text_for_people(text: str, limit: int = MAX_TEXT_LENGTH) -> str:
    """Return `text` storable and at most `limit` characters long, the cut marked by an ellipsis."""
    clean = storable_text(text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _identifier(text: str) -> str:
    """Return `text` short enough for an index; two long ones stay different by a digest of the whole."""
    clean = storable_text(text)
    if len(clean) <= MAX_IDENTIFIER_LENGTH:
        return clean
    digest = hashlib.sha256(clean.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{clean[: MAX_IDENTIFIER_LENGTH - _DIGEST_LENGTH - 1]}…{digest}"


def _if_text(clean: Callable[[str], str]) -> BeforeValidator:
    return BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)


PartnerDecimal = Annotated[Decimal, BeforeValidator(_decimal)]
SmallestUnits = Annotated[Decimal, BeforeValidator(_smallest_units)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, _if_text(text_for_people)]
Identifier = Annotated[str, _if_text(_identifier)]
RowNumber = Annotated[int, Field(gt=0, lt=2**63)]


class Payload(BaseModel):
    """Something a partner said, typed; `raw` holds the bytes it said it in."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    raw: bytes = Field(repr=False)

    @classmethod
    def from_slice(cls, received: Slice) -> Self:
        """Return the typed form of a JSON object. Raises pydantic's `ValidationError`."""
        members = received.value if isinstance(received.value, dict) else {}
        return cls.model_validate({**members, "raw": received.raw})
