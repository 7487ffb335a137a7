"""Rows told apart by their marks: whatever one digit is changed in whatever row, that row is named and no other."""

import csv
import io
from array import array
from typing import Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.exports.proving import records
from backoffice.exports.proving.comparing import Change, Comparison, Region, compare
from backoffice.exports.proving.records import LONGEST_PIECE, Records, records_of, text_at
from backoffice.exports.proving.restoring import restored
from backoffice.exports.proving.shapes import shape_of

#: A machine that is busy is no fault of the rows.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HEADING = b"reference,amount,note\n"
ROWS = [b'"dep-1",1250.00,"first"\n', b'"dep-2",-3.50,"two\nlines"\n', b'"dep-3",0.00,"say ""no"""\n', b'"d",7,""\n']
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=8).map(lambda amount: format(amount, "f"))
lines = st.lists(st.tuples(texts, amounts, texts), min_size=1, max_size=30)


def written(rows: list[tuple[str, str, str]]) -> list[bytes]:
    """The rows as COPY writes them: texts in quotes, numbers bare."""
    return [row_of(row) for row in rows]


def row_of(row: tuple[str, str, str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow([row[0], "amount", row[2]])
    return out.getvalue().replace('"amount"', row[1], 1).encode()


def marks_of(rows: list[bytes]) -> "array[int]":
    return array("I", map(crc32, rows))


def read(content: bytes, known: Any = frozenset()) -> Records:
    return records_of(io.BytesIO(content), shape_of(io.BytesIO(content), len(content)), known)


def difference(issued: list[bytes], content: bytes) -> Comparison:
    marks = marks_of(issued)
    return compare(marks, read(content, frozenset(marks)).marks)


@unhurried
@given(rows=lines, pick=st.data())
def test_one_changed_digit_is_located_to_its_row(rows: list[tuple[str, str, str]], pick: st.DataObject) -> None:
    issued = written(rows)
    place = pick.draw(st.integers(0, len(issued) - 1))
    row = issued[place]
    digit = pick.draw(st.sampled_from([at for at, byte in enumerate(row) if byte in b"0123456789"]))
    other = pick.draw(st.sampled_from([byte for byte in b"0123456789" if byte != row[digit]]))
    changed = row[:digit] + bytes([other]) + row[digit + 1 :]
    said = difference(issued, HEADING + b"".join([*issued[:place], changed, *issued[place + 1 :]]))
    assert said == Comparison(Change.ROWS, (Region(place + 1, 1),))
    assert restored(changed.removesuffix(b"\n"), crc32(row)) == row.removesuffix(b"\n")


@unhurried
@given(rows=lines)
def test_the_rows_of_an_untouched_file_are_those_issued(rows: list[tuple[str, str, str]]) -> None:
    issued = written(rows)
    assert read(HEADING + b"".join(issued)).marks == marks_of(issued)


@unhurried
@given(rows=lines)
def test_line_ends_of_windows_change_no_row(rows: list[tuple[str, str, str]]) -> None:
    issued = [row.replace(b"\r", b"") for row in written(rows)]
    saved = (HEADING + b"".join(issued)).replace(b"\n", b"\r\n")
    assert difference(issued, saved).change is Change.NONE


def test_a_carriage_return_that_was_issued_within_quotes_stays_one() -> None:
    issued = [b'"a\r\nb",1,""\n', b'"c",2,""\n']
    assert difference(issued, HEADING + b"".join(issued)).change is Change.NONE
    ends_alone = HEADING + issued[0].removesuffix(b"\n") + b"\r\n" + issued[1]
    assert difference(issued, ends_alone).change is Change.NONE


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS, Comparison(Change.NONE)),
        ([ROWS[1], ROWS[0], *ROWS[2:]], Comparison(Change.ORDER, (Region(1, 2),))),
        (ROWS[:1] + ROWS[2:], Comparison(Change.REMOVED, (), Region(2, 1))),
        (ROWS[:2], Comparison(Change.REMOVED, (), Region(3, 2))),
        ([], Comparison(Change.REMOVED, (), Region(1, 4))),
        ([*ROWS, b'"x",1,""\n'], Comparison(Change.ADDED, (Region(5, 1),), Region(5, 0))),
        ([ROWS[0], ROWS[0], *ROWS[1:]], Comparison(Change.ADDED, (Region(2, 1),), Region(2, 0))),
        ([ROWS[0], b'"x",1,""\n', ROWS[3]], Comparison(Change.REPLACED, (Region(2, 1),), Region(2, 2))),
        ([ROWS[0], b'"x",1,""\n', ROWS[2], b"y\n"], Comparison(Change.ROWS, (Region(2, 1), Region(4, 1)))),
    ],
)
def test_what_happened_to_the_rows_is_named(rows: list[bytes], said: Comparison) -> None:
    assert difference(ROWS, HEADING + b"".join(rows)) == said


PLAIN = [b'"dep-%d",%d.00,"note"\n' % (number, number) for number in range(6)]


@pytest.mark.parametrize("place", range(len(PLAIN)))
def test_a_quote_taken_away_spoils_its_own_row_alone(place: int) -> None:
    changed = PLAIN[place].replace(b'"', b"", 1)
    said = difference(PLAIN, HEADING + b"".join([*PLAIN[:place], changed, *PLAIN[place + 1 :]]))
    assert said == Comparison(Change.ROWS, (Region(place + 1, 1),))


@pytest.mark.parametrize("place", range(len(ROWS)))
def test_where_rows_hold_line_feeds_a_missing_quote_spoils_no_row_further_down(place: int) -> None:
    changed = ROWS[place].replace(b'"', b"", 1)
    said = difference([*ROWS, *PLAIN], HEADING + b"".join([*ROWS[:place], changed, *ROWS[place + 1 :], *PLAIN]))
    assert said.count <= 2
    assert place in said.places


def test_a_line_without_end_is_read_in_pieces() -> None:
    found = read(HEADING + b"x" * (2 * LONGEST_PIECE) + b"\n" + ROWS[0])
    assert found.marks == marks_of([b"x" * (2 * LONGEST_PIECE) + b"\n", ROWS[0]])
    assert list(found.lines) == [2, 3]


def test_a_row_is_found_again_with_its_line() -> None:
    content = HEADING + b"".join(ROWS)
    found = read(content)
    assert list(found.lines) == [2, 3, 5, 6]
    assert text_at(io.BytesIO(content), found, 1, 100) == ROWS[1].removesuffix(b"\n")
    assert text_at(io.BytesIO(content), found, 3, 3) == b'"d"'


@pytest.mark.parametrize(
    ("was", "now"),
    [(b"1250.00", b"1750.00"), (b"1250.00", b"125.00"), (b"1250.00", b"12250.00"), (b"-3.5", b"3.5x")],
)
def test_what_a_row_said_is_worked_out_where_one_character_explains_it(was: bytes, now: bytes) -> None:
    expected = was if b"x" not in now else None
    assert restored(b"a," + now, crc32(b"a," + was + b"\n")) == (b"a," + expected if expected else None)


def test_too_many_lines_are_refused_before_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_ROWS", 3)
    monkeypatch.setattr(records, "lines_of", None)  # reading a line would fail
    content = io.BytesIO(b"a,b\n" + b"\n" * 4)
    with pytest.raises(records.TooManyRows):
        records_of(content, shape_of(content, 8))
