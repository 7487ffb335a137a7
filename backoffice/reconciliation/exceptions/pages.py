"""What the page of an exception shows, and the panels it stands in on other pages."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.audit.queries import history_of as audit_history_of
from backoffice.clients.models import Client
from backoffice.funding.models import Operation
from backoffice.reconciliation import policies
from backoffice.reconciliation.comparing.near_misses import MOST_OFFERED, near_misses
from backoffice.reconciliation.exceptions import naming, queries
from backoffice.reconciliation.exceptions.history import history_of
from backoffice.reconciliation.exceptions.offering import OFFERS, Offer
from backoffice.reconciliation.exceptions.policies import can_work, why_not_work
from backoffice.reconciliation.exceptions.telling import Told, told_of
from backoffice.reconciliation.models import ENDED, ExceptionItem, ExceptionState, Resolution
from backoffice.reconciliation.pages import Hint, Row
from backoffice.ui import times
from backoffice.ui.values import Crumb, Fact, Link, Named, Reference

#: What settles an exception stands apart from what only speaks of it.
SETTLING = ("read", "carry", "raise", "operation", "elsewhere", "accept")
SPEAKING = ("assign", "severity", "note", "refer")
#: How many exceptions a panel on another page names.
NAMED_IN_A_PANEL = 5


def crumbs(*last: Crumb) -> list[Crumb]:
    """The way to a page of the exceptions."""
    days = Crumb(_("Reconciliation"), reverse("reconciliation:days"))
    here = Crumb(_("Exceptions"), reverse("reconciliation:exceptions"))
    return [days, here, *last]


def detail_context(item: Any, person: Person, now: datetime) -> dict[str, Any]:
    """Everything the page of one exception shows to ``person``."""
    told = told_of(item)
    return {
        "item": item,
        "title": naming.title_of(item),
        "crumbs": crumbs(Crumb(_("Exception %(id)s") % {"id": item.pk})),
        "badge": naming.state_badge(item),
        "line": [naming.verdict_label(item.verdict), naming.sub_of(item), *client_of(item), day_link(item)],
        "told": told,
        "hints": hints_of(item) if item.state not in ENDED else [],
        "facts": [*facts_of(item, now), *sides_of(told)],
        "ways": ways_on(item),
        "events": history_of(item),
        "history": audit_history_of(item),
        "can_work": can_work(person),
        "can_take": can_work(person) and item.owner_id != person.pk and not why_not_work(item),
        "settling": offers_for(item, SETTLING),
        "speaking": offers_for(item, SPEAKING),
        "waits": waiting_url(item),
    }


def day_link(item: ExceptionItem) -> Link:
    """The page of the business day that cannot be closed while it is open."""
    return Link(times.day(item.day), reverse("reconciliation:day", args=[item.day]))


def client_of(item: Any) -> list[Named]:
    """The client, by name and the partner's id; nobody where both sides are silent, as Bitnob is."""
    return [Named(item.client_name or item.client, item.client)] if item.client else []


def facts_of(item: Any, now: datetime) -> list[Fact]:
    """What is known of it, and how it ended where it did."""
    return [
        Fact(_("Difference"), naming.difference_of(item)),
        Fact(_("At risk"), naming.at_risk_of(item)),
        Fact(_("Owner"), naming.owner_of(item)),
        Fact(_("Severity"), naming.severity_badge(item)),
        Fact(_("Due"), naming.due_of(item, now)) if item.state not in ENDED else Fact(_("Ended"), item.ended_at),
        Fact(_("First seen"), run_link(item.first_run_id)),
        Fact(_("Last seen"), run_link(item.last_run_id)),
        *([Fact(_("Ledger"), naming.ledger_of(item))] if naming.ledger_of(item) else []),
        *ending_of(item),
    ]


def ending_of(item: ExceptionItem) -> list[Fact]:
    """How it is settled or is to be, with the words."""
    facts = []
    if item.resolution:
        facts.append(Fact(_("Resolution"), str(Resolution(item.resolution).label)))
    if item.resolution_text:
        facts.append(Fact(_("Why"), item.resolution_text))
    if item.ticket:
        facts.append(Fact(_("Ticket"), item.ticket))
    return facts


def run_link(run_id: int) -> Link:
    return Link(_("Run %(n)s") % {"n": run_id}, reverse("reconciliation:run", args=[run_id]))


def sides_of(told: Told) -> list[Fact]:
    """Our time and theirs, and the look-up that proves an absence."""
    if told.finding is None:
        return []
    row = Row(told.finding, told.finding.run, True)
    return [fact for fact in row.facts[2:] if fact.value]


def hints_of(item: ExceptionItem) -> list[Hint]:
    """What looks like its pair, nearest first: to be looked at, never matched."""
    findings = queries.findings_seen(item)
    near = near_misses(findings)
    hints = [hint for one in findings for hint in Row(one, one.run, True, near.get(one.pk, ())).hints]
    return list(dict.fromkeys(hints))[:MOST_OFFERED]


def ways_on(item: ExceptionItem) -> list[Link]:
    """The pages of what it is about."""
    ways = []
    if item.operation is not None:
        reference = item.operation.reference
        ways.append(Link(_("Open the operation"), reverse("funding:detail", args=[reference])))
    if item.order_id:
        ways.append(Link(_("Open the order"), reverse("orders:detail", args=[item.order_id])))
    if item.transaction_id:
        ways.append(Link(_("Open the transaction"), reverse("transactions:detail", args=[item.transaction_id])))
    return ways


def offers_for(item: ExceptionItem, names: tuple[str, ...]) -> list[tuple[Offer, str]]:
    """What can be done to it now, with the address of the page that asks."""
    offered = [OFFERS[name] for name in names if not OFFERS[name].why_not(item)]
    return [(one, work_url(one.name, [item.pk])) for one in offered]


def work_url(name: str, ids: list[int]) -> str:
    query = urlencode([("act", name), *(("item", one) for one in ids)])
    return f"{reverse('reconciliation:work_exceptions')}?{query}"


def waiting_url(item: ExceptionItem) -> str:
    """The request it waits for, where it does."""
    if item.state != ExceptionState.WAITING or item.approval is None:
        return ""
    return reverse("approvals:detail", args=[item.approval.subject])


# Panels on other pages ------------------------------------------------------------------------------------------------


def client_panel(client: Client, person: Person) -> dict[str, Any] | None:
    """The open exceptions of a client, on the client's page; left out where there is none."""
    return panel_of(queries.open_of_client(client), person, urlencode({"q": client.partner_client_id}))


def operation_panel(operation: Operation, person: Person) -> dict[str, Any] | None:
    """The exceptions of an operation, on its own page; left out where there is none."""
    query = urlencode([("q", operation.reference), *(("state", one) for one in ExceptionState.values)])
    return panel_of(queries.of_operation(operation), person, query)


def panel_of(rows: Any, person: Person, query: str) -> dict[str, Any] | None:
    if not has_role(person, *policies.READERS):
        return None
    found = list(rows[: NAMED_IN_A_PANEL + 1])
    if not found:
        return None
    return {
        "rows": [panel_row(one) for one in found[:NAMED_IN_A_PANEL]],
        "has_more": len(found) > NAMED_IN_A_PANEL,
        "all_url": f"{reverse('reconciliation:exceptions')}?{query}",
    }


def panel_row(item: Any) -> dict[str, Any]:
    """One line: verdict and difference, whose it is, how it stands and ended."""
    return {
        "url": reverse("reconciliation:exception", args=[item.pk]),
        "verdict": naming.verdict_label(item.verdict),
        "reference": Reference(item.reference) if item.reference else None,
        "order": item.order_id,
        "difference": naming.difference_of(item),
        "due": naming.due_of(item, timezone.now()),
        "badge": naming.state_badge(item),
        "resolution": item.get_resolution_display(),
    }
