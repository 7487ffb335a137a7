"""Bulk files: the list, one file with its sums, progress and refusals, and what its uploader may do with it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import Refused, require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.audit.queries import history_of
from backoffice.database import clock
from backoffice.exports.answering import answer_export
from backoffice.funding import policies
from backoffice.funding.bulk import pages, queries
from backoffice.funding.bulk.columns import FILES, ROWS
from backoffice.funding.bulk.forms import ControlForm
from backoffice.funding.bulk.policies import check_can_settle
from backoffice.funding.filters import BulkFileFilters, BulkRowFilters
from backoffice.funding.models import BulkFile
from backoffice.funding.services import bulk_files
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.render import render_listing, render_page

TEMPLATE = "funding/bulk_file.html"
LISTING = Listing(
    name="bulk-files",
    title=_("Bulk files"),
    caption=_("Files of operations, newest first"),
    columns=FILES,
    filterset=BulkFileFilters,
    sorts=(Sort("uploaded", _("Uploaded"), ("uploaded_at", "id")),),
    count_label=lambda n: ngettext("%(n)s file", "%(n)s files", n) % {"n": f"{n:,}"},
    views=(
        View(_("All")),
        View(_("To be confirmed"), "state=checked"),
        View(_("Waiting for approval"), "state=waiting"),
        View(_("Being created"), "state=confirmed"),
        View(_("Done"), "state=done"),
    ),
    empty=Empty(_("No files yet."), _("A file of deposits or withdrawals makes one operation for each of its rows.")),
    line_template="funding/bulk_line.html",
    actions_template="funding/bulk_actions.html",
)
BULK_ROWS = Listing(
    name="bulk-rows",
    title=_("Rows of bulk files"),
    columns=ROWS,
    filterset=BulkRowFilters,
    sorts=(Sort("line", _("Line"), ("file_id", "number"), descending=False),),
    empty=Empty(_("No rows yet."), _("The rows of a file stand here from the moment it is uploaded.")),
    export_url_name="funding:bulk_export",
)


@require_GET
@require_role(*policies.READERS)
def files(request: HttpRequest) -> HttpResponse:
    """List the files and how far they are."""
    context = {"can_ask": policies.can_ask(person_of(request))}
    return render_listing(request, LISTING, queries.listed(), context, can_export=False)


@require_GET
@require_role(*policies.READERS)
def rows(request: HttpRequest) -> HttpResponse:
    """List every row of a file, whatever has become of it."""
    return render_listing(request, BULK_ROWS, queries.rows())


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of what became of each row."""
    return answer_export(request, BULK_ROWS)


@require_GET
@require_role(*policies.READERS)
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show one file."""
    return page(request, get_object_or_404(queries.files(), pk=file_id))


def page(request: HttpRequest, one: BulkFile, form: ControlForm | None = None, status: int = 200) -> HttpResponse:
    context = pages.file_context(one, person_of(request), clock.now(), form)
    return render_page(
        request, TEMPLATE, {**context, "history": history_of(one, one.approval)}, "bulk-file", status=status
    )


@require_GET
@require_role(*policies.READERS)
def marker(request: HttpRequest, file_id: int) -> HttpResponse:
    """Answer 204 while nothing has changed since the page was drawn, else make the page draw itself again."""
    one = get_object_or_404(queries.files(), pk=file_id)
    response = HttpResponse(status=204)
    if pages.marker_now(one) != request.GET.get("shown"):
        response["HX-Trigger"] = "bulk-file-changed"
    return response


@require_POST
@require_role(Role.FINANCE)
@conflicts_as_409
def confirm(request: HttpRequest, file_id: int) -> HttpResponse:
    """Let the workers create the operations, once the control figures agree."""
    one, person = get_object_or_404(queries.files(), pk=file_id), person_of(request)
    check_can_settle(person, one)
    form = ControlForm(one, queries.equal_rows(one, clock.now()), request.POST)
    if not form.is_valid():
        return page(request, one, form, status=422)
    try:
        confirmed = bulk_files.confirm(
            file_id=one.pk,
            count=form.cleaned_data["count"],
            totals=form.totals,
            confirmed_shown=form.confirmed_shown,
            by=person,
        )
    except bulk_files.EqualRows as error:  # somebody asked for the same just now: the form asks about all of it
        return page(request, one, ControlForm(one, error.equal, request.POST), status=422)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return page(request, one, form, status=422)
    messages.success(request, said_of(confirmed))
    return redirect("funding:bulk_file", one.pk)


def said_of(confirmed: BulkFile) -> str:
    """Say what confirming did."""
    if confirmed.is_being_created:
        return gettext("Confirmed. A worker creates one operation for each row.")
    return gettext("Confirmed. Nothing is created before others agree.")


@require_POST
@require_role(Role.FINANCE)
@conflicts_as_409
def discard(request: HttpRequest, file_id: int) -> HttpResponse:
    """Give a file up before anything came of it."""
    one = get_object_or_404(BulkFile.objects.only("pk"), pk=file_id)
    bulk_files.discard(file_id=one.pk, by=person_of(request))
    messages.success(request, gettext("Discarded. Nothing of it was created."))
    return redirect("funding:bulk_file", one.pk)
