"""The pages of the balances: the newest proofs or those of one run, their file, and asking for more."""

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
from backoffice.reconciliation.balances import bells, pages, queries
from backoffice.reconciliation.balances.columns import PROOFS
from backoffice.reconciliation.balances.filters import ProofFilters
from backoffice.reconciliation.models import Run, Source
from backoffice.reconciliation.services.balances import to_be_read
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing
from backoffice.ui.render import render_listing

BALANCE_PROOFS = Listing(
    name="balance-proofs",
    title=_("Balances"),
    caption=_("Proofs of balances, what differs first"),
    columns=PROOFS,
    filterset=ProofFilters,
    sorts=(
        Sort("outcome", _("Outcome"), ("rank", "client", "asset", "id"), descending=False),
        Sort("client", _("Client"), ("client", "asset", "id"), descending=False),
    ),
    count_label=lambda n: ngettext("%(n)s balance", "%(n)s balances", n) % {"n": f"{n:,}"},
    summary=queries.summarise,
    empty=Empty(
        _("Nothing has been proven yet."),
        _("Every balance is proven each night: what it was, and all orders since, against what CoinMENA says."),
    ),
    export_url_name="reconciliation:export_balances",
    line_template="reconciliation/balances/line.html",
    note_template="reconciliation/balances/note.html",
    actions_template="reconciliation/balances/actions.html",
)


@require_GET
@require_role(*policies.READERS)
def balances(request: HttpRequest) -> HttpResponse:
    """Show the newest proofs."""
    return balances_page(request, queries.newest(Source.BALANCES))


@require_GET
@require_role(*policies.READERS)
def balances_run(request: HttpRequest, proofs_id: int) -> HttpResponse:
    """Show the proofs of one run."""
    return balances_page(request, get_object_or_404(Run, pk=proofs_id, source=Source.BALANCES))


def balances_page(request: HttpRequest, run: Run | None) -> HttpResponse:
    context = pages.context_of(run, person_of(request), unread=to_be_read().count())
    is_newest = run == queries.newest(Source.BALANCES)
    return render_listing(
        request, BALANCE_PROOFS, queries.proofs_of(run), {**context, "is_newest": is_newest}, can_export=is_newest
    )


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export_balances(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of the newest proofs the filter keeps."""
    return answer_export(request, BALANCE_PROOFS)


@require_POST
@require_role(*policies.RECONCILERS)
def prove_balances(request: HttpRequest) -> HttpResponse:
    """Have a worker prove every balance as it was last read."""
    bells.ring(bells.PROVE, by=person_of(request))
    messages.success(request, gettext("A worker proves the balances. Load this page again in a moment."))
    return redirect("reconciliation:balances")


@require_POST
@require_role(*policies.RECONCILERS)
def read_balances(request: HttpRequest) -> HttpResponse:
    """Have a worker read the balances that are old."""
    bells.ring(bells.READ, by=person_of(request))
    messages.success(request, gettext("A worker reads balances that are old. They can be proven a few minutes later."))
    return redirect("reconciliation:balances")
