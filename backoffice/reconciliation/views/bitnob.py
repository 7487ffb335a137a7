"""The pages of Bitnob: the newest check or an earlier one, its file, and asking for another."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.exports.answering import answer_export
from backoffice.reconciliation import policies
from backoffice.reconciliation.balances import bells
from backoffice.reconciliation.balances.queries import newest
from backoffice.reconciliation.bitnob import pages, queries
from backoffice.reconciliation.bitnob.columns import FINDINGS
from backoffice.reconciliation.bitnob.filters import FindingFilters
from backoffice.reconciliation.models import Run, Source
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing
from backoffice.ui.render import render_listing

BITNOB_FINDINGS = Listing(
    name="bitnob-findings",
    title=_("Bitnob"),
    caption=_("What transactions do not pass, the gravest first"),
    columns=FINDINGS,
    filterset=FindingFilters,
    sorts=(Sort("fault", _("What is wrong"), ("rank", "id"), descending=False),),
    count_label=lambda n: ngettext("%(n)s finding", "%(n)s findings", n) % {"n": f"{n:,}"},
    summary=queries.summarise,
    empty=Empty(
        _("No transaction has a fault."),
        _("Signs, states, reversals, references and look-ups by id of every transaction are tested each hour."),
    ),
    export_url_name="reconciliation:export_bitnob",
    line_template="reconciliation/bitnob/line.html",
    note_template="reconciliation/bitnob/note.html",
    actions_template="reconciliation/bitnob/actions.html",
)


@require_GET
@require_role(*policies.READERS)
def bitnob(request: HttpRequest) -> HttpResponse:
    """Show the newest check."""
    return bitnob_page(request, newest(Source.TRANSACTIONS))


@require_GET
@require_role(*policies.READERS)
def bitnob_run(request: HttpRequest, check_id: int) -> HttpResponse:
    """Show one check."""
    return bitnob_page(request, get_object_or_404(Run, pk=check_id, source=Source.TRANSACTIONS))


def bitnob_page(request: HttpRequest, run: Run | None) -> HttpResponse:
    is_newest = run == newest(Source.TRANSACTIONS)
    context = {**pages.context_of(run, person_of(request)), "is_newest": is_newest}
    return render_listing(request, BITNOB_FINDINGS, queries.findings_of(run), context, can_export=is_newest)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export_bitnob(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of what the newest check found."""
    return answer_export(request, BITNOB_FINDINGS)


@require_POST
@require_role(*policies.RECONCILERS)
def check_bitnob(request: HttpRequest) -> HttpResponse:
    """Have a worker read and check Bitnob."""
    bells.ring(bells.CHECK, by=person_of(request))
    messages.success(request, gettext("A worker reads and checks Bitnob. Load this page again in a moment."))
    return redirect("reconciliation:bitnob")
