"""The pages of the clients: list, file, one client, balances, activation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.clients import pages, policies, queries, services
from backoffice.clients.columns import COLUMNS
from backoffice.clients.filters import ClientFilters
from backoffice.clients.forms import ActivationForm
from backoffice.clients.models import Client
from backoffice.exports.answering import answer_export
from backoffice.mirror.models import Mirror
from backoffice.mirror.queries import freshness_of
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.render import is_htmx, render_listing, render_page
from backoffice.ui.text import visible
from backoffice.ui.values import Crumb

LONGEST_SENTENCE = 400

CLIENTS = Listing(
    name="clients",
    title=_("Clients"),
    caption=_("Clients by name"),
    columns=COLUMNS,
    filterset=ClientFilters,
    sorts=(
        Sort("name", _("Name"), ("sort_name", "id"), descending=False),
        Sort("partner_client_id", _("Partner id"), ("partner_client_id",), descending=False),
    ),
    count_label=lambda n: ngettext("%(n)s client", "%(n)s clients", n) % {"n": f"{n:,}"},
    views=(
        View(_("All")),
        View(_("Deactivated"), "active=deactivated"),
        View(_("Not verified"), "status=other"),
    ),
    summary=queries.summarise,
    empty=Empty(_("No clients yet."), _("They appear here a few minutes after CoinMENA has one.")),
    export_url_name="clients:export",
    line_template="clients/line.html",
    note_template="clients/note.html",
)


@require_GET
@require_role(*policies.READERS)
def clients(request: HttpRequest) -> HttpResponse:
    """List the mirror of our clients at CoinMENA."""
    context = {
        "freshness": freshness_of(Mirror.CLIENTS),
        "can_ask": policies.can_ask_partner(person_of(request)),
        "searched": request.GET.get("q", "").strip(),
    }
    return render_listing(request, CLIENTS, queries.listed(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of everything the filters find."""
    return answer_export(request, CLIENTS)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def detail(request: HttpRequest, partner_client_id: str) -> HttpResponse:
    """Show one client; a POST has CoinMENA asked for the client first."""
    if request.method == "POST":
        return read_again(request, partner_client_id)
    client = queries.all_clients().filter(partner_client_id=partner_client_id).first()
    if client is None:
        return unknown(request, partner_client_id)
    return render_page(request, "clients/detail.html", pages.detail_context(client, request))


def read_again(request: HttpRequest, partner_client_id: str) -> HttpResponse:
    """Ask CoinMENA for a client and show what it says now."""
    try:
        services.look_up_client(partner_client_id, by=person_of(request))
        messages.success(request, gettext("Read again from CoinMENA."))
    except services.NotRead as error:
        messages.error(request, shown(error))
    return redirect("clients:detail", partner_client_id)


def unknown(request: HttpRequest, partner_client_id: str) -> HttpResponse:
    """Say that the mirror has no such client, and offer to ask CoinMENA."""
    context = {
        "partner_client_id": partner_client_id,
        "crumbs": [Crumb(gettext("Clients"), reverse("clients:list")), Crumb(gettext("Not here"))],
        "can_ask": policies.can_ask_partner(person_of(request)),
    }
    return render_page(request, "clients/unknown.html", context, status=404)


@require_POST
@require_role(*policies.ASKERS)
def balances(request: HttpRequest, partner_client_id: str) -> HttpResponse:
    """Read a client's balances at CoinMENA now and show them; those read before, with a notice, when it cannot."""
    client, person = get_object_or_404(Client, partner_client_id=partner_client_id), person_of(request)
    read = services.read_balances(client, by=person)
    if not is_htmx(request):
        if read.sentence:
            messages.error(request, shown(read.sentence))
        return redirect(client)
    context = pages.balances_context(client, person, read.readings, read.sentence)
    return render_page(request, "clients/detail.html", context, "balances")


@require_http_methods(["GET", "POST"])
@require_role(*policies.SWITCHERS)
def activate(request: HttpRequest, partner_client_id: str) -> HttpResponse:
    """Ask for the reason, then activate the client at CoinMENA."""
    return switch(request, partner_client_id, active=True)


@require_http_methods(["GET", "POST"])
@require_role(*policies.SWITCHERS)
def deactivate(request: HttpRequest, partner_client_id: str) -> HttpResponse:
    """Ask for the reason, then deactivate the client at CoinMENA."""
    return switch(request, partner_client_id, active=False)


def switch(request: HttpRequest, partner_client_id: str, *, active: bool) -> HttpResponse:
    client = get_object_or_404(Client, partner_client_id=partner_client_id)
    form = ActivationForm(request.POST or None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            services.set_activation(
                partner_client_id=partner_client_id, active=active, reason=reason, by=person_of(request)
            )
            messages.success(request, gettext("Client activated.") if active else gettext("Client deactivated."))
            return redirect(client)
        except (services.ActivationFailed, services.ReasonMissing) as error:
            form.add_error(None, shown(error))
    context = {
        "client": client,
        "form": form,
        "activates": active,
        "page_title": pages.page_title(client),
        "crumbs": pages.crumbs(client, last=gettext("Activate") if active else gettext("Deactivate")),
    }
    status = 422 if form.errors else 200
    return render_page(request, "clients/confirm_activate.html", context, "confirm", status=status)


def shown(sentence: object) -> str:
    """A sentence that may repeat a partner's words, with everything hidden in it named."""
    return visible(str(sentence), LONGEST_SENTENCE)
