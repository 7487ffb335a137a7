"""What the page of a client shows, put together from its parts."""

from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.signed_in import person_of
from backoffice.audit.queries import history_of_client
from backoffice.clients import policies, queries
from backoffice.clients.badges import activation_badge, status_badge
from backoffice.clients.balances import balance_lines
from backoffice.clients.models import BalanceReading, Client
from backoffice.ui import panels
from backoffice.ui.text import has_hidden, visible
from backoffice.ui.values import Action, Crumb, Fact, Reference

_LONGEST_TITLE: Final = 80
_HISTORY_LENGTH: Final = 12


def detail_context(client: Client, request: HttpRequest) -> dict[str, Any]:
    """Everything the page of a client shows to the person who asks."""
    person = person_of(request)
    readings = queries.readings_of(client)
    drawn = panels.drawn("client", client, request)
    return {
        **balances_context(client, person, readings),
        "reads_balances": policies.can_ask_partner(person),
        "page_title": page_title(client),
        "crumbs": crumbs(client),
        "badges": [status_badge(client), activation_badge(client)],
        "country": country_of(client),
        "facts": facts(client),
        "actions": actions(client, person),
        "notes": [one for one in drawn if one.panel.is_note],
        "main_panels": [one for one in drawn if not one.panel.is_note and not one.panel.side],
        "side_panels": [one for one in drawn if one.panel.side],
        "history": history_of_client(client.partner_client_id, limit=_HISTORY_LENGTH),
        "raw": bytes(client.raw).decode("utf-8", "backslashreplace"),
    }


def balances_context(
    client: Client, person: Person, readings: list[BalanceReading], sentence: str = ""
) -> dict[str, Any]:
    """What the balances of a client show; ``sentence`` says why they are not fresh."""
    return {
        "client": client,
        "lines": balance_lines(client, readings),
        "sentence": sentence,
        "can_ask": policies.can_ask_partner(person),
    }


def page_title(client: Client) -> str:
    """The name for the browser's tab, which cannot mark hidden characters: then the id stands for it."""
    name = client.name[:_LONGEST_TITLE]
    return client.partner_client_id if not name or has_hidden(name) else name


def crumbs(client: Client, *, last: str = "") -> list[Crumb]:
    """The way to the page of a client, or to a page below it named ``last``."""
    name = visible(str(client), _LONGEST_TITLE)
    here = [Crumb(name, client.get_absolute_url()), Crumb(last)] if last else [Crumb(name)]
    return [Crumb(_("Clients"), reverse("clients:list")), *here]


def country_of(client: Client) -> str:
    """The name of the client's country, or the partner's code where no name is known."""
    return queries.country_names().get(client.country_id) or client.country_id.upper()


def facts(client: Client) -> list[Fact]:
    """What CoinMENA says about a client."""
    return [
        Fact(_("Partner id"), Reference(client.partner_client_id)),
        Fact(_("CoinMENA's number"), Reference(str(client.partner_id)) if client.partner_id else None),
        Fact(_("Country"), country_of(client)),
        Fact(_("Client since"), day_of(client.created_at)),
        Fact(_("Last changed"), day_of(client.updated_at)),
    ]


def day_of(moment: datetime | None) -> date | None:
    """The day of a moment, in the zone of the person who looks."""
    return timezone.localtime(moment).date() if moment else None


def actions(client: Client, person: Person) -> list[Action]:
    """What this person may do with the client, the one primary action last."""
    found = []
    if policies.can_set_activation(person):
        found.append(_activation(client))
    if person.is_finance:
        query, why_not = urlencode({"client": client.partner_client_id}), why_not_funded(client)
        found.append(Action(_("Ask for withdrawal"), f"/funding/withdraw/?{query}", why_not=why_not))
        found.append(Action(_("Deposit"), f"/funding/deposit/?{query}", primary=True, why_not=why_not))
    return found


def _activation(client: Client) -> Action:
    if client.active:
        return Action(_("Deactivate"), reverse("clients:deactivate", args=[client.partner_client_id]))
    return Action(_("Activate"), reverse("clients:activate", args=[client.partner_client_id]), primary=True)


def why_not_funded(client: Client) -> str:
    """Why a client cannot be funded, and who can change that; empty when nothing stands in the way."""
    if not client.is_verified:
        return _("Not verified at CoinMENA: the onboarding must be completed first.")
    return "" if client.active else _("Deactivated. A manager can activate the client.")
