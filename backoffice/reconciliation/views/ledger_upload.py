"""A new ledger, how its columns are read, and its files on their way in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.funding.bulk.reading import UnreadableFile
from backoffice.funding.bulk.uploading import BoundedUploadHandler
from backoffice.reconciliation import policies
from backoffice.reconciliation.ledger import pages, queries
from backoffice.reconciliation.ledger.forms import SEPARATOR_NAMES, LedgerForm, MappingForm, initial_of
from backoffice.reconciliation.ledger.reading import ENCODINGS, LARGEST, MOST_ROWS, Layout, too_large
from backoffice.reconciliation.models import LedgerSource
from backoffice.reconciliation.services import ledger
from backoffice.ui.render import render_page
from backoffice.ui.upload_form import UploadForm
from backoffice.ui.values import Crumb

NEW, COLUMNS, UPLOAD = (f"reconciliation/ledger/{name}.html" for name in ("new", "columns", "upload"))


def bounded(request: HttpRequest) -> BoundedUploadHandler:
    """Have the request read under a bound that it cannot choose; before anything of it is read."""
    handler = BoundedUploadHandler(request, LARGEST)
    request.upload_handlers = [handler]
    return handler


# A new ledger ---------------------------------------------------------------------------------------------------------


@csrf_exempt  # the token is asked for by `receive_new`, once the reading of the request is bounded
@require_http_methods(["GET", "POST"])
@require_role(*policies.RECONCILERS)
def new_ledger(request: HttpRequest) -> HttpResponse:
    """Ask for a name and a first file, and lead to its columns."""
    if request.method == "GET":
        return new_page(request, LedgerForm())
    return receive_new(request, bounded(request))


@csrf_protect
def receive_new(request: HttpRequest, handler: BoundedUploadHandler) -> HttpResponse:
    form = LedgerForm(request.POST, request.FILES)
    if handler.is_too_large:
        form.add_error("file", too_large())
    if not form.is_valid():
        return new_page(request, form, status=422)
    name, file = form.cleaned_data["name"], form.cleaned_data["file"]
    try:
        source = ledger.open_ledger(name=name, file_name=file.name, content=file.read(), by=person_of(request))
    except UnreadableFile as error:
        form.add_error("file", str(error))
    except ledger.NameTaken as error:
        form.add_error("name", str(error))
    if form.errors:
        return new_page(request, form, status=422)
    return redirect("reconciliation:ledger_columns", source.pk)


def new_page(request: HttpRequest, form: LedgerForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "crumbs": pages.crumbs(Crumb(gettext("New ledger"))), "most_rows": f"{MOST_ROWS:,}"}
    return render_page(request, NEW, context, status=status)


# Its columns ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@require_role(*policies.RECONCILERS)
def ledger_columns(request: HttpRequest, source_id: int) -> HttpResponse:
    """Show a file's first rows with a guess at its columns, or remember what the person says of them."""
    source = get_object_or_404(LedgerSource.objects.defer("sample"), pk=source_id)
    if request.method == "GET":
        return columns_page(request, source)
    layout = layout_in(request.POST, ledger.layout_of(source))
    opening, refused = pages.opening_or_none(source, layout)
    form = MappingForm(opening.headings if opening else [], request.POST)
    if "cut" in request.POST:
        return columns_page(request, source, request.POST)
    if refused:
        form.add_error("separator", refused)
    if not form.is_valid():
        return render_page(request, COLUMNS, pages.mapping_context(source, form, opening), "columns", status=422)
    is_new = not source.columns
    ledger.map_columns(source_id=source.pk, mapping=form.mapping, by=person_of(request))
    if not is_new:
        messages.success(request, gettext("Remembered. Files uploaded from now on are read this way."))
        return redirect("reconciliation:ledger_upload", source.pk)
    return first_file(request, source)


def columns_page(request: HttpRequest, source: LedgerSource, typed: QueryDict | None = None) -> HttpResponse:
    """Draw the first rows and the form; ``typed`` is what stood in it when the rows were to be cut anew."""
    mapping = ledger.guessed_mapping(source)
    layout = layout_in(typed or {}, mapping.layout)
    opening, refused = pages.opening_or_none(source, layout)
    initial = typed.dict() if typed else initial_of(mapping)
    form = MappingForm(opening.headings if opening else [], initial=initial)
    shown = pages.mapping_context(source, form, opening)
    return render_page(request, COLUMNS, {**shown, "refused": refused}, "columns")


def layout_in(said: Any, otherwise: Layout) -> Layout:
    """The layout a request asks for: the first rows are cut by it before anybody confirms it."""
    separator = SEPARATOR_NAMES.get(said.get("separator", ""), otherwise.separator)
    encoding = said.get("encoding", otherwise.encoding)
    return Layout(separator, encoding if encoding in ENCODINGS else otherwise.encoding)


# A file ---------------------------------------------------------------------------------------------------------------


@csrf_exempt  # the token is asked for by `receive`, once the reading of the request is bounded
@require_http_methods(["GET", "POST"])
@require_role(*policies.RECONCILERS)
def ledger_upload(request: HttpRequest, source_id: int) -> HttpResponse:
    """Ask for a file of a ledger, or take one in."""
    source = get_object_or_404(LedgerSource.objects.defer("sample"), pk=source_id)
    if not source.columns:
        return redirect("reconciliation:ledger_columns", source.pk)
    if request.method == "GET":
        return upload_page(request, source, UploadForm())
    return receive(request, source, bounded(request))


@csrf_protect
def receive(request: HttpRequest, source: LedgerSource, handler: BoundedUploadHandler) -> HttpResponse:
    """Store the file and go to its page, or say everything that is wrong with it."""
    form = UploadForm(request.POST, request.FILES)
    if handler.is_too_large:
        return upload_page(request, source, UploadForm(), {"refused": too_large()}, status=422)
    if not form.is_valid():
        return upload_page(request, source, form, status=422)
    file = form.cleaned_data["file"]
    return take_in(request, source, file.name, file.read())


def first_file(request: HttpRequest, source: LedgerSource) -> HttpResponse:
    """Take in the file the ledger was made with: nobody chooses it a second time."""
    name, content = queries.sample_of(source)
    return take_in(request, LedgerSource.objects.defer("sample").get(pk=source.pk), name, content)


def take_in(request: HttpRequest, source: LedgerSource, name: str, content: bytes) -> HttpResponse:
    try:
        uploaded = ledger.upload(source_id=source.pk, name=name, content=content, by=person_of(request))
    except UnreadableFile as error:
        return upload_page(request, source, UploadForm(), {"name": name, "refused": str(error)}, status=422)
    except ledger.BadLines as error:
        faults = pages.faults_context(error.faults)
        return upload_page(request, source, UploadForm(), {"name": name, **faults}, status=422)
    if not uploaded.is_new:
        messages.warning(request, pages.what_became_of(uploaded.file))
    return redirect("reconciliation:ledger_file", uploaded.file.pk)


def upload_page(
    request: HttpRequest,
    source: LedgerSource,
    form: UploadForm,
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {**pages.upload_context(source), "form": form, **(context or {})}
    return render_page(request, UPLOAD, shown, status=status)
