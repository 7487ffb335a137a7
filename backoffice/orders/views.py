"""The pages of the orders: list, file, one order, look-up at the partner."""

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
from backoffice.orders import pages, policies, queries, services
from backoffice.orders.columns import COLUMNS
from backoffice.orders.filters import OrderFilters
from backoffice.orders.forms import LookUpForm
from backoffice.ui.filters import this_month
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.render import render_listing, render_page
from backoffice.ui.values import Crumb

ORDERS = Listing(
    name="orders",
    title=_("Orders"),
    caption=_("Orders, newest first"),
    columns=COLUMNS,
    filterset=OrderFilters,
    sorts=(
        Sort("created", _("Created"), ("created_at", "id")),
        Sort("amount", _("Amount"), ("position", "id")),
    ),
    count_label=lambda n: ngettext("%(n)s order", "%(n)s orders", n) % {"n": f"{n:,}"},
    views=(
        View(_("All")),
        View(_("This month"), this_month("created")),
        View(_("Not completed"), "status=failed&status=rejected&status=open"),
        View(_("Withdrawals from 10,000"), "kind=withdrawal&amount_min=10000"),
        View(_("Not ours"), "made=elsewhere"),
        View(_("No longer listed"), "listed=no"),
    ),
    summary=queries.summarise,
    summed=_(
        "Sums of completed deposits and withdrawals. Trades, and orders that CoinMENA no longer has, are left out."
    ),
    empty=Empty(_("No orders yet."), _("They appear here a few minutes after CoinMENA has one.")),
    export_url_name="orders:export",
    line_template="orders/line.html",
    note_template="orders/note.html",
)


@require_GET
@require_role(*policies.READERS)
def orders(request: HttpRequest) -> HttpResponse:
    """List the mirror of CoinMENA's orders."""
    reading = last_complete(Mirror.ORDERS)
    context = {
        "read_at": reading.started_at if reading else None,
        "can_look_up": policies.can_look_up(person_of(request)),
        "searched": request.GET.get("q", "").strip(),
    }
    return render_listing(request, ORDERS, queries.listed(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of everything the filters find."""
    return answer_export(request, ORDERS)


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show one order: its effect on the client, the partner's books, the raw answer, its history."""
    order = get_object_or_404(queries.with_client_name(queries.all_orders()), pk=order_id)
    context = {
        **pages.detail_context(order, queries.incidents_of(order)),
        "history": history_of(order),
        "can_look_up": policies.can_look_up(person_of(request)),
    }
    return render_page(request, "orders/detail.html", context)


@require_POST
@require_role(*policies.LOOKERS_UP)
def read_again(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask CoinMENA for one order again and show what it says now."""
    try:
        services.reread_order(order_id=order_id, by=person_of(request))
        messages.success(request, gettext("Read again from CoinMENA."))
    except services.NotRead as error:
        messages.error(request, str(error))
    return redirect("orders:detail", order_id)


@require_http_methods(["GET", "POST"])
@require_role(*policies.LOOKERS_UP)
def look_up(request: HttpRequest) -> HttpResponse:
    """Ask CoinMENA for an order that the mirror does not hold yet."""
    form = LookUpForm(request.POST or None)
    if form.is_valid():
        try:
            order = services.look_up_order(text=form.cleaned_data["text"], by=person_of(request))
            return redirect("orders:detail", order.pk)
        except services.NotRead as error:
            form.add_error("text", str(error))
    crumbs = [Crumb(gettext("Orders"), reverse("orders:list")), Crumb(gettext("Look up"))]
    status = 422 if form.errors else 200
    return render_page(request, "orders/look_up.html", {"form": form, "crumbs": crumbs}, "look-up", status=status)
