"""The pages of the transactions: list, file, one transaction, look-up at the partner."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit.queries import history_of
from backoffice.exports.answering import answer_export
from backoffice.mirror.models import Mirror
from backoffice.mirror.runs import last_complete
from backoffice.transactions import pages, policies, queries, services
from backoffice.transactions.columns import COLUMNS
from backoffice.transactions.filters import TransactionFilters
from backoffice.transactions.forms import LookUpForm
from backoffice.transactions.models import Transaction
from backoffice.ui.filters import this_month
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.render import render_listing, render_page
from backoffice.ui.values import Crumb

TRANSACTIONS = Listing(
    name="transactions",
    title=_("Transactions"),
    caption=_("Transactions, newest first"),
    columns=COLUMNS,
    filterset=TransactionFilters,
    sorts=(Sort("created", _("Created"), ("created_at", "transaction_id")),),
    count_label=lambda n: ngettext("%(n)s transaction", "%(n)s transactions", n) % {"n": f"{n:,}"},
    views=(
        View(_("All")),
        View(_("This month"), this_month("created")),
        View(_("Not final"), "state=PENDING&state=IN_PROGRESS&state=other"),
        View(_("Failed or reversed"), "state=FAILED&state=REVERSED"),
        View(_("Simulated"), "money=simulated"),
    ),
    summary=queries.summarise,
    empty=Empty(_("No transactions yet."), _("They appear here a minute after Bitnob has one.")),
    export_url_name="transactions:export",
    line_template="transactions/line.html",
    note_template="transactions/note.html",
)


@require_GET
@require_role(*policies.READERS)
def transactions(request: HttpRequest) -> HttpResponse:
    """List the mirror of Bitnob's transactions."""
    reading = last_complete(Mirror.TRANSACTIONS)
    context = {
        "read_at": reading.started_at if reading else None,
        **pages.balances_context(queries.balances()),
        "can_look_up": policies.can_look_up(person_of(request)),
        "searched": request.GET.get("q", "").strip(),
    }
    return render_listing(request, TRANSACTIONS, queries.listed(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of everything the filters find."""
    return answer_export(request, TRANSACTIONS)


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, transaction_id: UUID) -> HttpResponse:
    """Show one transaction: what it is, what belongs with it, what does not fit, the raw answer, its history."""
    transaction = get_object_or_404(Transaction, pk=transaction_id)
    context = {
        **pages.detail_context(transaction, queries.belonging_with(transaction), queries.incidents_of(transaction)),
        "history": history_of(transaction),
        "can_look_up": policies.can_look_up(person_of(request)),
    }
    return render_page(request, "transactions/detail.html", context)


@require_POST
@require_role(*policies.LOOKERS_UP)
def read_again(request: HttpRequest, transaction_id: UUID) -> HttpResponse:
    """Ask Bitnob for one transaction again and show what it says now."""
    try:
        services.reread_transaction(transaction_id=str(transaction_id), by=person_of(request))
        messages.success(request, gettext("Read again from Bitnob."))
    except services.NotRead as error:
        messages.error(request, str(error))
    return redirect("transactions:detail", transaction_id)


@require_http_methods(["GET", "POST"])
@require_role(*policies.LOOKERS_UP)
def look_up(request: HttpRequest) -> HttpResponse:
    """Ask Bitnob for a transaction that the mirror does not hold yet."""
    form = LookUpForm(request.POST or None)
    if form.is_valid():
        try:
            found = services.look_up_transaction(text=form.cleaned_data["text"], by=person_of(request))
            return redirect("transactions:detail", found.pk)
        except services.NotRead as error:
            form.add_error("text", str(error))
    crumbs = [Crumb(gettext("Transactions"), reverse("transactions:list")), Crumb(gettext("Look up"))]
    status = 422 if form.errors else 200
    return render_page(request, "transactions/look_up.html", {"form": form, "crumbs": crumbs}, "look-up", status=status)
