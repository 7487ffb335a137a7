"""A sheet of exceptions comes back: checked whole, shown, applied with a result for each row."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.funding.bulk.uploading import BoundedUploadHandler
from backoffice.reconciliation import policies
from backoffice.reconciliation.exceptions import naming, pages, queries, sheets
from backoffice.reconciliation.exceptions.naming import SEVERITIES
from backoffice.reconciliation.models import Severity
from backoffice.reconciliation.services import exceptions as services
from backoffice.reconciliation.views.exceptions import show_results
from backoffice.ui.render import render_page
from backoffice.ui.upload_form import UploadForm
from backoffice.ui.values import Crumb

TEMPLATE = "reconciliation/exceptions/upload.html"


@csrf_exempt  # the token is asked for by `receive`: whoever asks for it reads the request, and that must be bounded
@require_http_methods(["GET", "POST"])
@require_role(*policies.RECONCILERS)
def upload(request: HttpRequest) -> HttpResponse:
    """Show the form, or take the sheet in under a bound that the request cannot choose."""
    if request.method == "GET":
        return page(request, {"form": UploadForm()})
    handler = BoundedUploadHandler(request, sheets.LARGEST)
    request.upload_handlers = [handler]
    return receive(request, handler)


@csrf_protect
def receive(request: HttpRequest, handler: BoundedUploadHandler) -> HttpResponse:
    """Show what the sheet would do, or everything that is wrong with it. Nothing is changed yet."""
    form = UploadForm(request.POST, request.FILES)
    if handler.is_too_large:
        return refused(request, _("The file is larger than 1 MB. Send fewer rows at a time."))
    if not form.is_valid():
        return page(request, {"form": form}, status=422)
    try:
        sheet = sheets.read(form.cleaned_data["file"].read())
    except sheets.UnreadableSheet as error:
        return refused(request, str(error))
    if sheet.faults:
        return page(request, {"form": UploadForm(), "faults": sheet.faults}, status=422)
    if not sheet.changes:
        return refused(request, _("No row asks for anything: every column to fill in is empty."))
    context = {"rows": rows_of(sheet.changes), "sealed": sheets.sealed(sheet.changes, person_of(request))}
    return page(request, context)


def refused(request: HttpRequest, sentence: str) -> HttpResponse:
    """Answer that the file as a whole cannot be taken."""
    return page(request, {"form": UploadForm(), "refused": sentence}, status=422)


def page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    crumbs = pages.crumbs(Crumb(_("Upload a sheet")))
    shown = {"crumbs": crumbs, "most_rows": sheets.MOST_ROWS, "blanks": sheets.BLANKS}
    return render_page(request, TEMPLATE, {**shown, **context}, status=status)


def rows_of(changes: list[sheets.Change]) -> list[dict[str, Any]]:
    """What the sheet would do, row by row."""
    items = {one.pk: one for one in queries.items().filter(pk__in=[change.item_id for change in changes])}
    return [row_of(items[change.item_id], change) for change in changes]


def row_of(item: Any, change: sheets.Change) -> dict[str, Any]:
    return {
        "title": naming.title_of(item),
        "sub": naming.sub_of(item),
        "difference": naming.difference_of(item),
        "owner": change.owner,
        "severity": SEVERITIES[Severity(change.severity)] if change.severity else None,
        "note": change.note,
        "settled": change.carry or change.raised,
        "ticket": change.ticket,
    }


@require_POST
@require_role(*policies.RECONCILERS)
def apply(request: HttpRequest) -> HttpResponse:
    """Do what was shown, each row by itself."""
    person = person_of(request)
    changes = sheets.unsealed(request.POST.get("sealed", ""), person)
    if changes is None:
        messages.warning(request, _("This sheet was shown too long ago, or to somebody else. Upload it again."))
        return redirect("reconciliation:upload_exceptions")
    return show_results(request, _("Upload a sheet"), services.apply_sheet(changes, by=person))
