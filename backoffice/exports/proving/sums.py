"""What the amounts of a file add up to now, as its manifest says they once did."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import IO, Final

from backoffice.exports.csv import undefuse
from backoffice.exports.proving.issued import Issued
from backoffice.exports.proving.records import LONGEST_PIECE
from backoffice.exports.proving.shapes import Shape

NUMBER: Final = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,30})?", re.ASCII)
#: More digits than any sum of rows that fit into a file can have.
DIGITS: Final = 120


class NotANumber(ValueError):
    """An amount is no plain number."""


@dataclass
class Sums:
    """The sums by asset. ``unreadable`` names the first row, counted from one, that could not be added up."""

    totals: dict[str, Decimal] = field(default_factory=dict)
    unreadable: int = 0


@dataclass(frozen=True)
class SumNow:
    """What one asset's amounts added up to when the file was issued, and do now."""

    asset: str
    issued: Decimal
    found: Decimal

    @property
    def difference(self) -> Decimal:
        with localcontext(prec=DIGITS):
            return self.found - self.issued


def compared(issued: Issued, sums: Sums) -> list[SumNow]:
    """Put the sums of both files beside each other, asset by asset."""
    then = {asset: Decimal(text) for asset, text in issued.sums.items()}
    assets = sorted(then.keys() | sums.totals.keys())
    return [SumNow(asset, then.get(asset, Decimal(0)), sums.totals.get(asset, Decimal(0))) for asset in assets]


def sums_of(content: IO[bytes], shape: Shape, issued: Issued) -> Sums | None:
    """Add a file's amounts up, as far as they can be read; None where nothing was added up when it was issued."""
    if "sums" not in issued.said or not all(issued.summed) or not set(issued.summed) <= set(shape.cells):
        return None
    amount, asset = map(shape.cells.index, issued.summed)
    sums, row = Sums(), 0
    with localcontext(prec=DIGITS):
        try:
            for cells in rows_of(content, shape):
                row += 1
                add(sums.totals, cells[asset], cells[amount])
        except (csv.Error, UnicodeDecodeError):
            sums.unreadable = row + 1
        except (NotANumber, IndexError):
            sums.unreadable = row
    return sums


def rows_of(content: IO[bytes], shape: Shape) -> Iterator[list[str]]:
    """Read the rows after the heading strictly."""
    content.seek(shape.skipped)
    reader = csv.reader(texts(content), delimiter=shape.separator, strict=True)
    next(reader, None)
    yield from reader


def texts(content: IO[bytes]) -> Iterator[str]:
    """Give the lines as text.

    :raises csv.Error: for a line that no file of ours has.
    """
    while line := content.readline(LONGEST_PIECE):
        if len(line) == LONGEST_PIECE:
            raise csv.Error("a line is too long")
        yield line.decode()


def add(totals: dict[str, Decimal], asset: str, amount: str) -> None:
    """Add one amount.

    :raises NotANumber: for what is no plain number.
    """
    if not amount:
        return
    if not NUMBER.fullmatch(amount):
        raise NotANumber
    name = undefuse(asset)
    totals[name] = totals.get(name, Decimal(0)) + Decimal(amount)
