"""The defence against formulas: one corpus for a text and for the rows that COPY writes (security.md §4, S23)."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Literal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.exports.csv import (
    BLANKS,
    FORMULA,
    SEPARATORS,
    TRIGGERS,
    begins_a_formula,
    defuse,
    defused_rows,
    undefuse,
)

DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://evil","x")',
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "-",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "\r\nx",
    " =1",
    "   +1",
    "\u00a0=1",
    "\u3000@x",
    "\ufeff=1",
    "\u200b=1",
    "\u202e=1",
    "\x0b-2",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " ＝1",
    '=";"\nx',
    *TRIGGERS,
]
#: What a program that splits at another separator than ours would begin a cell with, and how it is made safe.
INSIDE = {
    "x;=1": "x;'=1",
    "x;=1+1;y": "x;'=1+1;y",
    "x\t=cmd|' /C calc'!A0": "x\t'=cmd|' /C calc'!A0",
    "x,=1": "x,'=1",
    "x|@SUM(A1)": "x|'@SUM(A1)",
    "x\n=1": "x\n'=1",
    "x\r\n-2": "x\r\n'-2",
    "x; +1": "x;' +1",
    "x;\u00a0＝1": "x;'\u00a0＝1",
    'x;"=1";y': 'x;\'"=1";y',
    'x; ""=1': 'x;\' ""=1',
    "x;\t=1": "x;\t'=1",
    ";=1;=2,-3": ";'=1;'=2,'-3",
    "\t=1": "'\t'=1",
    "\n=1": "'\n'=1",
    "=1;=2": "'=1;'=2",
    "'=1": "''=1",
    "x;'=1": "x;''=1",
}
HARMLESS = [
    "",
    " ",
    "plain",
    "Noura Al Khalifa",
    "نورة",
    "a=1",
    "1-2",
    "0",
    "~",
    '"=1"',
    "dep-2026-z6t1n8bc",
    "é=1",
    "_x",
    "[1]",
    "%s",
    "#N/A",
    "x; y, z | _",
    "x;y=1",
    "first line\r\n\r\nsecond line",
    "it's",
]
CORPUS = [*DANGEROUS, *INSIDE, *HARMLESS]
DIALECTS = ",;\t|"


def copied(texts: Sequence[str | None]) -> list[bytes]:
    """Rows as COPY writes them: each text between a number below zero, an empty cell and another text."""
    rows = "SELECT -5.00 AS amount, cell, NULL AS nothing, cell || '' AS again FROM unnest(%s::text[]) AS cell"
    statement = f"COPY ({rows}) TO STDOUT WITH (FORMAT csv, FORCE_QUOTE (cell, nothing, again))"
    with connection.cursor() as cursor, cursor.copy(statement, [list(texts)]) as copy:
        return [bytes(row) for row in copy]


def parsed(rows: Iterable[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(rows).decode(), newline=""), strict=True))


def safe(texts: Sequence[str]) -> list[list[str]]:
    """What a strict parser is to find of `copied` once its rows are safe."""
    return [["-5.00", defuse(text), "", defuse(text)] for text in texts]


@pytest.mark.parametrize("text", DANGEROUS)
def test_it_puts_an_apostrophe_before_what_a_spreadsheet_would_run(text: str) -> None:
    assert defuse(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_it_leaves_other_text_as_it_is(text: str) -> None:
    assert defuse(text) == text


@pytest.mark.parametrize(("text", "safe"), INSIDE.items())
def test_it_puts_an_apostrophe_before_what_another_separator_would_make_a_cell_of(text: str, safe: str) -> None:
    assert defuse(text) == safe


@pytest.mark.parametrize("text", CORPUS)
def test_every_text_can_be_had_back(text: str) -> None:
    assert undefuse(defuse(text)) == text


def test_a_formula_is_told_from_a_cell_that_merely_holds_one() -> None:
    assert [text for text in CORPUS if begins_a_formula(text)] == [*DANGEROUS, "\t=1", "\n=1", "=1;=2"]


def test_each_text_of_the_corpus_is_safe_in_its_row_and_read_back_by_a_strict_parser(db: None) -> None:
    texts = CORPUS + [f"{blank}={blank}" for blank in BLANKS] + [chr(code) for code in range(1, 0x100)]
    assert parsed(defused_rows(copied(texts), 4)) == safe(texts)
    for row, expected in zip(copied(texts), safe(texts), strict=True):
        assert parsed(defused_rows([row], 4)) == [expected]


near_the_rule = st.text(st.sampled_from(BLANKS + TRIGGERS + SEPARATORS + "'\"aZ09~ é"), max_size=8)
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(texts=st.lists(near_the_rule | any_text, min_size=1, max_size=40))
def test_any_texts_are_safe_in_their_rows(db: None, texts: list[str]) -> None:
    assert parsed(defused_rows(copied(texts), 4)) == safe(texts)


@settings(max_examples=500, deadline=None)
@given(text=near_the_rule | any_text)
def test_any_text_is_safe_in_a_row_of_its_own(text: str) -> None:
    assert defused_rows([f"{as_written(text)},7\n".encode()], 2) == [f"{as_copied(text)},7\n".encode()]


def test_rows_whose_texts_are_harmless_are_not_taken_apart(db: None) -> None:
    rows = copied(["dep-2026-z6t1n8bc", "Noura Al Khalifa (Muharraq)", "نورة آل خليفة", "Åse", "株式会社", "~"])
    assert defused_rows(rows, 4) is rows


def test_beside_one_that_is_taken_apart_the_other_rows_stay_as_they_are(db: None) -> None:
    rows = copied(["Noura", "Al Noor Trading, W.L.L.", "=1", "نورة"])
    assert defused_rows(rows, 4) == [*rows[:2], rows[2].replace(b'"=1"', b'"\'=1"'), rows[3]]


@given(text=near_the_rule | any_text)
def test_any_text_can_be_had_back(text: str) -> None:
    assert undefuse(defuse(text)) == text


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(near_the_rule, near_the_rule), min_size=1, max_size=3),
    separator=st.sampled_from(DIALECTS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONE]),
)
def test_no_dialect_begins_a_cell_with_a_formula(
    rows: list[tuple[str, str]], separator: str, quoting: Literal[0, 3]
) -> None:
    file = "".join(f"{as_copied(one)},-5.00,{as_copied(other)}\n" for one, other in rows)
    found = csv.reader(io.StringIO(file, newline=""), delimiter=separator, quoting=quoting)
    assert [cell for row in found for cell in row if runs(cell)] == []


def as_copied(text: str) -> str:
    """A text cell as it stands in a file."""
    return as_written(defuse(text))


def as_written(text: str) -> str:
    """A text cell as COPY writes it, not made safe."""
    return '"' + text.replace('"', '""') + '"'


def runs(cell: str) -> bool:
    """Whether a spreadsheet would run a cell, other than the amount that the file has in every row."""
    return cell.lstrip(f"{BLANKS}\t\r\n")[:1] in {*FORMULA} and cell != "-5.00"


def test_an_empty_cell_stays_empty(db: None) -> None:
    assert defused_rows(copied([None, ""]), 4) == [b"-5.00,,,\n", b'-5.00,"",,""\n']
