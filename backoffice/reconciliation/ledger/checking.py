"""From typed rows of a ledger to entries, or to every fault by line and column.

What is looked up (clients, assets, references that count already) is looked up once for the whole file.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from backoffice.clients.models import Asset, Client
from backoffice.exports.csv import begins_a_formula
from backoffice.funding.bulk.reading import Fault, TypedRow, shown
from backoffice.money import AmountError, parse_typed_amount
from backoffice.reconciliation.ledger.mapping import (
    AMOUNT,
    ASSET,
    AT,
    CLIENT,
    COLUMNS,
    ISO,
    REFERENCE,
    STATUS,
    TIME_FORMS,
    TYPE,
    Mapping,
)

LONGEST_REFERENCE: Final = 128
#: Before it nothing was booked: a year that was typed with two digits, or a cell a spreadsheet took for a number.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(days=1)
_MINUS: Final = ("-", "\u2212")
_BLANK_GROUPS: Final = "[ \u00a0\u202f]"
_SHORTENED: Final = re.compile(r"[0-9][.,]?[0-9]*E\+?[0-9]+", re.IGNORECASE)


class Unreadable(ValueError):
    """A cell that cannot be taken. The text is a sentence for the person who typed it."""


@dataclass(frozen=True)
class GoodEntry:
    """One line that can stand in the ledger as it is."""

    line: int
    reference: str
    client: str
    kind: str
    asset: str
    amount: Decimal
    status: str
    booked_at: datetime


@dataclass(frozen=True)
class Standing:
    """An entry of the same ledger that counts already: in which file, on which line."""

    file: str
    line: int


@dataclass(frozen=True)
class Known:
    """What a file is checked against."""

    clients: frozenset[str]
    assets: frozenset[str]
    standing: dict[str, Standing]
    now: datetime


def known_to(rows: Iterable[TypedRow], standing: Callable[[set[str]], dict[str, Standing]], now: datetime) -> Known:
    """Look up what the rows name. Three queries, however many rows."""
    cells = [row.cells for row in rows]
    clients = Client.objects.filter(partner_client_id__in={cell[CLIENT].strip() for cell in cells})
    return Known(
        clients=frozenset(clients.values_list("partner_client_id", flat=True)),
        assets=frozenset(Asset.objects.values_list("asset_id", flat=True)),
        standing=standing({cell[REFERENCE].strip() for cell in cells}),
        now=now,
    )


def check(rows: Iterable[TypedRow], mapping: Mapping, known: Known) -> tuple[list[GoodEntry], list[Fault]]:
    """Return the entries, and what is wrong with the other lines."""
    good: list[GoodEntry] = []
    faults: list[Fault] = []
    first_lines: dict[str, int] = {}
    for row in rows:
        entry, found = _checked(row, mapping, known, first_lines)
        faults.extend(found)
        if entry is not None:
            good.append(entry)
    return good, faults


def _checked(
    row: TypedRow, mapping: Mapping, known: Known, first_lines: dict[str, int]
) -> tuple[GoodEntry | None, list[Fault]]:
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for column in COLUMNS:
        cell = row.cells.get(column, "")
        try:
            values[column] = _READERS[column](cell, mapping, known)
        except Unreadable as error:
            faults.append(Fault(row.line, column, shown(cell), str(error)))
    faults.extend(_contradiction(row, values, mapping))
    faults.extend(_doubled(row, values, known, first_lines))
    return (None, faults) if faults else (_entry(row.line, values), [])


def _entry(line: int, values: dict[str, object]) -> GoodEntry:
    amount = values[AMOUNT]
    assert isinstance(amount, Decimal)  # noqa: S101 - narrows the type; `_amount` gives nothing else
    kind = values[TYPE] or ("withdrawal" if amount < 0 else "deposit")
    return GoodEntry(
        line,
        values[REFERENCE],  # type: ignore[arg-type]
        values[CLIENT],  # type: ignore[arg-type]
        kind,  # type: ignore[arg-type]
        values[ASSET],  # type: ignore[arg-type]
        amount.copy_abs(),
        values[STATUS],  # type: ignore[arg-type]
        values[AT],  # type: ignore[arg-type]
    )


def _contradiction(row: TypedRow, values: dict[str, object], mapping: Mapping) -> list[Fault]:
    """Where both a column and the sign say the type they must say the same."""
    kind, amount = values.get(TYPE), values.get(AMOUNT)
    if not mapping.is_signed or not kind or not isinstance(amount, Decimal):
        return []
    if (kind == "withdrawal") == (amount < 0):
        return []
    sentence = _("The sign says the opposite of the type: in this ledger withdrawals are negative.")
    return [Fault(row.line, AMOUNT, shown(row.cells[AMOUNT]), sentence)]


def _doubled(row: TypedRow, values: dict[str, object], known: Known, first_lines: dict[str, int]) -> list[Fault]:
    """A reference stands once in a ledger: a second entry would make two pairs of one order."""
    reference = values.get(REFERENCE)
    if not isinstance(reference, str):
        return []
    first = first_lines.setdefault(reference, row.line)
    if first != row.line:
        sentence = _("Lines %(first)d and %(line)d carry the same reference. A movement has one line.")
        return [Fault(row.line, REFERENCE, shown(reference), sentence % {"first": first, "line": row.line})]
    standing = known.standing.get(reference)
    if standing is None:
        return []
    sentence = _("It counts already, on line %(line)d of %(file)s. Leave it out here, or withdraw that file first.")
    return [Fault(row.line, REFERENCE, shown(reference), sentence % {"line": standing.line, "file": standing.file})]


# One cell each ------------------------------------------------------------------------------------------------------


def _reference(cell: str, _mapping: Mapping, _known: Known) -> str:
    text = _plain(cell)
    if not text:
        raise Unreadable(_("Every line needs the reference under which it was sent to CoinMENA."))
    if _SHORTENED.fullmatch(text):
        raise Unreadable(_("A spreadsheet has shortened this number. Format the column as text and export it again."))
    if len(text) > LONGEST_REFERENCE:
        raise Unreadable(_("At most %(most)d characters; this has %(found)d.") % _sizes(text))
    return text


def _sizes(text: str) -> dict[str, int]:
    return {"most": LONGEST_REFERENCE, "found": len(text)}


def _client(cell: str, _mapping: Mapping, known: Known) -> str:
    text = _plain(cell)
    if not text:
        raise Unreadable(_("Say whose balance this moved: the client's id at CoinMENA."))
    if text not in known.clients:
        raise Unreadable(_("There is no client with this id. Copy it from the client's page."))
    return text


def _type(cell: str, mapping: Mapping, _known: Known) -> str:
    if TYPE not in mapping.columns:
        return ""
    kind = mapping.words.kind_of(cell)
    if kind is None:
        raise Unreadable(_("This ledger has no such word for a type. Correct it, or add it to the ledger's columns."))
    return kind


def _asset(cell: str, mapping: Mapping, known: Known) -> str:
    text = _plain(cell) if ASSET in mapping.columns else mapping.asset
    if text not in known.assets:
        raise Unreadable(_("There is no such asset. Write its code as CoinMENA does, for example USD."))
    return text


def _amount(cell: str, mapping: Mapping, _known: Known) -> Decimal:
    return amount_in(cell, mapping)


def amount_in(cell: str, mapping: Mapping) -> Decimal:
    """Read an amount as the ledger writes it, with its sign where the ledger has signs.

    :raises Unreadable: with a sentence that says what to change; nothing is ever rounded or guessed.
    """
    text = cell.strip()
    is_negative = mapping.is_signed and text.startswith(_MINUS)
    try:
        amount = parse_typed_amount(_with_point(text[1:].strip() if is_negative else text, mapping))
    except AmountError as error:
        raise Unreadable(_(error.template) % error.parameters) from error
    return amount.copy_negate() if is_negative else amount


def _with_point(text: str, mapping: Mapping) -> str:
    """Write a number with a point and no marks between thousands; only well-formed groups of three are taken away.

    :raises Unreadable: for a mark that stands elsewhere, or for another decimal sign than the ledger's.
    """
    whole, sign, decimals = text.partition(mapping.decimal_sign)
    mark = _BLANK_GROUPS if mapping.grouping == " " else re.escape(mapping.grouping)
    if mapping.grouping and re.search(mark, text):
        if not re.fullmatch(rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+", whole):
            raise Unreadable(_("The marks between the thousands stand in the wrong place, or are the decimal sign."))
        whole = re.sub(mark, "", whole)
    if mapping.decimal_sign == "," and not re.fullmatch(r"[0-9]+", whole + decimals):
        raise Unreadable(_("Write the amount in digits with a comma before the decimals, for example 1234,56."))
    return whole + ("." if sign else "") + decimals


def _at(cell: str, mapping: Mapping, known: Known) -> datetime:
    moment = moment_in(cell, mapping)
    if moment < EARLIEST:
        raise Unreadable(_("This lies before the year 2000. Write the year with four digits."))
    if moment > known.now + AHEAD:
        raise Unreadable(_("This lies in the future. Check the order of day and month."))
    return moment


def moment_in(cell: str, mapping: Mapping) -> datetime:
    """Read a time as the ledger writes it. One without an offset is in the ledger's zone.

    :raises Unreadable: for another form, and for a time that the zone's clocks skipped or showed twice.
    """
    text = cell.strip()
    if not text:
        raise Unreadable(_("Say when it was booked."))
    moment = _iso(text) if mapping.time_form == ISO else _by_form(text, mapping.time_form)
    if moment is None:
        form = "yyyy-mm-dd hh:mm:ss" if mapping.time_form == ISO else mapping.time_form
        raise Unreadable(_("Write the time as %(form)s, or change the form in the ledger's columns.") % {"form": form})
    return moment if moment.tzinfo else _in_zone(moment, mapping.zone, is_day_only=len(text) <= len("yyyy-mm-dd"))


def _iso(text: str) -> datetime | None:
    if not text.isascii() or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)", text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _by_form(text: str, name: str) -> datetime | None:
    if not text.isascii():
        return None
    for form in TIME_FORMS[name]:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the ledger's zone is added by the caller
        except ValueError:
            continue
    return None


def _in_zone(moment: datetime, name: str, *, is_day_only: bool) -> datetime:
    zone = ZoneInfo(name)
    first, second = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset() or is_day_only:
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        sentence = _("The clocks of %(zone)s skipped this time. Write it with its offset, or in UTC.")
    else:
        sentence = _("The clocks of %(zone)s showed this time twice. Write it with its offset, or in UTC.")
    raise Unreadable(sentence % {"zone": name})


def _status(cell: str, mapping: Mapping, _known: Known) -> str:
    if STATUS not in mapping.columns:
        return "completed"
    status = mapping.words.status_of(cell)
    if status is None:
        raise Unreadable(_("This ledger has no such word for a status. Correct it, or add it to the ledger's columns."))
    return status


def _plain(cell: str) -> str:
    """Return the cell without blanks around it, unless a spreadsheet would run it."""
    if begins_a_formula(cell):
        raise Unreadable(_("A cell may not begin with =, +, - or @: a spreadsheet would run it as a formula."))
    return cell.strip()


_READERS: Final[dict[str, Callable[[str, Mapping, Known], object]]] = {
    REFERENCE: _reference,
    CLIENT: _client,
    TYPE: _type,
    ASSET: _asset,
    AMOUNT: _amount,
    AT: _at,
    STATUS: _status,
}
