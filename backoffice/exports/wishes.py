"""What somebody wants as a file: which list, by which filters and order, which columns, in which format."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext

from backoffice.accounts.actors import Actor
from backoffice.exports.models import Format
from backoffice.exports.registry import Export, Sums
from backoffice.ui.columns import FULL, Column
from backoffice.ui.listing import MAX_QUERY_LENGTH, OUR_PARAMS, SORT, BadListRequest


@dataclass(frozen=True)
class Wish:
    """One file that is wanted. ``params`` are the filters and the order as the list's address has them.

    :raises BadListRequest: for columns that the list does not offer.
    """

    export: Export
    params: QueryDict
    by: Actor
    preset: str = FULL
    format: Format = Format.CSV
    scope: str = ""

    def __post_init__(self) -> None:
        if self.preset not in self.export.listing.columns.presets:
            raise BadListRequest(gettext("This list has no such choice of columns."))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the file, in order."""
        return self.export.listing.columns.in_preset(self.preset)

    @property
    def headings(self) -> list[str]:
        """The headings of the file."""
        return [column.header for column in self.columns]

    @property
    def sums(self) -> Sums | None:
        """What is added up, where the file holds both columns that takes."""
        sums, keys = self.export.sums, {column.key for column in self.columns}
        return sums if sums and {sums.amount, sums.asset} <= keys else None

    @property
    def summed(self) -> dict[str, str]:
        """The headings of the two columns the sums are made of: ``{"amount": …, "asset": …}``, or nothing."""
        if not self.sums:
            return {}
        columns = self.export.listing.columns
        return {"amount": columns[self.sums.amount].header, "asset": columns[self.sums.asset].header}

    @property
    def order(self) -> str:
        """The order of the rows, as an address names it."""
        return self.export.listing.sort_of(self.params.get(SORT)).param

    @property
    def filter(self) -> str:
        """The filters alone, as they stand in the address."""
        return filter_text(self.params)

    @property
    def query(self) -> str:
        """Filters and order, as an address that leads to the same rows has them."""
        order = self.params.get(SORT, "")
        parts = [self.filter, f"{SORT}={order}" if order else ""]
        return "&".join(part for part in parts if part)

    def rows(self) -> QuerySet[Any]:
        """Give the rows the filters find, in their order.

        :raises BadListRequest: for filters or an order that cannot be read.
        """
        return chosen(self)


def chosen(wish: Wish) -> QuerySet[Any]:
    """Filter and order the rows as the list page does for the same address.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    listing, params = wish.export.listing, wish.params
    if len(params.urlencode()) > MAX_QUERY_LENGTH:
        raise BadListRequest(gettext("This address is too long. Start again from the whole list."))
    order = listing.sort_of(params.get(SORT)).order_by()
    if listing.filterset is None:
        return wish.export.rows_for(wish).order_by(*order)
    filters = listing.filterset(params, wish.export.rows_for(wish))
    if not filters.is_valid():
        raise BadListRequest(gettext("One of the filters cannot be read. Go back to the list and correct it."))
    rows: QuerySet[Any] = filters.qs
    return rows.order_by(*order)


def check_names(wish: Wish) -> None:
    """Refuse a filter the list does not have: a misspelt one would export everything.

    :raises BadListRequest: naming the filters there are.
    """
    filterset = wish.export.listing.filterset
    filters = filterset.base_filters if filterset else {}
    known = {SORT, *(part for name, one in filters.items() for part in one.names(name))}
    for name in set(wish.params) - known:
        raise BadListRequest(
            gettext("There is no filter %(name)s. Choose among: %(names)s.")
            % {"name": name, "names": ", ".join(sorted(known))}
        )


def filter_text(params: QueryDict) -> str:
    """Write the filters alone, as they stand in the address."""
    filters = params.copy()
    for name in (*OUR_PARAMS, *(name for name, texts in params.lists() if not any(texts))):
        filters.pop(name, None)
    return filters.urlencode()
