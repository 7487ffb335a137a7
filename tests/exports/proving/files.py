"""Files that were issued, without a database to copy them from, and what somebody does to them."""

import codecs
import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.exports.copying import Totals
from backoffice.exports.manifests import Manifest, named
from backoffice.exports.models import Format
from backoffice.exports.proving.receiving import Received
from backoffice.exports.proving.services import Finding, find_out
from backoffice.exports.registry import Export
from backoffice.exports.tally import Tally
from tests.exports.jobs import wish

AS_OF = datetime(2026, 11, 19, 6, 58, 11, tzinfo=UTC)
HEADING = b"client,active,balance,100% asset,read_at\n"
AMOUNTS = ("-12500.00", "0", "99999999999999999999.999999999999999999", "1000.00", "-0.00000001", "7", "12.5")
#: Three clients with seven balances each; one name has a line feed in it.
ROWS = tuple(
    f'"{name}","BH",{amount},"A{place}",2026-11-19T11:34:12.345678Z\n'.encode()
    for name in ("Noura Al Khalifa", "two\nlines", "'=1+1")
    for place, amount in enumerate(AMOUNTS)
)


def issued(export: Export, by: Person, rows: Iterable[bytes] = ROWS, as_: Format = Format.CSV) -> bytes:
    """Write a file of these balances down as an export does, and give its bytes."""
    lines, tally = list(rows), Tally()
    content = (codecs.BOM_UTF8 if as_ is Format.CSV_BOM else b"") + b"".join([HEADING, *lines])
    tally.count(content)
    tally.mark(lines)
    tally.count_rows(len(lines))
    wanted = wish(export, by, as_=as_)
    Manifest(wanted, named(wanted)).write_down(tally, as_of=AS_OF, totals=Totals(len(lines), sums_of(lines)))
    return content


def sums_of(lines: Sequence[bytes]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    with localcontext(prec=60):
        for line in lines:
            amount, asset = line.decode().rsplit(",", 3)[1:3]
            sums[asset.strip('"')] = sums.get(asset.strip('"'), Decimal(0)) + Decimal(amount)
    return sums


def manifest() -> Entry:
    """The manifest made last."""
    return Entry.objects.filter(event="export.made").latest("number")


def received(content: bytes, name: str = "copy.csv") -> Received:
    return Received(name, io.BytesIO(content), len(content), hashlib.sha256(content).hexdigest())


def found(content: bytes, name: str = "copy.csv") -> Finding:
    """What a file turns out to be, without a word of it in the log."""
    return find_out(received(content, name))


def changed(place: int, was: bytes, now: bytes) -> bytes:
    """The file with one row changed, counted from one."""
    assert was in ROWS[place - 1]
    row = ROWS[place - 1].replace(was, now, 1)
    return b"".join([HEADING, *ROWS[: place - 1], row, *ROWS[place:]])
