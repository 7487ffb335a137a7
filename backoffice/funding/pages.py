"""What the page of an operation shows, and the panels funding adds to other pages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.approvals.wording import sentence_of
from backoffice.clients.badges import activation_badge, status_badge
from backoffice.clients.models import Client
from backoffice.funding import copies, doubt, policies, queries, rolling, unusual
from backoffice.funding.badges import badge_of
from backoffice.funding.bulk import pages as bulk_pages
from backoffice.funding.checks import checks_of, summary
from backoffice.funding.closing import pages as closing_pages
from backoffice.funding.closing.policies import can_ask_to_close
from backoffice.funding.closing.story import closed_sentence
from backoffice.funding.columns import client_of, line_of
from backoffice.funding.freezing.freezes import HELD_STATES
from backoffice.funding.freezing.policies import why_frozen
from backoffice.funding.models import Closing, Kind, Operation
from backoffice.funding.services.previewing import facts_of as facts_for
from backoffice.funding.services.previewing import wire_of
from backoffice.funding.services.resolving import Checked
from backoffice.funding.states import State
from backoffice.funding.timeline import Story, approvers_of, events_of, oldest_first, rejecter_of, story_of
from backoffice.money import exact_sum
from backoffice.orders.models import Order
from backoffice.ui import times
from backoffice.ui.text import visible
from backoffice.ui.values import Age, Amount, Crumb, Fact, Link, Reference

#: How many operations the note on a client's page names.
NAMED_IN_A_NOTE = 3
#: How many of the client's other operations an approver sees.
RECENT_SHOWN = 10
MIDNIGHT: dict[str, Any] = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}


def detail_context(operation: Operation, person: Person, now: datetime) -> dict[str, Any]:
    """Return everything the page of one operation shows to ``person``."""
    story = story_of(operation)
    events, chain = events_of(story), list(queries.chain_of(operation))
    approvers, rejecter = approvers_of(story.decisions), rejecter_of(story.decisions)
    in_doubt, held = doubt_of(story, now), held_sentence(operation)
    late_orders, copying = closing_pages.late_notes(operation, person), copies.context_of(operation, person, chain)
    return {
        "operation": operation,
        "crumbs": crumbs_of(operation),
        "headline": Kind(operation.kind).label,
        "amount": Amount(operation.amount, operation.asset_id),
        "badge": badge_of(operation, calm=False),
        "line": [client_of(operation), Reference(operation.reference), people_line(operation, approvers, rejecter)],
        "facts": facts_of(operation),
        "origin": [
            *origin_of(operation, len(story.left)),
            *copies.facts_of(operation, chain),
            *bulk_pages.origin_of(story.row),
        ],
        "rule": rule_of(operation, approvers),
        "client_facts": client_facts(operation.client),
        "failure": failure_of(operation),
        "not_again": "" if late_orders or copying["can_copy"] else not_again_sentence(operation),
        "held": held,
        "overtaken": overtaken_sentence(operation),
        "events": [*oldest_first(events), *in_doubt["proof"]] if in_doubt else events,
        "doubt": in_doubt,
        "closings": closing_pages.cards_of(operation, story.closings, now),
        "late_orders": late_orders,
        "can_close": can_ask_to_close(person, operation),
        "others": [line_of(one) for one in queries.same_client(operation)],
        "all_of_client": queries.of_client(operation.client).count(),
        "all_url": url_of_all(operation.client),
        "marker": marker_of(operation, len(story.attempts), len(story.lookups), closing_marks(story.closings), held),
        "can_look_up": policies.can_look_up(person, operation),
        "can_cancel": policies.can_cancel(person, operation),
        **copying,
        "decide_url": reverse("approvals:detail", args=[operation.reference]) if operation.approval_id else "",
    }


def doubt_of(story: Story, now: datetime) -> dict[str, Any] | None:
    """Return the argument of an operation in doubt; None for any other."""
    return doubt.context_of(story, now) if story.operation.is_in_doubt else None


def held_sentence(operation: Operation) -> str:
    """Say which freeze holds the operation back; empty when none does, or when it is past being held."""
    if operation.state not in HELD_STATES:
        return ""
    return why_frozen(operation.kind, operation.client_id, operation.asset_id)


def overtaken_sentence(operation: Operation) -> str:
    """Say why a retry or a copy is kept from being sent, and what can be done; empty when nothing keeps it so."""
    why = policies.why_overtaken(operation) if operation.state in HELD_STATES else ""
    if not why or operation.is_in_doubt:
        return why
    way_out = _("It stays here until %(name)s, who asked for it, cancels it or its time runs out.")
    return f"{why} {way_out % {'name': operation.requested_by.name}}"


def marker_of(operation: Operation, attempts: int, lookups: int, closings: str, held: str) -> str:
    """Name what the page shows: when it changes, the page has something new to show."""
    flow = "held" if held else "free"
    return f"{operation.state}-{operation.version}-{attempts}-{lookups}-{closings}-{flow}"


def closing_marks(closings: Iterable[Closing]) -> str:
    """Name where the closings stand, a letter for each."""
    return "".join(closing.approval.state[0] for closing in closings)


def marker_now(operation: Operation) -> str:
    """Return the marker by counting only; what a page that watches asks every two seconds."""
    marks = closing_marks(operation.closings.select_related("approval").order_by("id"))
    held = held_sentence(operation)
    return marker_of(operation, operation.attempts.count(), operation.lookups.count(), marks, held)


def crumbs_of(operation: Operation) -> list[Crumb]:
    kinds = _("Deposits") if operation.is_deposit else _("Withdrawals")
    top = reverse("funding:list")
    return [Crumb(_("Funding"), top), Crumb(kinds, f"{top}?kind={operation.kind}"), Crumb(operation.reference)]


def people_line(operation: Operation, approvers: list[str], rejecter: str) -> str:
    """Name who asked and who had the last word: one rejection outweighs the approvals before it."""
    names = {"asked": operation.requested_by.name, "approved": ", ".join(approvers), "rejected": rejecter}
    if rejecter:
        return _("Asked by %(asked)s, rejected by %(rejected)s") % names
    if approvers:
        return _("Asked by %(asked)s, approved by %(approved)s") % names
    return _("Asked by %(asked)s") % names


def facts_of(operation: Operation) -> list[Fact]:
    """What was meant, and what it did."""
    amount = Amount(operation.amount, operation.asset_id)
    facts = [
        Fact(_("Type"), Kind(operation.kind).label),
        Fact(_("Amount"), amount),
        Fact(_("Effect on client"), effect_sentence(operation)),
        Fact(_("Reason"), operation.reason),
    ]
    if operation.failure_sentence:
        facts.append(Fact(_("Why"), failure_of(operation)))
    return facts


def effect_sentence(operation: Operation) -> str:
    """Say what the operation did to the client: nothing is claimed that no order proves."""
    if operation.state == State.COMPLETED:
        done = _("Deposited %(money)s") if operation.is_deposit else _("Withdrawn %(money)s")
        return done % {"money": operation.money}
    if operation.is_in_doubt or operation.state == State.SUBMITTING:
        return _("Not known yet")
    settled = operation.late_orders.values_list("settled_at", flat=True)
    if None in settled:
        return _("Not certain: an order speaks against it")
    if settled:
        return _("None booked here; a late order was settled apart")
    return _("None") if operation.is_ended else _("None yet")


def failure_of(operation: Operation) -> str:
    """Say why it failed, with the partner's code, so that staff and partner talk about the same thing."""
    if operation.closing is not None:
        return closed_sentence(operation.closing)
    sentence = _(operation.failure_sentence)
    code = operation.failure_code
    words = _("CoinMENA code")
    return f"{sentence} {words} {code}." if code.isdigit() else sentence


def not_again_sentence(operation: Operation) -> str:
    """Say why a failed operation cannot be tried again; empty where it can, and of any other operation."""
    return policies.why_not_copy(operation) if operation.has_failed else ""


def origin_of(operation: Operation, requests_sent: int) -> list[Fact]:
    """Its names here and there, and how often it was sent."""
    return [
        Fact(_("Our reference"), Reference(operation.reference)),
        Fact(_("CoinMENA order"), order_link(operation)),
        Fact(_("Requests sent"), requests_sent),
        Fact(_("Asked"), operation.requested_at),
    ]


def order_link(operation: Operation) -> object:
    """Link to the mirrored order; a dash where no order proves anything."""
    if operation.partner_order_id is None:
        return None
    is_mirrored = Order.objects.filter(pk=operation.partner_order_id).exists()
    url = reverse("orders:detail", args=[operation.partner_order_id]) if is_mirrored else ""
    return Reference(str(operation.partner_order_id), url)


def rule_of(operation: Operation, approvers: list[str]) -> dict[str, Any]:
    """What the rules demanded, and who answered."""
    request = operation.approval
    asked = Fact(_("Asked by"), operation.requested_by.name)
    if request is None:
        version = {"version": operation.ungated_rule_version or 0}
        facts = [Fact(_("Rules"), _("version %(version)d") % version), asked]
        text = _("No rule asks for approval of this deposit.")
        if approvers:
            text = _("No rule asks for approval of this deposit by itself. The file it was made from was approved.")
            facts.append(Fact(_("Approved by"), ", ".join(approvers)))
        return {"text": text, "facts": facts}
    facts = [
        Fact(_("Rule"), _("%(rule)s, version %(n)d") % {"rule": request.rule, "n": request.rule_version}),
        asked,
        Fact(_("Approved by"), ", ".join(approvers) or None),
    ]
    if request.people_needed > 1:
        given = {"given": len(approvers), "needed": request.people_needed}
        facts.append(Fact(_("Approvals"), _("%(given)d of %(needed)d") % given))
    if operation.approved_at:
        waited = times.duration((operation.approved_at - operation.requested_at).total_seconds())
        facts.append(Fact(_("Waited"), waited))
    elif operation.is_awaiting_approval:
        facts.append(Fact(_("Valid until"), request.valid_until))
    return {"text": sentence_of(request.rule, request.rule_version), "facts": facts}


def client_facts(client: Client) -> list[Fact]:
    return [
        Fact(_("Name"), Link(visible(str(client), 120), client.get_absolute_url())),
        Fact(_("Partner id"), Reference(client.partner_client_id)),
        Fact(_("Verification"), status_badge(client)),
        Fact(_("Activation"), activation_badge(client)),
        Fact(_("Read"), Age(client.read_at)),
    ]


# What an approver sees ----------------------------------------------------------------------------------------------


def preview_context(operation: Operation, *, is_fresh: bool) -> dict[str, Any]:
    """Return what will be sent, what it changes and every check, for whoever decides on it."""
    facts = facts_for(operation, is_fresh=is_fresh)
    checks, unlike = checks_of(facts), unusual.unlike_before(unusual.movement_of(operation), facts.now)
    return {
        "operation": operation,
        "for_whom": str(operation.client),
        "kind_label": Kind(operation.kind).label,
        "facts": facts,
        "age": Age(facts.balance.read_at),
        "is_fresh": is_fresh,
        "checks": checks,
        "checks_summary": summary(checks, unlike=len(unlike)),
        "unlike_before": unlike,
        "recent": [line_of(one) for one in queries.same_client(operation, RECENT_SHOWN)],
        "all_url": url_of_all(operation.client),
        "today": today_facts(operation, facts.now),
        "wire": wire_of(operation),
        "what": [
            Fact(_("Client"), Link(visible(str(operation.client), 120), operation.client.get_absolute_url())),
            Fact(_("Partner id"), Reference(operation.client.partner_client_id)),
            Fact(_("Our reference"), Reference(operation.reference, operation.get_absolute_url())),
        ],
        "who": [
            Fact(_("Asked by"), operation.requested_by.name),
            Fact(_("Asked"), operation.requested_at),
            Fact(_("Reason"), operation.reason),
        ],
    }


def today_facts(operation: Operation, now: datetime) -> list[Fact]:
    """What this one makes the client come to in 24 hours, and what was approved for the client since midnight."""
    total = rolling.day_total(operation.client, operation.asset, operation.kind, now, excluding=operation)
    approved = rolling.approved_since(operation.client, timezone.localtime(now).replace(**MIDNIGHT), operation)
    return [
        Fact(total_label(operation.kind), Amount(exact_sum([total, operation.amount]), operation.asset_id)),
        *(Fact(approved_label(kind, count), Amount(amount, asset)) for kind, asset, count, amount in approved),
        *([] if approved else [Fact(_("Approved today"), _("nothing else for this client"))]),
    ]


def total_label(kind: str) -> str:
    """Name the total of the day that rules count."""
    if kind == Kind.DEPOSIT:
        return _("Deposits in 24 hours, with this one")
    return _("Withdrawals in 24 hours, with this one")


def approved_label(kind: str, count: int) -> str:
    if kind == Kind.DEPOSIT:
        said = ngettext("Approved today, %(n)d deposit", "Approved today, %(n)d deposits", count)
    else:
        said = ngettext("Approved today, %(n)d withdrawal", "Approved today, %(n)d withdrawals", count)
    return said % {"n": count}


def url_of_all(client: Client) -> str:
    """Return the address of the list of everything that was asked for a client."""
    return f"{reverse('funding:list')}?{urlencode({'q': client.partner_client_id})}"


# Panels on the page of a client -------------------------------------------------------------------------------------


def client_panel(client: Client, _person: object) -> dict[str, Any]:
    """The last operations of a client."""
    rows = queries.of_client(client)
    return {
        "rows": [line_of(one) for one in rows[:6]],
        "all": rows.count(),
        "all_url": url_of_all(client),
        "client": client,
    }


def _doubt_note(in_doubt: int, under_way: int) -> str:
    if under_way == 1:
        return _("It is in doubt: do not fund around it.")
    note = ngettext(
        "One of them is in doubt: do not fund around it.",
        "%(n)d of them are in doubt: do not fund around them.",
        in_doubt,
    )
    return note % {"n": in_doubt}


def pending_note(client: Client, _person: object) -> dict[str, Any] | None:
    """What a reader must know first: something of this client waits or is in doubt."""
    waiting = queries.of_client(client).filter(state__in=queries.OPEN_STATES)
    in_doubt = [one for one in waiting if one.is_in_doubt]
    if not waiting:
        return None
    count = len(waiting)
    strong = ngettext("%(n)d operation is under way.", "%(n)d operations are under way.", count) % {"n": count}
    text = _doubt_note(len(in_doubt), count) if in_doubt else _("Balances may change by it.")
    return {
        "strong": strong,
        "text": text,
        "rows": [line_of(one) for one in sorted(waiting, key=lambda one: not one.is_in_doubt)[:NAMED_IN_A_NOTE]],
        "more": max(0, count - NAMED_IN_A_NOTE),
        "is_in_doubt": bool(in_doubt),
    }


def why_not_answered(checked: Checked) -> str:
    """Say why *Check now* brought no answer of the partner's: nobody was asked, or none came; empty where one did."""
    if checked.heard is None:
        return _why_not_looked_up(checked.operation)
    if checked.heard.exchange is None:
        return _(checked.heard.trouble)
    if checked.heard.lookup is None:
        return _("CoinMENA was asked and gave no answer that can be used. The timeline says why.")
    return ""


def _why_not_looked_up(operation: Operation) -> str:
    if operation.state == State.SUBMITTING:
        return _("It is being sent at this moment. Read its timeline in a few seconds.")
    if operation.is_in_doubt:
        return _("It is being looked up at this moment. Read its timeline in a few seconds.")
    return _("It was settled meanwhile, so nothing was looked up.")
