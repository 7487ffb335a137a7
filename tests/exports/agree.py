"""What every list's test asks: the table and the CSV say the same, row by row and digit by digit.

Needs the `committed` fixture: an export reads on a connection of its own, which sees committed rows only. ::

    def test_the_table_and_the_csv_of_orders_agree(committed: str) -> None:
        ...create rows...
        assert_table_and_csv_agree(ORDERS, orders_to_list())
"""

import csv
import io
import re
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.http.response import HttpResponseBase, StreamingHttpResponse

from backoffice.accounts.actors import System
from backoffice.exports.copying import compile_copy, is_quoted
from backoffice.exports.csv import defuse
from backoffice.exports.formats import pieces
from backoffice.exports.models import Format
from backoffice.exports.registry import Export
from backoffice.exports.snapshots import own_connection, snapshot_of
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish
from backoffice.ui.columns import FULL
from backoffice.ui.listing import Listing

NUMBER = re.compile(r"-?[0-9]{1,38}(\.[0-9]{1,18})?")


def assert_table_and_csv_agree(listing: Listing, queryset: QuerySet[Any], query: str = "") -> list[list[str]]:
    """Compare what COPY wrote with what the columns say in Python; return the rows of the file."""
    heading, *rows = parse(exported_bytes(listing, queryset, query))
    columns = listing.columns.exported
    assert heading == [column.header for column in columns]
    expected = [
        [defuse(column.exported_text(row)) if is_quoted(column) else column.exported_text(row) for column in columns]
        for row in wish_for(listing, queryset, query).rows()
    ]
    assert expected, "Nothing was compared: create rows first."
    assert len(rows) == len(expected)
    for number, (written, said) in enumerate(zip(rows, expected, strict=True), 1):
        assert written == said, f"row {number} of the file differs from the table"
    for place, column in enumerate(columns):
        if column.kind.is_numeric:
            assert all(NUMBER.fullmatch(row[place]) for row in rows if row[place]), f"{column.key} is no plain number"
    return rows


def wish_for(
    listing: Listing, queryset: QuerySet[Any], query: str = "", preset: str = FULL, as_: Format = Format.CSV
) -> Wish:
    """What somebody wants of these rows."""
    return Wish(Export(listing, lambda: queryset), QueryDict(query), System("tests"), preset, as_)


def exported_bytes(listing: Listing, queryset: QuerySet[Any], query: str = "") -> bytes:
    """The file, as COPY writes it for the filters in `query`."""
    return written(wish_for(listing, queryset, query))


def written(wish: Wish) -> bytes:
    """The file of a wish, in its format."""
    with own_connection() as connection, snapshot_of(connection) as taken:
        return b"".join(pieces(wish, compile_copy(wish), taken, Tally()))


def parse(file: bytes) -> list[list[str]]:
    """Read a CSV file strictly, heading first."""
    return list(csv.reader(io.StringIO(file.decode(), newline=""), strict=True))


def downloaded(response: HttpResponseBase) -> list[list[str]]:
    """Read the CSV an export view answered with, heading first, to its last byte."""
    assert isinstance(response, StreamingHttpResponse), f"no file, but status {response.status_code}"
    return parse(response.getvalue())
