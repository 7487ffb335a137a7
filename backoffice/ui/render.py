"""Answering with a whole page, or with only the region htmx asked for.

A region is a `{% partialdef %}` of the page's own template, and the `id` of the element it fills: markup
exists once. Without JavaScript the same view answers with the whole page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from backoffice.ui.listing import Listing, ListingPage

LISTING_TEMPLATE = "ui/listing.html"


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx sent this request and wants a part of a page, not a page from its history."""
    details: HtmxDetails | None = getattr(request, "htmx", None)
    return details is not None and bool(details) and not details.history_restore_request


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    region: str | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or only its partial `region` when htmx asks.

    The partial must stand in `template` itself, not in one it extends.
    """
    name = f"{template}#{region}" if region and is_htmx(request) else template
    response = render(request, name, dict(context or {}), status=status)
    patch_vary_headers(response, ("Cookie", "HX-Request"))
    return response


def render_listing(
    request: HttpRequest,
    listing: Listing,
    queryset: QuerySet[Any],
    context: Mapping[str, Any] | None = None,
    *,
    template: str = LISTING_TEMPLATE,
    can_export: bool = True,
) -> HttpResponse:
    """Answer a request for a list page: the page, its region, or only its sums.

    `template` may extend `ui/listing.html`; htmx gets the region of `ui/listing.html` all the same.
    """
    page = ListingPage(listing, request.GET, queryset)
    wanted = {**(context or {}), "listing": listing, "page": page, "can_export": can_export}
    if not is_htmx(request):
        return render_page(request, template, wanted, status=400 if page.is_refused else 200)
    # htmx is told to swap 422 and nothing else among the refusals, so that no error page lands in a table.
    region = "summary" if page.wants_summary else "listing"
    return render_page(request, LISTING_TEMPLATE, wanted, region, status=422 if page.is_refused else 200)
