"""Keyset pages against a sorted list: every row once, in order, forwards and back, at the price of one page."""

import base64
import json
from collections.abc import Iterator
from itertools import pairwise
from operator import attrgetter

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.ui.keyset import MAX_TOKEN_LENGTH, SALT, BadCursor, KeysetPage, Sort, beyond, paginate
from tests.ui.rows import START, Row, fill, fill_many, table

__all__ = ["table"]

BY_TIME = Sort("created", "Created", ("created_at", "id"))
BY_AMOUNT = Sort("amount", "Amount", ("amount", "id"), descending=False)
BY_NAME = Sort("name", "Name", ("name", "created_at", "id"))
BY_KEY = Sort("key", "Key", ("key",), descending=False)
SORTS = [BY_TIME, BY_TIME.reversed(), BY_AMOUNT, BY_NAME, BY_NAME.reversed(), BY_KEY]

per_example = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def forwards(sort: Sort, size: int) -> Iterator[KeysetPage[Row]]:
    page = paginate(Row.objects.all(), sort, None, size)
    yield page
    while page.older_token:
        page = paginate(Row.objects.all(), sort, page.older_token, size)
        yield page


def backwards(sort: Sort, page: KeysetPage[Row], size: int) -> Iterator[KeysetPage[Row]]:
    while page.newer_token:
        page = paginate(Row.objects.all(), sort, page.newer_token, size)
        yield page


def ids(pages: Iterator[KeysetPage[Row]] | list[KeysetPage[Row]]) -> list[int]:
    return [row.pk for page in pages for row in page.rows]


def sorted_ids(sort: Sort) -> list[int]:
    """The slow twin: everything read, sorted in Python."""
    rows = sorted(Row.objects.all(), key=attrgetter(*sort.fields), reverse=sort.descending)
    return [row.pk for row in rows]


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.param)
@given(minutes=st.lists(st.integers(0, 6), max_size=25), size=st.integers(1, 7))
@per_example
def test_pages_hold_every_row_once_and_in_order(table: None, sort: Sort, minutes: list[int], size: int) -> None:
    fill(minutes)
    pages = list(forwards(sort, size))
    assert ids(pages) == sorted_ids(sort)
    assert all(len(page.rows) == size for page in pages[:-1])


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.param)
@given(minutes=st.lists(st.integers(0, 6), min_size=1, max_size=25), size=st.integers(1, 7))
@per_example
def test_the_way_back_is_the_way_there(table: None, sort: Sort, minutes: list[int], size: int) -> None:
    fill(minutes)
    there = list(forwards(sort, size))
    back = list(backwards(sort, there[-1], size))
    assert [[row.pk for row in page.rows] for page in reversed(back)] == [
        [row.pk for row in page.rows] for page in there[:-1]
    ]
    assert not back or back[-1].is_first


def test_a_row_that_arrives_meanwhile_moves_no_other_row(table: None) -> None:
    fill([1, 2, 3, 4, 5, 6])
    first = paginate(Row.objects.all(), BY_TIME, None, 2)
    newest = Row.objects.get(pk=6)
    Row.objects.create(id=7, created_at=newest.created_at, amount=1, name="late", key="0" * 32)
    second = paginate(Row.objects.all(), BY_TIME, first.older_token, 2)
    assert [row.pk for row in first.rows + second.rows] == [6, 5, 4, 3]


def test_a_first_page_that_would_be_short_is_filled_up(table: None) -> None:
    fill([1, 2, 3, 4])
    second = paginate(Row.objects.all(), BY_TIME, paginate(Row.objects.all(), BY_TIME, None, 2).older_token, 2)
    Row.objects.filter(pk=4).delete()
    first = paginate(Row.objects.all(), BY_TIME, second.newer_token, 2)
    assert [row.pk for row in first.rows] == [3, 2]
    assert first.is_first


def test_a_page_is_one_query_of_one_row_more(table: None) -> None:
    fill(list(range(9)))
    token = paginate(Row.objects.all(), BY_TIME, None, 3).older_token
    with CaptureQueriesContext(
        connection,
    ) as queries:
        paginate(Row.objects.all(), BY_TIME, token, 3)
    (query,) = [query["sql"] for query in queries]
    assert "LIMIT 4" in query
    assert '("keyset_rows"."created_at", "keyset_rows"."id") < (' in query


def plan(sort: Sort, position: tuple[object, ...]) -> str:
    rows = Row.objects.filter(beyond(sort, position)).order_by(*sort.order_by())[:51]  # type: ignore[arg-type]
    return rows.explain(analyze=True, costs=False, timing=False, summary=False)


def test_the_deepest_page_is_a_range_scan_of_the_index(table: None) -> None:
    fill_many(20_000)
    deepest = Row.objects.get(pk=100)
    for sort in (BY_TIME, BY_TIME.reversed()):
        steps = plan(sort, sort.position(deepest))
        assert "Index Scan" in steps
        assert "Index Cond: (ROW(created_at, id)" in steps
        assert "Sort" not in steps
        assert "Rows Removed" not in steps


# Tokens ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def token(table: None) -> str:
    fill([1, 2, 3])
    found = paginate(Row.objects.all(), BY_TIME, None, 1).older_token
    assert found
    return found


def test_a_token_holds_in_an_address(token: str) -> None:
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:")


@given(place=st.integers(0, 10_000), letter=st.sampled_from("aZ0-_:%\x00é"))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_token_with_one_letter_changed_is_refused(token: str, place: int, letter: str) -> None:
    at = place % len(token)
    altered = token[:at] + letter + token[at + 1 :]
    if altered != token:
        with pytest.raises(BadCursor):
            paginate(Row.objects.all(), BY_TIME, altered, 1)


@pytest.mark.parametrize("forged", ["x", ":", "a:b:c", "ÿ", "\x00", "x" * (MAX_TOKEN_LENGTH + 1), "W10:1tXyz:abc"])
def test_a_token_of_somebody_elses_making_is_refused(table: None, forged: str) -> None:
    with pytest.raises(BadCursor):
        paginate(Row.objects.all(), BY_TIME, forged, 1)


def test_a_token_is_refused_for_another_order_and_another_table(token: str) -> None:
    for sort in (BY_TIME.reversed(), BY_AMOUNT):
        with pytest.raises(BadCursor, match="another order"):
            paginate(Row.objects.all(), sort, token, 1)


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "text",
        ["ui.row", "-created", "o", [["time", "never"], ["int", "1"]]],
        ["ui.row", "-created", "o", [["time", "2026-11-01T00:00:00+00:00"]]],
        ["ui.row", "-created", "o", [["eval", "1"], ["int", "1"]]],
        ["ui.row", "-created", "o", [["decimal", "x"], ["int", "1"]]],
        ["ui.row", "-created", "o", 5],
    ],
)
def test_even_a_signed_token_must_make_sense(table: None, content: object) -> None:
    with pytest.raises(BadCursor):
        paginate(Row.objects.all(), BY_TIME, signing.dumps(content, salt=SALT), 1)


def test_a_token_tells_only_where_the_page_begins(token: str) -> None:
    body = token.split(":")[0]
    content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert content[:3] == ["ui.row", "-created", "o"]
    assert [kind for kind, _text in content[3]] == ["time", "int"]


def test_a_position_of_no_known_kind_is_our_mistake(table: None) -> None:
    fill([1, 2])
    with pytest.raises(TypeError, match="NoneType"):
        paginate(Row.objects.extra(select={"nothing": "NULL"}), Sort("x", "X", ("nothing",)), None, 1)


def test_rows_stand_in_the_order_of_their_position() -> None:
    rows = [Row(id=n, created_at=START) for n in (3, 1, 2)]
    ordered = sorted(rows, key=BY_TIME.position)
    assert all(first.pk < second.pk for first, second in pairwise(ordered))
