"""A list page, described once: columns, orders, filters, preset views, sums, export.

`Listing` is the description an app writes down; `ListingPage` is one answer to one request. Everything a
person chose is in the address. Hostile addresses end in `BadListRequest`, never in an error of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.ui.columns import Column, Columns
from backoffice.ui.filters import Part, choices_summary
from backoffice.ui.keyset import BadCursor, KeysetPage, Sort, paginate
from backoffice.ui.values import Amount, Text

SORT, PAGE, PART = "sort", "page", "part"
OUR_PARAMS = frozenset({SORT, PAGE, PART})
MAX_QUERY_LENGTH = 4_000
INLINE_SUMMARY_ROWS = 2_000


class BadListRequest(BadRequest):
    """The address asks for something no page of ours offers; the text is fit for staff."""


class NoSuchView(LookupError):
    """A listing names an export address that does not exist."""


@dataclass(frozen=True)
class Summary:
    """Count and sums of everything the filter finds, never across assets.

    `sums` pairs each asset with its amounts by label: `("USD", {"Deposited": Decimal("784000.00")})`.
    """

    count: int
    sums: list[tuple[str, dict[str, Decimal]]] = field(default_factory=list)

    @property
    def assets(self) -> list[str]:
        """The headings of the sums."""
        return [asset for asset, _amounts in self.sums]

    @property
    def lines(self) -> list[tuple[str, list[Amount]]]:
        """The sums turned round: one line for each label, one amount for each asset."""
        labels = dict.fromkeys(label for _asset, amounts in self.sums for label in amounts)
        return [(label, [Amount(amounts.get(label), asset) for asset, amounts in self.sums]) for label in labels]


@dataclass(frozen=True)
class View:
    """A preset of a list, drawn as a tab. `query` may be a callable where it depends on the day."""

    label: Text
    query: str | Callable[[], str] = ""

    @property
    def params(self) -> list[tuple[str, str]]:
        """The filters it stands for."""
        return parse_qsl(self.query() if callable(self.query) else self.query)


@dataclass(frozen=True)
class Empty:
    """What a list says when nothing exists yet: what this is, why it is empty, what to do next."""

    title: Text = _("Nothing here yet.")
    text: Text = ""
    action: Text = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The description of one list page.

    `count_label(n)` names n rows ("1,284 orders"). `summary(queryset)` counts and sums a whole filtered set. `summed`
    says what the sums add up, where that is not every row: the page and the export's panel both show it.
    `line_template`, `note_template` and `actions_template` fill the header line, the space above the card and
    the header's buttons; they get the page's whole context. `export_url_name` names the view that takes a POST
    with the filters in its address and answers with the file.
    """

    name: str
    title: Text
    columns: Columns
    sorts: tuple[Sort, ...]
    count_label: Callable[[int], str] = lambda n: ngettext("%(n)s row", "%(n)s rows", n) % {"n": f"{n:,}"}
    caption: Text = ""
    filterset: type[Any] | None = None
    views: tuple[View, ...] = ()
    summary: Callable[[QuerySet[Any]], Summary] | None = None
    summed: Text = ""
    empty: Empty = Empty()
    export_url_name: str = ""
    line_template: str = ""
    note_template: str = ""
    actions_template: str = ""
    page_size: int = 50

    @property
    def has_summary(self) -> bool:
        """Whether the list shows count and sums; templates would call `summary` itself."""
        return self.summary is not None

    def sort_of(self, param: str | None) -> Sort:
        """The order a request asks for, or the first one. Raises `BadListRequest` for any other."""
        if not param:
            return self.sorts[0]
        for sort in self.sorts:
            if param.removeprefix("-") == sort.key:
                return sort if param == sort.param else sort.reversed()
        raise BadListRequest(gettext("This list cannot be ordered that way."))


@dataclass(frozen=True)
class Pill:
    """An active filter and the address without it."""

    label: Text
    value: str
    url: str


@dataclass(frozen=True)
class Tab:
    """A preset view and whether it is the one shown."""

    label: Text
    url: str
    is_current: bool


@dataclass(frozen=True)
class Control:
    """One filter as the bar draws it."""

    name: str
    label: Text
    template: str
    bound: Any
    closed_text: str
    is_active: bool
    errors: list[str]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One cell, ready to be drawn."""

    column: Column
    row: Any

    @property
    def value(self) -> object:
        """What `{% show %}` draws."""
        return self.column.value(self.row)

    @property
    def url(self) -> str:
        """Where the cell leads, or nothing."""
        return self.column.address(self.row)


@dataclass(frozen=True)
class Heading:
    """One heading: the way to the other order, and how the rows are ordered now."""

    column: Column
    url: str = ""
    aria_sort: str = ""


class ListingPage:
    """One request answered: rows, pills, tabs, sort links, neighbours, sums.

    Raises `BadListRequest` at once for an address no page of ours offers. A filter that cannot be read is not
    such an address: the page then has no rows, `is_refused` is true and the bar says what is wrong.
    """

    def __init__(self, listing: Listing, params: QueryDict, queryset: QuerySet[Any]) -> None:
        if len(params.urlencode()) > MAX_QUERY_LENGTH:
            raise BadListRequest(gettext("This address is too long. Start again from the whole list."))
        self.listing = listing
        self.params = params
        self.sort = listing.sort_of(params.get(SORT))
        self.filterset = listing.filterset(params, queryset) if listing.filterset else None
        self.is_refused = bool(self.filterset and not self.filterset.is_valid())
        self.queryset = queryset.none() if self.is_refused else self._filtered(queryset)
        self.wants_summary = params.get(PART) == "summary"
        if not self.wants_summary:
            self.keyset  # noqa: B018  (a bad cursor is refused here, not in the middle of a template)

    def _filtered(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.filterset.qs if self.filterset else queryset

    @cached_property
    def keyset(self) -> KeysetPage[Any]:
        """The rows and their neighbours. Raises `BadListRequest` for a cursor that is not ours."""
        try:
            return paginate(self.queryset, self.sort, self.params.get(PAGE), self.listing.page_size)
        except BadCursor as error:
            raise BadListRequest(
                gettext("This page address was cut or altered. Start again from the first page.")
            ) from error

    # -- addresses ---------------------------------------------------------------------------------------------------

    def url(self, *, without: tuple[str, ...] = (), **changes: str) -> str:
        """This address with some parameters left out and others set."""
        pairs = [(name, text) for name, text in self._pairs() if name not in without and name not in changes]
        return f"?{urlencode([*pairs, *changes.items()])}"

    def _pairs(self) -> list[tuple[str, str]]:
        return [(name, text) for name, texts in self.params.lists() for text in texts if text]

    @property
    def filter_query(self) -> str:
        """The filters alone, as they travel to the export."""
        return urlencode(self._filters())

    def _filters(self) -> list[tuple[str, str]]:
        return [(name, text) for name, text in self._pairs() if name not in OUR_PARAMS]

    @property
    def first_url(self) -> str:
        """The first page of what is shown."""
        return self.url(without=(PAGE, PART))

    @property
    def newer_url(self) -> str:
        """The page before, or nothing."""
        return self._page_url(self.keyset.newer_token)

    @property
    def older_url(self) -> str:
        """The page after, or nothing."""
        return self._page_url(self.keyset.older_token)

    def _page_url(self, token: str | None) -> str:
        return self.url(without=(PART,), page=token) if token else ""

    @property
    def clear_url(self) -> str:
        """The list without any filter; the tab that is open stays open."""
        tab = [(name, text) for name, text in self._filters() if name in self._tab_names]
        order = [(SORT, self.params[SORT])] if self.params.get(SORT) else []
        return f"?{urlencode([*tab, *order])}"

    @property
    def summary_url(self) -> str:
        """Where the sums are asked for when they are too many to count at once."""
        return self.url(part="summary")

    @property
    def export_url(self) -> str:
        """Where the file is asked for, filters included."""
        if not self.listing.export_url_name:
            return ""
        try:
            address = reverse(self.listing.export_url_name)
        except NoReverseMatch as error:
            raise NoSuchView(f"Listing {self.listing.name} exports to an address that does not exist.") from error
        return f"{address}?{self.filter_query}" if self.filter_query else address

    # -- what the template draws -------------------------------------------------------------------------------------

    @cached_property
    def headings(self) -> list[Heading]:
        """The headings of the table, in order."""
        return [self._heading(column) for column in self.listing.columns.shown]

    def _heading(self, column: Column) -> Heading:
        if not column.sort:
            return Heading(column)
        if column.sort != self.sort.key:
            start = next(sort for sort in self.listing.sorts if sort.key == column.sort)
            return Heading(column, self.url(without=(PAGE, PART), sort=start.param))
        other = self.url(without=(PAGE, PART), sort=self.sort.reversed().param)
        return Heading(column, other, "descending" if self.sort.descending else "ascending")

    @cached_property
    def rows(self) -> list[list[Cell]]:
        """The cells of each row, in the order of the headings."""
        shown = self.listing.columns.shown
        return [[Cell(column, row) for column in shown] for row in self.keyset.rows]

    @cached_property
    def controls(self) -> list[Control]:
        """The filters of the bar; the search box, where there is one, comes first."""
        if not self.filterset:
            return []
        return [self._control(name, one) for name, one in self.filterset.filters.items()]

    def _control(self, name: str, one: Any) -> Control:
        value = self._clean().get(name)
        return Control(
            name=name,
            label=one.label,
            template=one.template,
            bound=self.filterset.form[name],  # type: ignore[union-attr]
            closed_text=self._closed_text(one, value),
            is_active=bool(value),
            errors=list(self.filterset.form.errors.get(name, [])),  # type: ignore[union-attr]
            parts=one.parts(name, self.params) if hasattr(one, "parts") else (),
        )

    def _closed_text(self, one: Any, value: Any) -> str:
        if isinstance(value, list) and len(value) > 1:
            return choices_summary(len(value), one.any_label)
        return one.describe(value) if value else str(getattr(one, "any_label", ""))

    def _clean(self) -> Mapping[str, Any]:
        if not self.filterset:
            return {}
        return {name: value for name, value in self.filterset.form.cleaned_data.items() if value}

    @cached_property
    def pills(self) -> list[Pill]:
        """The active filters, each with the address that drops it; a tab that is open says its own."""
        told = self._tab_names if any(tab.is_current for tab in self.tabs) else frozenset()
        return [self._pill(name, value) for name, value in self._clean().items() if name not in told]

    def _pill(self, name: str, value: Any) -> Pill:
        one = self.filterset.filters[name]  # type: ignore[union-attr]
        return Pill(one.label, one.describe(value), self.url(without=(*one.names(name), PAGE, PART)))

    @cached_property
    def tabs(self) -> list[Tab]:
        """The preset views; the current one is the one whose filters are exactly those of the address, or of what
        only tabs set in it."""
        alone = self._tab_names
        now = sorted(pair for pair in self._filters() if not alone or pair[0] in alone)
        return [
            Tab(view.label, f"?{urlencode(view.params)}", sorted(view.params) == now) for view in self.listing.views
        ]

    @property
    def _tab_names(self) -> frozenset[str]:
        """The parameters that only tabs set; none where the tabs are presets of the bar's own filters."""
        filters = self.filterset.filters if self.filterset else {}
        return frozenset(name for name, one in filters.items() if getattr(one, "is_tab", False))

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is active, so that an empty page can say so; an open tab is none."""
        return any(name not in self._tab_names for name, _text in self._filters())

    @property
    def sort_param(self) -> str:
        """The chosen order, which the filter bar carries along; empty for the first one."""
        return self.params.get(SORT, "")

    # -- sums --------------------------------------------------------------------------------------------------------

    @cached_property
    def summary(self) -> Summary | None:
        """The sums, when they were asked for or cost little; `None` means: ask `summary_url`."""
        if self.listing.summary is None or self.is_refused:
            return None
        return self.listing.summary(self.queryset) if self.wants_summary or self._is_small else None

    @cached_property
    def _is_small(self) -> bool:
        """One bounded count: the first page of a million rows must cost what that of a thousand costs."""
        return self.queryset.order_by()[: INLINE_SUMMARY_ROWS + 1].count() <= INLINE_SUMMARY_ROWS

    @property
    def leaves_at_a_click(self) -> bool:
        """Whether the list is so short that its file needs no further question."""
        return bool(self.summary) if self.listing.summary else not self.is_refused and self._is_small

    @property
    def count_text(self) -> str:
        """How many rows the filter finds, in words; empty while unknown."""
        return self.listing.count_label(self.summary.count) if self.summary else ""

    @property
    def count_digits(self) -> str:
        """How many rows the filter finds, grouped; empty while unknown."""
        return f"{self.summary.count:,}" if self.summary else ""

    @property
    def range_text(self) -> str:
        """Which rows these are, as far as a keyset page can know."""
        shown = len(self.keyset.rows)
        if self.keyset.is_first and self.summary and shown:
            return gettext("Rows 1 to %(last)s of %(count)s") % {
                "last": f"{shown:,}",
                "count": f"{self.summary.count:,}",
            }
        return ngettext("%(n)s row on this page", "%(n)s rows on this page", shown) % {"n": f"{shown:,}"}
