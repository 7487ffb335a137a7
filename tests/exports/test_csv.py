"""The defence against formulas: one corpus, two implementations (security.md §4, S23)."""

import csv
import io
from typing import Literal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from backoffice.exports.csv import (
    BLANKS,
    FORMULA,
    SEPARATORS,
    TRIGGERS,
    begins_a_formula,
    defuse,
    defused,
    no_cell_runs,
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


def in_sql(texts: list[str]) -> list[str]:
    """What the SQL makes of each text beside one that is plain, in one query."""
    cell, told = sql.Identifier("cell"), no_cell_runs([sql.Literal("plain"), sql.Identifier("cell"), sql.Literal("")])
    statement = sql.SQL("SELECT CASE WHEN {} THEN cell ELSE {} END FROM unnest({}::text[]) AS cell")
    with connection.cursor() as cursor:
        cursor.execute(statement.format(told, defused(cell), sql.Literal(texts)).as_string(cursor.connection))
        return [row[0] for row in cursor.fetchall()]


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


def test_sql_and_python_agree_on_the_corpus(db: None) -> None:
    texts = CORPUS + [f"{blank}={blank}" for blank in BLANKS] + [chr(code) for code in range(1, 0x100)]
    assert in_sql(texts) == [defuse(text) for text in texts]


near_the_rule = st.text(st.sampled_from(BLANKS + TRIGGERS + SEPARATORS + "'\"aZ09~ é"), max_size=8)
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(texts=st.lists(near_the_rule | any_text, min_size=1, max_size=40))
def test_sql_and_python_agree_on_any_text(db: None, texts: list[str]) -> None:
    assert in_sql(texts) == [defuse(text) for text in texts]


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
    """A text cell as COPY writes it."""
    return '"' + defuse(text).replace('"', '""') + '"'


def runs(cell: str) -> bool:
    """Whether a spreadsheet would run a cell, other than the amount that the file has in every row."""
    return cell.lstrip(f"{BLANKS}\t\r\n")[:1] in {*FORMULA} and cell != "-5.00"


def test_sql_keeps_nothing_as_nothing(db: None) -> None:
    nothing = sql.SQL("NULL::text")
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {}, {}").format(no_cell_runs([nothing]), defused(nothing)).as_string())
        assert cursor.fetchone() == (True, None)


def test_a_strict_parser_reads_back_every_cell_of_the_corpus(db: None) -> None:
    texts = CORPUS
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY (SELECT unnest(%s::text[]) AS cell) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE (cell))",
            [[defuse(text) for text in texts]],
        ) as copy,
    ):
        file = b"".join(copy).decode()
    rows = list(csv.reader(io.StringIO(file, newline=""), strict=True))
    assert rows == [["cell"], *([defuse(text)] for text in texts)]
