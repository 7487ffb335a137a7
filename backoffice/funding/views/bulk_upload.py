"""Upload a file of deposits or withdrawals: stored whole, recognised, or answered with everything that is wrong."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.funding.bulk.pages import faults_context, upload_crumbs, what_became_of
from backoffice.funding.bulk.reading import HEADER, MOST_ROWS, UnreadableFile, too_large
from backoffice.funding.bulk.uploading import BoundedUploadHandler
from backoffice.funding.services import bulk_files
from backoffice.ui.render import render_page
from backoffice.ui.upload_form import UploadForm

TEMPLATE = "funding/bulk_upload.html"
#: Spreadsheets take a CSV file for UTF-8 only when it begins with this mark.
MARK = "\ufeff"


@csrf_exempt  # the token is asked for by `receive`: whoever asks for it reads the request, and that must be bounded
@require_http_methods(["GET", "POST"])
@require_role(Role.FINANCE)
def upload(request: HttpRequest) -> HttpResponse:
    """Show the form, or take the file in under a bound that the request cannot choose."""
    if request.method == "GET":
        return page(request, UploadForm())
    handler = BoundedUploadHandler(request)
    request.upload_handlers = [handler]
    return receive(request, handler)


@csrf_protect
def receive(request: HttpRequest, handler: BoundedUploadHandler) -> HttpResponse:
    """Store the file and go to its page, or say everything that is wrong with it."""
    form = UploadForm(request.POST, request.FILES)
    if handler.is_too_large:
        return refused(request, too_large())
    if not form.is_valid():
        return page(request, form, status=422)
    file = form.cleaned_data["file"]
    try:
        uploaded = bulk_files.upload(name=file.name, content=file.read(), by=person_of(request))
    except UnreadableFile as error:
        return refused(request, str(error), name=file.name)
    except bulk_files.BadRows as error:
        return page(request, UploadForm(), {"name": file.name, **faults_context(error.faults)}, status=422)
    if not uploaded.is_new:
        messages.warning(request, what_became_of(uploaded.file))
    return redirect("funding:bulk_file", uploaded.file.pk)


def refused(request: HttpRequest, sentence: str, name: str = "") -> HttpResponse:
    """Answer that the file as a whole cannot be taken."""
    return page(request, UploadForm(), {"name": name, "refused": sentence}, status=422)


def page(
    request: HttpRequest, form: UploadForm, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    shown = {"form": form, "crumbs": upload_crumbs(), "most_rows": f"{MOST_ROWS:,}", "header": HEADER}
    return render_page(request, TEMPLATE, {**shown, **(context or {})}, status=status)


@require_GET
@require_role(Role.FINANCE)
def template(request: HttpRequest) -> HttpResponse:
    """Give a file that holds the header, for a spreadsheet to begin with."""
    response = HttpResponse(f"{MARK}{HEADER}\r\n", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="operations.csv"'
    return response
