"""What every list's export address answers: asked, with the panel that says what will leave; posted to, with the file.

A view needs one line, whatever the list::

    return answer_export(request, ORDERS)

Short files are streamed while they are made; long ones are built by a worker, and their page follows.
"""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from backoffice.accounts.signed_in import person_of
from backoffice.exports import panel, registry
from backoffice.exports.formats import TYPES
from backoffice.exports.jobs.services import ask_for_file
from backoffice.exports.models import Format
from backoffice.exports.services import Stream, TooMany, is_long
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import DoesNotFit
from backoffice.ui.columns import FULL
from backoffice.ui.listing import BadListRequest, Listing
from backoffice.ui.render import render_page

#: Whoever does not want to wait for a worker may have a long file streamed: as CSV, which the button says, since a
#: workbook cannot be.
AT_ONCE: Final = "at-once"


def answer_export(request: HttpRequest, listing: Listing, *, scope: str = "") -> HttpResponseBase:
    """Answer at a list's export address, with the filters in the address and the choices in the form.

    :param scope: which object the rows are of, where the list is one of many (the findings of one run).
    :raises BadListRequest: for filters, an order, columns or a format that cannot be read.
    :raises UnknownExport: for a list that no app has registered.
    """
    export = registry.find(listing.name)
    if request.method != "POST":
        wish = Wish(export, request.GET, person_of(request), scope=scope)
        return render_page(request, "exports/panel.html", panel.panel_context(wish, request.path))
    wish = wish_of(request, export, scope)
    try:
        return file_or_job(wish, wants_it_now=is_at_once(request))
    except (TooMany, DoesNotFit) as refused:
        messages.error(request, str(refused))
        return redirect(request.get_full_path())


def wish_of(request: HttpRequest, export: registry.Export, scope: str) -> Wish:
    """Read what is wanted off a form; the button of a list says nothing, and means everything as CSV."""
    chosen = request.POST.get("format") or Format.CSV
    if chosen not in Format.values:
        raise BadListRequest(gettext("There is no such format. Choose one on the page before."))
    if chosen == Format.XLSX and is_at_once(request):
        chosen = Format.CSV
    preset = request.POST.get("preset") or FULL
    return Wish(export, request.GET, person_of(request), preset, Format(chosen), scope)


def is_at_once(request: HttpRequest) -> bool:
    return request.POST.get("when") == AT_ONCE


def file_or_job(wish: Wish, *, wants_it_now: bool) -> HttpResponseBase:
    """Stream a file while it is made, or have a worker build it where that takes long."""
    if wants_it_now or not is_long(wish):
        return streamed(wish)
    job = ask_for_file(wish, rows=wish.rows().order_by().count())
    return redirect("exports:file", job.pk)


def streamed(wish: Wish) -> StreamingHttpResponse:
    stream = Stream(wish)
    response = StreamingHttpResponse(stream, content_type=TYPES[wish.format])
    response["Content-Disposition"] = f'attachment; filename="{stream.file_name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
