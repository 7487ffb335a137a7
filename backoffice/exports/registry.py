"""Every list that can be exported, by name: what ``manage.py export NAME`` offers, and what workers build files of.

An app registers its lists in ``AppConfig.ready()``::

    register(Export(ORDERS, orders_to_list, sums=Sums("effect_amount", "effect_asset_id")))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Role
from backoffice.ui.listing import Listing

if TYPE_CHECKING:
    from backoffice.exports.wishes import Wish

_exports: dict[str, Export] = {}


class UnknownExport(LookupError):
    """No list is exported under that name; the text names those that are."""


@dataclass(frozen=True)
class Sums:
    """The control totals of a file: the key of the column that is added up, and of the one that says in which asset."""

    amount: str
    asset: str


@dataclass(frozen=True)
class Export:
    """A list and where its rows come from. The listing's name is the export's.

    `queryset` gives every row; `narrowed` those of one wish, where it matters who asks or which object the file is of
    (`Wish.by`, `Wish.scope`). `opened_to` names the roles that may take it, where no row of the permission matrix does.
    `page` names the list's page where it is not `list` beside its export address; its address takes the scope.
    """

    listing: Listing
    queryset: Callable[[], QuerySet[Any]]
    sums: Sums | None = None
    narrowed: Callable[[Wish], QuerySet[Any]] | None = None
    opened_to: tuple[Role, ...] = ()
    page: str = ""

    @property
    def name(self) -> str:
        return self.listing.name

    @property
    def roles(self) -> frozenset[Role]:
        """Who may take the file: whoever the permission matrix lets press the list's button."""
        row = TABLE.get(self.listing.export_url_name)
        return frozenset(self.opened_to or (row.post if row else ()))

    @property
    def page_name(self) -> str:
        """The name of the list's own page."""
        return self.page or f"{self.listing.export_url_name.partition(':')[0]}:list"

    def rows_for(self, wish: Wish) -> QuerySet[Any]:
        """Every row there is for whoever asks, before the filters."""
        return self.narrowed(wish) if self.narrowed else self.queryset()


def register(export: Export) -> None:
    """Offer a list for export.

    :raises ValueError: when another list has that name.
    """
    if _exports.get(export.name, export) is not export:
        raise ValueError(f"Two lists are exported as {export.name}.")
    _exports[export.name] = export


def names() -> list[str]:
    """Name everything that can be exported."""
    return sorted(_exports)


def find(name: str) -> Export:
    """Find an export by name.

    :raises UnknownExport: when there is none.
    """
    if name not in _exports:
        raise UnknownExport(f"Nothing is exported as {name}. Choose one of: {', '.join(names())}.")
    return _exports[name]
