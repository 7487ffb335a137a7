"""A list page: everything chosen is in the address, and no address can break it."""

import re
from decimal import Decimal
from urllib.parse import parse_qs

import django_filters
import pytest
from django.db.models import Count, QuerySet, Sum
from django.http import HttpResponse, QueryDict
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails
from pytest_django import DjangoAssertNumQueries

from backoffice.ui.columns import Column, Columns, Kind
from backoffice.ui.filters import AmountRangeFilter, ChoicesFilter, DateRangeFilter, SearchFilter
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import INLINE_SUMMARY_ROWS, BadListRequest, Empty, Listing, ListingPage, Summary, View
from backoffice.ui.render import render_listing
from backoffice.ui.values import Amount, Reference
from tests.ui.rows import Row, fill, fill_many, table

__all__ = ["table"]

HOSTILE = "\u202e<script>alert(1)</script>"


class RowFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=lambda rows, text: rows.filter(name__startswith=text), label="Name")
    name = ChoicesFilter(choices=[("n0", "Zero"), ("n1", "One"), ("n2", "Two")], label="Kind", any_label="Any kind")
    created = DateRangeFilter(field_name="created_at", label="Created")
    amount = AmountRangeFilter(field_name="amount", label="Amount")


def summarise(rows: QuerySet[Row]) -> Summary:
    found = rows.order_by().aggregate(count=Count("id"), total=Sum("amount"))
    return Summary(found["count"], [("USD", {"Net": found["total"] or Decimal(0)})])


def amount_of(row: Row) -> Amount:
    return Amount(row.amount, "USD")


LISTING = Listing(
    name="rows",
    title="Rows",
    columns=Columns(
        Column(
            key="id",
            label="Row",
            kind=Kind.REFERENCE,
            value=lambda row: Reference(str(row.pk)),
            url=lambda row: f"/rows/{row.pk}/",
        ),
        Column(key="name", label="Name", value=lambda row: row.name),
        Column(
            key="amount", label="Amount", kind=Kind.MONEY, value=lambda row: Amount(row.amount, "USD"), sort="amount"
        ),
        Column(key="created", label="Created", kind=Kind.TIME, value=lambda row: row.created_at, sort="created"),
    ),
    sorts=(Sort("created", "Created"), Sort("amount", "Amount", ("amount", "id"))),
    filterset=RowFilters,
    views=(View("All"), View("Zeroes", "name=n0"), View("Two kinds", lambda: "name=n1&name=n2")),
    summary=summarise,
    empty=Empty("No rows yet.", "They come by themselves."),
    export_url_name="account_login",
    page_size=5,
)


def page_of(query: str = "") -> ListingPage:
    return ListingPage(LISTING, QueryDict(query), Row.objects.all())


def answer(query: str = "", *, is_htmx: bool = False) -> HttpResponse:
    headers = {"HX-Request": "true"} if is_htmx else {}
    request = RequestFactory().get(f"/rows/?{query}", headers=headers)
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return render_listing(request, LISTING, Row.objects.all())


def html_of(query: str = "", *, is_htmx: bool = False) -> str:
    return answer(query, is_htmx=is_htmx).content.decode()


# Addresses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "sort=nothing",
        "sort=--created",
        "sort=created_at",
        "sort=%00",
        "page=1",
        "page=" + "9" * 30,
        "page=%00",
        "page=" + "x" * 3_000,
        "q=" + "x" * 5_000,
        "&".join(f"name={n}" for n in range(900)),
    ],
)
def test_an_address_no_page_makes_is_refused(table: None, query: str) -> None:
    with pytest.raises(BadListRequest):
        page_of(query)


@pytest.mark.parametrize("query", ["created_from=0001-01-01", "q=%00", "name=n7", "amount_min=1e9"])
def test_a_filter_that_cannot_be_read_shows_no_rows_and_says_why(table: None, query: str) -> None:
    fill([1, 2, 3])
    response = answer(query)
    text = response.content.decode()
    assert response.status_code == 400
    assert "One filter needs another look." in text
    assert 'role="alert"' in text
    assert "<tbody>" not in text


def test_a_refused_filter_reaches_htmx_as_422_so_that_it_is_swapped(table: None) -> None:
    response = answer("amount_min=x", is_htmx=True)
    assert response.status_code == 422
    assert response.content.decode().lstrip().startswith('<div id="listing"')


def test_unknown_parameters_neither_filter_nor_break(table: None) -> None:
    fill([1, 2, 3])
    assert len(page_of("page_size=1000000000&name__regex=.*&is_staff=1").keyset.rows) == 3


def test_a_page_keeps_filters_and_order_in_its_neighbours(table: None) -> None:
    fill(list(range(20)))
    page = page_of("name=n0&name=n1&sort=amount&q=")
    found = parse_qs(page.older_url.removeprefix("?"))
    assert found["name"] == ["n0", "n1"]
    assert found["sort"] == ["amount"]
    assert set(found) == {"name", "sort", "page"}


def test_following_older_to_the_end_shows_every_row_once(table: None) -> None:
    fill(list(range(23)))
    seen, url = [], "?"
    while url:
        page = page_of(url.removeprefix("?"))
        seen += [row.pk for row in page.keyset.rows]
        url = page.older_url
    assert seen == list(range(23, 0, -1))


# What it says ---------------------------------------------------------------------------------------------------------


def test_each_active_filter_is_a_pill_that_can_be_removed(table: None) -> None:
    page = page_of("name=n0&name=n1&created_from=2026-11-01&created_to=2026-11-19&q=n")
    assert [(pill.label, pill.value) for pill in page.pills] == [
        ("Name", "“n”"),
        ("Kind", "Zero or One"),
        ("Created", "1 Nov 2026 to 19 Nov 2026"),
    ]
    assert parse_qs(page.pills[2].url.removeprefix("?")) == {"name": ["n0", "n1"], "q": ["n"]}


def test_the_tab_whose_filters_are_those_of_the_address_is_current(table: None) -> None:
    assert [tab.is_current for tab in page_of().tabs] == [True, False, False]
    assert [tab.is_current for tab in page_of("name=n2&name=n1&sort=amount").tabs] == [False, False, True]


def test_a_heading_leads_to_the_other_order(table: None) -> None:
    headings = {heading.column.key: heading for heading in page_of("sort=-amount").headings}
    assert headings["amount"].aria_sort == "descending"
    assert headings["amount"].url == "?sort=amount"
    assert headings["created"].url == "?sort=-created"
    assert headings["name"].url == ""


def test_the_file_is_asked_for_with_the_filters_and_nothing_else(table: None) -> None:
    fill(list(range(20)))
    token = parse_qs(page_of("name=n0").older_url.removeprefix("?")).get("page", [""])[0]
    assert page_of(f"name=n0&sort=-created&page={token}").export_url.endswith("?name=n0")


def test_an_empty_list_and_a_list_emptied_by_filters_say_different_things(table: None) -> None:
    assert "No rows yet." in html_of()
    fill([1])
    assert "Nothing matches these filters." in html_of("q=zzz")


def test_a_strangers_text_is_shown_as_what_it_is(table: None) -> None:
    fill([1])
    Row.objects.update(name=HOSTILE)
    text = html_of(f"q={HOSTILE[0]}")
    assert "<script>alert" not in text
    assert "U+202E" in text


# Sums -----------------------------------------------------------------------------------------------------------------


def test_a_short_list_brings_its_sums_along(table: None) -> None:
    fill(list(range(8)))
    page = page_of()
    assert page.summary == Summary(8, [("USD", {"Net": Decimal("3.5")})])
    assert page.range_text == "Rows 1 to 5 of 8"
    assert "8 rows" in page.count_text


def test_a_long_list_asks_for_its_sums_apart(table: None) -> None:
    fill_many(INLINE_SUMMARY_ROWS + 1)
    text = html_of()
    assert page_of().summary is None
    assert 'hx-get="?part=summary"' in text
    assert 'hx-trigger="load"' in text
    assert 'href="?part=summary"' in text


def test_the_sums_alone_answer_htmx_and_a_whole_page_answers_a_link(table: None) -> None:
    fill_many(INLINE_SUMMARY_ROWS + 1)
    alone = html_of("part=summary", is_htmx=True)
    assert alone.strip().startswith('<div id="listing-sums"')
    assert "2,001 rows" in alone
    assert "hx-get" not in alone
    whole = html_of("part=summary")
    assert "<!doctype html>" in whole
    assert "2,001 rows" in whole
    assert "<tbody>" in whole


def test_sums_stand_by_asset_with_a_dash_for_nothing() -> None:
    summary = Summary(3, [("USD", {"In": Decimal(1)}), ("BHD", {"In": Decimal(2), "Out": Decimal(-3)})])
    assert summary.assets == ["USD", "BHD"]
    assert summary.lines == [
        ("In", [Amount(Decimal(1), "USD"), Amount(Decimal(2), "BHD")]),
        ("Out", [Amount(None, "USD"), Amount(Decimal(-3), "BHD")]),
    ]


@pytest.mark.parametrize(("rows", "queries"), [(3, 3), (200, 3), (INLINE_SUMMARY_ROWS + 1, 2), (20_000, 2)])
def test_a_page_costs_the_same_queries_however_long_the_list(
    table: None, django_assert_num_queries: DjangoAssertNumQueries, rows: int, queries: int
) -> None:
    fill_many(rows)
    with django_assert_num_queries(queries):
        html_of()


# What htmx gets -------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_region_and_everybody_else_the_page(table: None) -> None:
    fill(list(range(8)))
    region, whole = html_of(is_htmx=True), html_of()
    assert region.strip().startswith('<div id="listing"')
    assert "<!doctype html>" not in region
    assert "<!doctype html>" in whole

    def body(text: str) -> str:
        return re.sub(r'value="[A-Za-z0-9]{64}"', "", text[text.index("<table") : text.index("</table>")])

    assert body(region) == body(whole)


def test_both_forms_of_an_address_are_kept_apart_by_caches(table: None) -> None:
    assert answer().headers["Vary"] == "Cookie, HX-Request"


def test_links_to_other_pages_are_not_swallowed_by_the_region(table: None) -> None:
    fill([1])
    text = html_of()
    assert '<div class="scroll" data-scroll hx-boost="false">' in text
    assert '<a class="lead" href="/rows/1/">' in text


def test_the_first_cell_names_its_row(table: None) -> None:
    fill([1])
    assert re.search(r'<th scope="row"[^>]*><a class="lead"', html_of())
    assert '<caption class="vh">Rows</caption>' in html_of()
