"""Filters: bounded input, a sentence for each mistake, half-open moments, words for the pills."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
import pytest
from django.http import QueryDict
from django.utils import timezone

from backoffice.ui.filters import (
    AmountRange,
    AmountRangeFilter,
    ChoicesFilter,
    DateRange,
    DateRangeFilter,
    SearchFilter,
)
from tests.ui.rows import Row


class Filters(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=lambda rows, text: rows.filter(name=text), label="Name")
    name = ChoicesFilter(choices=[("n0", "Zero"), ("n1", "One")], label="Kind", any_label="Any kind")
    created = DateRangeFilter(field_name="created_at", label="Created")
    amount = AmountRangeFilter(field_name="amount", label="Amount")


def read(query: str) -> Any:
    return Filters(QueryDict(query), Row.objects.all())


def sql(query: str) -> str:
    return str(read(query).qs.query)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("q=%00", "Null characters"),
        ("q=" + "x" * 201, "at most 200"),
        ("name=n7", "n7 is not one of"),
        ("created_from=0001-01-01", "between the years 2000 and 2100"),
        ("created_to=9999-12-31", "between the years 2000 and 2100"),
        ("created_from=2026-02-30", "no such day"),
        ("created_from=20261119", "Write a day as"),
        ("created_from=tomorrow", "Write a day as"),
        ("created_from=２０２６-11-19", "Write a day as"),
        ("created_from=2026-11-19&created_to=2026-11-01", "must not come after"),
        ("amount_min=1e400", "plain digits"),
        ("amount_min=NaN", "plain digits"),
        ("amount_min=1_000", "plain digits"),
        ("amount_min=١٠", "plain digits"),
        ("amount_max=" + "9" * 5_000, "plain digits"),
        ("amount_min=5&amount_max=4", "smaller amount comes first"),
    ],
)
def test_it_refuses_with_a_sentence(query: str, sentence: str) -> None:
    filters = read(query)
    assert not filters.is_valid()
    assert sentence in str(filters.errors)


def test_no_answer_filters_nothing() -> None:
    assert "WHERE" not in sql("q=&created_from=&created_to=&amount_min=")


def test_days_are_whole_half_open_and_of_the_persons_zone() -> None:
    with timezone.override(ZoneInfo("Asia/Bahrain")):
        chosen = read("created_from=2026-11-18&created_to=2026-11-19")
        assert chosen.is_valid()
        days = chosen.form.cleaned_data["created"]
    with timezone.override(ZoneInfo("Asia/Bahrain")):
        assert days.start == datetime(2026, 11, 17, 21, tzinfo=UTC)
        assert days.end == datetime(2026, 11, 19, 21, tzinfo=UTC)


def test_the_range_is_half_open_in_sql() -> None:
    where = sql("created_from=2026-11-18&created_to=2026-11-19")
    assert '"created_at" >= ' in where
    assert '"created_at" < ' in where


def test_amounts_include_both_ends() -> None:
    where = sql("amount_min=-5&amount_max=10.50")
    assert '"amount" >= -5' in where
    assert '"amount" <= 10.5' in where


def test_several_choices_are_any_of_them() -> None:
    assert '"name" IN (n0, n1)' in sql("name=n0&name=n1")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("q", "dep-2026", "“dep-2026”"),
        ("name", ["n0", "n1"], "Zero or One"),
        ("created", DateRange(date(2026, 11, 1), date(2026, 11, 19)), "1 Nov 2026 to 19 Nov 2026"),
        ("created", DateRange(date(2026, 11, 1), date(2026, 11, 1)), "1 Nov 2026"),
        ("created", DateRange(date(2026, 11, 1), None), "from 1 Nov 2026"),
        ("created", DateRange(None, date(2026, 11, 1)), "up to 1 Nov 2026"),
        ("amount", AmountRange(Decimal("1000"), Decimal("2500.50")), "1,000 to 2,500.50"),
        ("amount", AmountRange(Decimal("0"), None), "at least 0"),
        ("amount", AmountRange(None, Decimal("-5")), "at most \u22125"),
    ],
)
def test_a_value_has_words(name: str, value: object, words: str) -> None:
    assert read("").filters[name].describe(value) == words
