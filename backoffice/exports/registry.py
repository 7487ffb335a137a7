"""Every list that can be exported, by name: what ``manage.py export NAME`` offers.

An app registers its lists in ``AppConfig.ready()``::

    register(Export(ORDERS, orders_to_list))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from backoffice.ui.listing import Listing

_exports: dict[str, "Export"] = {}


class UnknownExport(LookupError):
    """No list is exported under that name; the text names those that are."""


@dataclass(frozen=True)
class Export:
    """A list and where its rows come from. The listing's name is the export's."""

    listing: Listing
    queryset: Callable[[], QuerySet[Any]]

    @property
    def name(self) -> str:
        return self.listing.name


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
