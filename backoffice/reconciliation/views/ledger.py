"""The pages of the ledgers: the list, entries, and what happens to one file."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.audit.queries import history_of
from backoffice.exports.answering import answer_export
from backoffice.reconciliation import policies
from backoffice.reconciliation.ledger import pages, queries
from backoffice.reconciliation.ledger.columns import ENTRIES, FILES
from backoffice.reconciliation.ledger.filters import LedgerEntryFilters, LedgerFileFilters
from backoffice.reconciliation.ledger.forms import WithdrawForm
from backoffice.reconciliation.models import LedgerFile
from backoffice.reconciliation.services import ledger
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.render import render_listing, render_page

LEDGER_FILES = Listing(
    name="ledger-files",
    title=_("Ledgers"),
    caption=_("Files of the ledgers, newest first"),
    columns=FILES,
    filterset=LedgerFileFilters,
    sorts=(Sort("uploaded", _("Uploaded"), ("uploaded_at", "id")),),
    count_label=lambda n: ngettext("%(n)s file", "%(n)s files", n) % {"n": f"{n:,}"},
    summary=queries.summarise_files,
    empty=Empty(
        _("No files yet."),
        _("Your own books, as CSV files, are compared with CoinMENA's orders line by line. Begin with a new ledger."),
    ),
    line_template="reconciliation/ledger/line.html",
    note_template="reconciliation/ledger/sources.html",
    actions_template="reconciliation/ledger/actions.html",
)
LEDGER_ENTRIES = Listing(
    name="ledger-entries",
    title=_("Entries of the ledgers"),
    caption=_("Entries, newest first"),
    columns=ENTRIES,
    filterset=LedgerEntryFilters,
    sorts=(Sort("booked", _("Booked"), ("booked_at", "id")),),
    count_label=lambda n: ngettext("%(n)s entry", "%(n)s entries", n) % {"n": f"{n:,}"},
    views=(
        View(_("What counts")),
        View(_("Withdrawn"), "file_state=withdrawn"),
        View(_("Both"), "file_state=accepted&file_state=withdrawn"),
    ),
    summary=queries.summarise_entries,
    summed=_("Sums of completed entries of accepted files. Failed entries and withdrawn files are left out."),
    empty=Empty(_("No entries yet."), _("They are written when a file of a ledger is accepted.")),
    export_url_name="reconciliation:export_ledger_entries",
    note_template="reconciliation/ledger/tabs.html",
)


@require_GET
@require_role(*policies.READERS)
def ledgers(request: HttpRequest) -> HttpResponse:
    """List the ledgers and their files."""
    context = {"can_reconcile": policies.can_reconcile(person_of(request)), "sources": queries.sources()}
    return render_listing(request, LEDGER_FILES, queries.files(), context, can_export=False)


@require_GET
@require_role(*policies.READERS)
def ledger_entries(request: HttpRequest) -> HttpResponse:
    """List the entries of all ledgers."""
    return render_listing(request, LEDGER_ENTRIES, queries.entries())


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export_ledger_entries(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of the entries the filter keeps."""
    return answer_export(request, LEDGER_ENTRIES)


@require_GET
@require_role(*policies.READERS)
def ledger_file(request: HttpRequest, ledger_file_id: int) -> HttpResponse:
    """Show one file: what it adds up to, how it was read, and what may be done with it."""
    return file_page(request, get_object_or_404(queries.files(), pk=ledger_file_id))


def file_page(
    request: HttpRequest, file: LedgerFile, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    shown = {**pages.file_context(file, person_of(request)), "history": history_of(file), **(context or {})}
    return render_page(request, "reconciliation/ledger/file.html", shown, "ledger-file", status=status)


@require_POST
@require_role(*policies.RECONCILERS)
@conflicts_as_409
def accept_ledger_file(request: HttpRequest, ledger_file_id: int) -> HttpResponse:
    """Let a file count, or say which of its lines no longer fit."""
    file = get_object_or_404(queries.files(), pk=ledger_file_id)
    try:
        accepted = ledger.accept(file_id=file.pk, by=person_of(request))
    except ledger.BadLines as error:
        return file_page(request, file, pages.faults_context(error.faults), status=422)
    told = ngettext(
        "Accepted. %(lines)s counts from the next run on.",
        "Accepted. %(lines)s count from the next run on.",
        accepted.row_count,
    )
    messages.success(request, told % {"lines": pages.lines_in_words(accepted.row_count)})
    return redirect("reconciliation:ledger_file", accepted.pk)


@require_POST
@require_role(*policies.RECONCILERS)
@conflicts_as_409
def discard_ledger_file(request: HttpRequest, ledger_file_id: int) -> HttpResponse:
    """Give a file up before it counted."""
    get_object_or_404(LedgerFile.objects.only("pk"), pk=ledger_file_id)
    ledger.discard(file_id=ledger_file_id, by=person_of(request))
    messages.success(request, gettext("Discarded. Nothing of it counts."))
    return redirect("reconciliation:ledger_file", ledger_file_id)


@require_POST
@require_role(*policies.RECONCILERS)
@conflicts_as_409
def withdraw_ledger_file(request: HttpRequest, ledger_file_id: int) -> HttpResponse:
    """Take a file out of its ledger, with a reason."""
    file = get_object_or_404(queries.files(), pk=ledger_file_id)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return file_page(request, file, {"form": form}, status=422)
    ledger.withdraw(file_id=ledger_file_id, reason=form.cleaned_data["reason"], by=person_of(request))
    messages.success(request, gettext("Withdrawn. It stays to be read, and counts no more."))
    return redirect("reconciliation:ledger_file", ledger_file_id)
