"""From typed rows to rows that could be made, or to every fault by row and column.

The checks are those of the form for one operation; what they look up is looked up once for the whole file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from backoffice.clients.models import Asset, Client
from backoffice.exports.csv import begins_a_formula
from backoffice.funding.bulk.reading import AMOUNT, ASSET, CLIENT, COLUMNS, REASON, TYPE, Fault, TypedRow, shown
from backoffice.funding.models import BulkRow, Kind
from backoffice.funding.policies import why_not_asset, why_not_client
from backoffice.money import AmountError, check_no_thousands, parse_typed_amount

LONGEST_REASON: Final = 500


class BadCell(ValueError):
    """A cell that cannot be taken. The text is a sentence for the person who typed it."""


@dataclass(frozen=True)
class GoodRow:
    """One row that could be made as it stands."""

    line: int
    kind: Kind
    client: Client
    asset: Asset
    amount: Decimal
    reason: str


@dataclass(frozen=True)
class Known:
    """The clients and assets that a file names and the mirror has."""

    clients: dict[str, Client]
    assets: dict[str, Asset]


def check(rows: Iterable[TypedRow]) -> tuple[list[GoodRow], list[Fault]]:
    """Return the rows that could be made, and what is wrong with the others. Two queries, however many rows."""
    typed = list(rows)
    known, good, faults = _known(typed), [], []
    for row in typed:
        checked, found = _checked(row, known)
        faults.extend(found)
        if checked is not None:
            good.append(checked)
    return good, faults


def no_longer_good(rows: Iterable[BulkRow]) -> list[Fault]:
    """Return what keeps rows from being made that were good when their file was uploaded. Asks nothing: clients and
    assets come with the rows."""
    return [fault for row in rows for fault in _faults_since(row)]


def _faults_since(row: BulkRow) -> list[Fault]:
    cells = [
        (CLIENT, row.client.partner_client_id, why_not_client(row.client)),
        (ASSET, row.asset_id, why_not_asset(row.asset, row.kind)),
    ]
    return [Fault(row.number, column, shown(typed), sentence) for column, typed, sentence in cells if sentence]


def _known(rows: list[TypedRow]) -> Known:
    names = {row.cells[CLIENT].strip() for row in rows}
    clients = Client.objects.filter(partner_client_id__in=names).defer("raw")
    assets = Asset.objects.defer("raw")
    return Known({one.partner_client_id: one for one in clients}, {one.asset_id: one for one in assets})


def _checked(row: TypedRow, known: Known) -> tuple[GoodRow | None, list[Fault]]:
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for column in COLUMNS:
        try:
            values[column] = _READERS[column](row.cells[column], known, values)
        except BadCell as error:
            faults.append(Fault(row.line, column, shown(row.cells[column]), str(error)))
    if faults:
        return None, faults
    return GoodRow(row.line, *(values[column] for column in COLUMNS)), []  # type: ignore[arg-type]


# One cell each ------------------------------------------------------------------------------------------------------


def _type(cell: str, _known: Known, _values: dict[str, object]) -> Kind:
    try:
        return Kind(cell.strip().lower())
    except ValueError as error:
        raise BadCell(_("Write deposit or withdrawal.")) from error


def _client(cell: str, known: Known, _values: dict[str, object]) -> Client:
    text = _plain(cell)
    if not text:
        raise BadCell(_("Say whose balance this is for: the client's id at CoinMENA."))
    if text not in known.clients:
        raise BadCell(_("There is no client with this id. Copy it from the client's page."))
    client = known.clients[text]
    _raise_if(why_not_client(client))
    return client


def _asset(cell: str, known: Known, values: dict[str, object]) -> Asset:
    text = _plain(cell)
    if text not in known.assets:
        raise BadCell(_("There is no such asset. Write its code as CoinMENA does, for example USD."))
    asset, kind = known.assets[text], values.get(TYPE)
    _raise_if(why_not_asset(asset, kind) if isinstance(kind, Kind) else "")
    return asset


def _amount(cell: str, _known: Known, values: dict[str, object]) -> Decimal:
    asset = values.get(ASSET)
    try:
        amount = parse_typed_amount(cell)
        if isinstance(asset, Asset):
            check_no_thousands(amount, asset.precision)
    except AmountError as error:
        raise BadCell(_(error.template) % error.parameters) from error
    return amount


def _reason(cell: str, _known: Known, _values: dict[str, object]) -> str:
    text = _plain(cell)
    if not text:
        raise BadCell(_("Say why, so that approvers and auditors understand it."))
    if len(text) > LONGEST_REASON:
        raise BadCell(_("At most %(most)d characters; this has %(found)d.") % _sizes(text))
    return text


def _sizes(text: str) -> dict[str, int]:
    return {"most": LONGEST_REASON, "found": len(text)}


def _plain(cell: str) -> str:
    """Return the cell without blanks around it, unless a spreadsheet would run it."""
    if begins_a_formula(cell):
        raise BadCell(_("A cell may not begin with =, +, - or @: a spreadsheet would run it as a formula."))
    return cell.strip()


def _raise_if(sentence: str) -> None:
    if sentence:
        raise BadCell(sentence)


_READERS: Final[dict[str, Callable[[str, Known, dict[str, object]], object]]] = {
    TYPE: _type,
    CLIENT: _client,
    ASSET: _asset,
    AMOUNT: _amount,
    REASON: _reason,
}
