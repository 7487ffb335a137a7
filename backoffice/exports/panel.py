"""What is said before a file leaves: how many rows, what they add up to, in which columns and formats it can be had."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from backoffice.exports.copying import compile_totals, totals_of
from backoffice.exports.models import Format
from backoffice.exports.services import SMALL
from backoffice.exports.wishes import Wish
from backoffice.exports.wording import FORMAT_NOTES, preset_label
from backoffice.ui.listing import ListingPage
from backoffice.ui.values import Amount, Crumb


@dataclass(frozen=True)
class Choice:
    """One way to have the file."""

    value: str
    label: str
    note: str
    is_first: bool


def panel_context(wish: Wish, path: str) -> dict[str, Any]:
    """Everything the panel draws.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    listing, rows = wish.export.listing, wish.rows()
    with connection.cursor() as cursor:
        totals = totals_of(compile_totals(wish), cursor)
    title = str(listing.title)
    return {
        "title": _("Export %(list)s") % {"list": title},
        "crumbs": [Crumb(title, list_url(wish)), Crumb(_("Export"))],
        "list_url": list_url(wish),
        "list_name": title,
        "pills": ListingPage(listing, wish.params, rows).pills,
        "clear_url": path,
        "count_text": listing.count_label(totals.rows),
        "sums": [Amount(total, asset) for asset, total in totals.sums.items()],
        "summed": wish.summed.get("amount", ""),
        "summed_says": listing.summed if wish.sums else "",
        "presets": presets_of(wish),
        "formats": formats_of(),
        "action": f"{path}?{wish.query}" if wish.query else path,
        "schedule_url": schedule_url(wish),
        "is_long": totals.rows > SMALL[Format.CSV],
        "is_long_for_excel": totals.rows > SMALL[Format.XLSX],
        "most_rows": f"{SMALL[Format.CSV]:,}",
        "most_rows_for_excel": f"{SMALL[Format.XLSX]:,}",
    }


def presets_of(wish: Wish) -> list[Choice]:
    columns = wish.export.listing.columns
    return [
        Choice(name, preset_label(name), ", ".join(column.header for column in columns.in_preset(name)), place == 0)
        for place, name in enumerate(columns.presets)
    ]


def formats_of() -> list[Choice]:
    return [Choice(str(one), str(one.label), str(FORMAT_NOTES[one]), place == 0) for place, one in enumerate(Format)]


def schedule_url(wish: Wish) -> str:
    """The page that has the same rows exported every day or month."""
    said = {"list": wish.export.name, "scope": wish.scope, "filter": wish.query}
    return f"{reverse('exports:new_schedule')}?{urlencode({name: text for name, text in said.items() if text})}"


def list_url(wish: Wish) -> str:
    """The list with the same filters, or nothing where the list has no page of its own."""
    arguments = [wish.scope] if wish.scope else []
    try:
        address = reverse(wish.export.page_name, args=arguments)
    except NoReverseMatch:
        return ""
    return f"{address}?{wish.query}" if wish.query else address
