"""Ledger files as finance teams make them, and the way from a file to its entries by the services."""

from backoffice.accounts.models import Person
from backoffice.reconciliation.ledger.mapping import Mapping, Words
from backoffice.reconciliation.models import LedgerFile, LedgerSource
from backoffice.reconciliation.services import ledger
from tests.reconciliation.rows import asset, client

HEADER = "Our reference,Client,Movement,Ccy,Amount,Booked at,Status"
COLUMNS = {
    "reference": "Our reference",
    "client": "Client",
    "type": "Movement",
    "asset": "Ccy",
    "amount": "Amount",
    "at": "Booked at",
    "status": "Status",
}
WORDS = Words(deposit=("in",), withdrawal=("out",), completed=("posted",), failed=("void",))
MAPPING = Mapping(columns=COLUMNS, words=WORDS)


def known() -> None:
    """Mirror the client and the assets the files name."""
    client("user_1")
    for one in ("USD", "BHD"):
        asset(one)


def line(number: int = 1, **cells: str) -> str:
    """One good line, with these cells said otherwise."""
    good = {
        "reference": f"dep-{number}",
        "client": "user_1",
        "type": "in",
        "asset": "USD",
        "amount": f"{number}.50",
        "at": "2026-11-18T12:00:00Z",
        "status": "posted",
    }
    return ",".join((good | cells).values())


def csv_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def opened(by: Person, name: str = "Treasury book", content: bytes | None = None) -> LedgerSource:
    """A ledger that was just made: its columns are guessed and not confirmed."""
    known()
    return ledger.open_ledger(name=name, file_name="book.csv", content=content or csv_of(line()), by=by)


def mapped(by: Person, mapping: Mapping = MAPPING, name: str = "Treasury book") -> LedgerSource:
    return ledger.map_columns(source_id=opened(by, name).pk, mapping=mapping, by=by)


def uploaded(by: Person, source: LedgerSource, *lines: str, name: str = "book.csv") -> LedgerFile:
    return ledger.upload(source_id=source.pk, name=name, content=csv_of(*lines), by=by).file


def accepted(by: Person, source: LedgerSource, *lines: str, name: str = "book.csv") -> LedgerFile:
    return ledger.accept(file_id=uploaded(by, source, *lines, name=name).pk, by=by)
