"""Export a list: its filter, all rows, streamed, and written down in the audit log (DESIGN.md §9).

A view needs one line::

    return stream_csv(request, listing=ORDERS, queryset=orders_to_list())

The entry is made when the last byte has been written, so it can hold the digest of the file; a stream that breaks off
is written down as broken. If the log cannot be written, the download ends without its end and the browser says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.actors import Actor
from backoffice.accounts.context import Origin, current_origin, originating_from
from backoffice.accounts.signed_in import person_of
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.exports.copying import Statement, Tally, chunks, compile_copy
from backoffice.exports.registry import Export
from backoffice.ui.listing import MAX_QUERY_LENGTH, OUR_PARAMS, SORT, BadListRequest, Listing


@dataclass(frozen=True)
class Manifest:
    """What is said of an export in the audit log, beside who asked for it."""

    name: str
    file_name: str
    filter: str
    order: str
    as_of: datetime
    by: Actor
    origin: Origin

    def write_down(self, tally: Tally, is_whole: bool) -> None:
        """Write the export down, made or broken."""
        facts = {"export": self.name, "file": self.file_name, "filter": self.filter, "order": self.order}
        counted = {"as_of": self.as_of, "rows": tally.rows, "bytes": tally.size, "sha256": tally.sha256}
        with originating_from(self.origin.address, self.origin.request_id or None):
            record(
                "export.made" if is_whole else "export.broken",
                by=self.by,
                after={**facts, **counted},
                result=Entry.Result.DONE if is_whole else Entry.Result.FAILED,
            )


def stream_csv(request: HttpRequest, *, listing: Listing, queryset: QuerySet[Any]) -> StreamingHttpResponse:
    """Answer with the CSV of everything the filters in the request's address find in ``queryset``.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    manifest = manifest_of(listing, request.GET, by=person_of(request))
    stream = written_down(statement_of(listing, request.GET, queryset), manifest, Tally())
    response = StreamingHttpResponse(stream, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{manifest.file_name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def write_csv(export: Export, *, params: QueryDict, by: Actor, to: IO[bytes]) -> Tally:
    """Write the CSV of everything ``params`` find to an open file; return how many rows and which digest.

    :raises BadListRequest: for filters or an order that cannot be read, or that the list does not have.
    """
    check_names(export.listing, params)
    manifest, tally = manifest_of(export.listing, params, by=by), Tally()
    for chunk in written_down(statement_of(export.listing, params, export.queryset()), manifest, tally):
        to.write(chunk)
    return tally


def check_names(listing: Listing, params: QueryDict) -> None:
    """Refuse a filter the list does not have: a misspelt one would export everything.

    :raises BadListRequest: naming the filters there are.
    """
    filters = listing.filterset.base_filters if listing.filterset else {}
    known = {SORT, *(part for name, one in filters.items() for part in one.names(name))}
    for name in set(params) - known:
        raise BadListRequest(
            gettext("There is no filter %(name)s. Choose among: %(names)s.")
            % {"name": name, "names": ", ".join(sorted(known))}
        )


def written_down(statement: Statement, manifest: Manifest, tally: Tally) -> Iterator[bytes]:
    """Give the file's bytes, then write the export down; a stream that ends early is written down as broken."""
    is_whole = False
    try:
        yield from chunks(statement, tally)
        is_whole = True
    finally:
        manifest.write_down(tally, is_whole)


def statement_of(listing: Listing, params: QueryDict, queryset: QuerySet[Any]) -> Statement:
    """Compile the COPY of the rows the filters in ``params`` find, in the order they name."""
    return compile_copy(listing.columns, chosen(listing, params, queryset))


def chosen(listing: Listing, params: QueryDict, queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Filter and order ``queryset`` as the list page does for the same address.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    if len(params.urlencode()) > MAX_QUERY_LENGTH:
        raise BadListRequest(gettext("This address is too long. Start again from the whole list."))
    order = listing.sort_of(params.get(SORT)).order_by()
    if listing.filterset is None:
        return queryset.order_by(*order)
    filters = listing.filterset(params, queryset)
    if not filters.is_valid():
        raise BadListRequest(gettext("One of the filters cannot be read. Go back to the list and correct it."))
    rows: QuerySet[Any] = filters.qs
    return rows.order_by(*order)


def manifest_of(listing: Listing, params: QueryDict, *, by: Actor) -> Manifest:
    now = timezone.now()
    return Manifest(
        name=listing.name,
        file_name=f"{listing.name}-{now:%Y%m%dT%H%M%S.%fZ}.csv",
        filter=filter_text(params),
        order=listing.sort_of(params.get(SORT)).param,
        as_of=now,
        by=by,
        origin=current_origin(),
    )


def filter_text(params: QueryDict) -> str:
    """Write the filters alone, as they stand in the address."""
    filters = params.copy()
    for name in (*OUR_PARAMS, *(name for name, texts in params.lists() if not any(texts))):
        filters.pop(name, None)
    return filters.urlencode()
