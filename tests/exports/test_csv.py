"""The defence against formulas: one corpus, two implementations (security.md §4, S23)."""

import csv
import io

import pytest
from django.db import connection
from django.db.models import TextField, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.audit.models import Head
from backoffice.exports.csv import BLANKS, TRIGGERS, defuse, defused

DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://evil","x")',
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "-",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
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
    '=";"\n=2',
    *TRIGGERS,
]
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
    "'=1",
    '"=1"',
    "x;=1",
    "x\n=1",
    "dep-2026-z6t1n8bc",
    "é=1",
    "_x",
    "[1]",
    "%s",
    "#N/A",
]


def in_sql(texts: list[str]) -> list[str]:
    """What the SQL expression makes of each text, in one query."""
    marks = {f"cell_{place}": defused(Value(text, output_field=TextField())) for place, text in enumerate(texts)}
    row = Head.objects.annotate(**marks).values(*marks).get()
    return [row[name] for name in marks]


@pytest.mark.parametrize("text", DANGEROUS)
def test_it_puts_an_apostrophe_before_what_a_spreadsheet_would_run(text: str) -> None:
    assert defuse(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_it_leaves_other_text_as_it_is(text: str) -> None:
    assert defuse(text) == text


def test_sql_and_python_agree_on_the_corpus(db: None) -> None:
    texts = DANGEROUS + HARMLESS + [f"{blank}={blank}" for blank in BLANKS] + [chr(code) for code in range(1, 0x100)]
    assert in_sql(texts) == [defuse(text) for text in texts]


near_the_rule = st.text(st.sampled_from(BLANKS + TRIGGERS + "'\"aZ09~ é"), max_size=6)
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(near_the_rule | any_text, min_size=1, max_size=40))
def test_sql_and_python_agree_on_any_text(db: None, texts: list[str]) -> None:
    assert in_sql(texts) == [defuse(text) for text in texts]


def test_sql_keeps_nothing_as_nothing(db: None) -> None:
    nothing = defused(Value(None, output_field=TextField()))
    assert Head.objects.annotate(cell=nothing).values_list("cell").get() == (None,)


def test_a_strict_parser_reads_back_every_cell_of_the_corpus(db: None) -> None:
    texts = DANGEROUS + HARMLESS
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
