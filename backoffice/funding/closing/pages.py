"""What the pages of a closing show: what happened, what is claimed, on what evidence, what is known, what follows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision
from backoffice.approvals.states import RequestState
from backoffice.funding import queries
from backoffice.funding.closing.closings import evidence_of, is_current
from backoffice.funding.closing.findings import Difference, Findings, FoundOrder, findings_of
from backoffice.funding.closing.linked import LinkedOrder
from backoffice.funding.closing.policies import can_settle
from backoffice.funding.models import Closing, ClosingEvidence, LateOrder, Operation
from backoffice.funding.timeline import events_of, oldest_first, story_of
from backoffice.ui import times
from backoffice.ui.text import visible
from backoffice.ui.values import Age, Amount, Badge, Check, CheckResult, Crumb, Fact, Link, Meaning, Reference

FIELDS = {
    "type": gettext_lazy("type"),
    "client": gettext_lazy("client"),
    "asset": gettext_lazy("asset"),
    "amount": gettext_lazy("amount"),
    "opposite": gettext_lazy("amount on the other side"),
}
#: What an order says of an operation that ended without effect; the other kinds are about a completed one.
AGAINST_NO_EFFECT = (LateOrder.Kind.COMPLETED, LateOrder.Kind.OPEN)
MEANINGS = {
    RequestState.WAITING: Meaning.WARNING,
    RequestState.APPROVED: Meaning.POSITIVE,
    RequestState.REJECTED: Meaning.NEGATIVE,
}


def findings_checks(findings: Findings) -> list[Check]:
    """Say, one by one, what is known under the reference or was linked to it; what speaks against the intent is
    marked."""
    checks = [_order_check(order) for order in findings.orders]
    for order in findings.orders:
        checks += [_difference_check(order, one) for one in order.differences]
    if not findings.orders:
        checks.append(Check(_("The mirror holds no order under this reference"), CheckResult.WARNING))
    return [*checks, *(_linked_check(order) for order in findings.linked), _lookup_check(findings)]


def _linked_check(order: LinkedOrder) -> Check:
    link = Reference(str(order.id), reverse("orders:detail", args=[order.id]))
    return Check(_who_linked(order), CheckResult.FAILED, _what_linking_means(), link)


def _who_linked(order: LinkedOrder) -> str:
    said = {"id": order.id, "name": order.by}
    return _("%(name)s linked order %(id)d to it, which stands under another reference") % said


def _what_linking_means() -> str:
    return _("If that is this payment, it was made: a copy would pay it twice.")


def _order_check(order: FoundOrder) -> Check:
    status = {"id": order.id, "status": order.status}
    link = Reference(str(order.id), reverse("orders:detail", args=[order.id]))
    if order.is_gone:
        was = _("CoinMENA's list no longer has order %(id)d, which was %(status)s") % status
        return Check(was, CheckResult.WARNING, got=link)
    if order.is_taken:
        return Check(_("Order %(id)d is the order of another operation") % status, CheckResult.FAILED, got=link)
    if order.is_completed:
        return Check(_("CoinMENA shows a completed order, %(id)d") % status, CheckResult.PASSED, got=link)
    if order.is_final:
        return Check(_("CoinMENA shows order %(id)d as %(status)s") % status, CheckResult.PASSED, got=link)
    why = _("It is not final: it can still be completed.")
    return Check(_("CoinMENA shows order %(id)d as %(status)s") % status, CheckResult.WARNING, why, link)


def _difference_check(order: FoundOrder, one: Difference) -> Check:
    said = {"field": FIELDS[one.field], "ours": one.ours, "theirs": one.theirs or _("nothing"), "id": order.id}
    text = _("Order %(id)d differs in the %(field)s: asked for %(ours)s, CoinMENA says %(theirs)s") % said
    return Check(text, CheckResult.FAILED, _("Reconciliation goes on showing this."))


def _lookup_check(findings: Findings) -> Check:
    at = findings.looked_up_at
    if at is None:
        return Check(_("No look-up has had a usable answer yet"), CheckResult.WARNING)
    if findings.is_shown:
        return Check(_("The last look-up found an order"), CheckResult.PASSED, got=at)
    if findings.has_vanished:
        return Check(_("The last look-up found nothing, although an order was known"), CheckResult.FAILED, got=at)
    return Check(_("The last look-up found no order"), CheckResult.PASSED, got=at)


@dataclass(frozen=True)
class Attached:
    """One file of a closing as a page names it."""

    name: str
    size: str
    digest: str
    url: str


def attached(reference: str, files: list[ClosingEvidence]) -> list[Attached]:
    return [
        Attached(one.name, filesizeformat(one.size), one.digest, _evidence_url(reference, one.digest)) for one in files
    ]


def _evidence_url(reference: str, digest: str) -> str:
    return reverse("funding:evidence", args=[reference, digest])


def consequence_of(closing: Closing, findings: Findings) -> str:
    """Say what signing does, so that nobody signs more than they meant."""
    if closing.outcome == Closing.Outcome.COMPLETED:
        words = {"order": closing.order_id}
        return _("The operation ends as completed, with order %(order)s. Nothing is sent. It cannot be undone.") % words
    if why_not := _why_no_copy(closing.operation, findings):
        late = _("If money turns out to have moved, it is reported here and to everybody.")
        return " ".join([_("The operation ends as failed; nothing is sent."), why_not, late])
    return _(
        "The operation ends as failed; nothing is sent. Finance may then make one copy, which pays anew. "
        "If the order turns up after all, it is reported here and to everybody."
    )


def _why_no_copy(operation: Operation, findings: Findings) -> str:
    """Say what keeps a copy away once it is closed as failed; empty where finance may make one."""
    if findings.linked:
        words = {"order": findings.linked[0].id}
        return _("No copy of it can be made, since order %(order)s was linked to it.") % words
    if queries.has_order_after_all(operation):
        return _("No copy of it can be made while an order stands under its reference.")
    return ""


def question_of(closing: Closing) -> str:
    words = {"money": closing.operation.money}
    if closing.outcome == Closing.Outcome.COMPLETED:
        kinds = _("Close deposit of %(money)s as completed?"), _("Close withdrawal of %(money)s as completed?")
    else:
        kinds = _("Close deposit of %(money)s as failed?"), _("Close withdrawal of %(money)s as failed?")
    return kinds[0 if closing.operation.is_deposit else 1] % words


def claim_facts(closing: Closing) -> list[Fact]:
    """What is claimed, and on what ground."""
    facts = [
        Fact(_("Claimed"), closing.get_outcome_display()),
        Fact(_("Kind of reason"), closing.get_reason_code_display()),
    ]
    if closing.order_id is not None:
        url = reverse("orders:detail", args=[closing.order_id])
        facts.append(Fact(_("CoinMENA order"), Reference(str(closing.order_id), url)))
    return [*facts, Fact(_("Closing asked by"), closing.asked_by.name), Fact(_("Asked"), closing.asked_at)]


def operation_facts(operation: Operation) -> list[Fact]:
    """What the operation was meant to do."""
    return [
        Fact(_("Amount"), Amount(operation.amount, operation.asset_id)),
        Fact(_("Client"), Link(str(operation.client), operation.client.get_absolute_url())),
        Fact(_("Our reference"), Reference(operation.reference, operation.get_absolute_url())),
        Fact(_("Asked by"), operation.requested_by.name),
        Fact(_("In doubt since"), operation.in_doubt_since),
    ]


def preview_context(closing: Closing, *, is_fresh: bool) -> dict[str, Any]:
    """Return what a manager reads before signing."""
    operation, findings = closing.operation, findings_of(closing.operation)
    return {
        "closing": closing,
        "question": question_of(closing),
        "kind_label": _("Closing by two people"),
        "for_whom": str(operation.client),
        "is_fresh": is_fresh,
        "is_overtaken": not is_current(closing),
        "looked_up": Age(findings.looked_up_at),
        "operation_facts": operation_facts(operation),
        "claim_facts": claim_facts(closing),
        "evidence": attached(operation.reference, evidence_of(closing)),
        "findings": findings_checks(findings),
        "events": oldest_first(events_of(story_of(operation))),
        "consequence": consequence_of(closing, findings),
    }


def form_context(operation: Operation) -> dict[str, Any]:
    """Return what finance reads beside the form."""
    findings = findings_of(operation)
    top = reverse("funding:list")
    return {
        "operation": operation,
        "crumbs": [
            Crumb(_("Funding"), top),
            Crumb(operation.reference, operation.get_absolute_url()),
            Crumb(_("Close by two people")),
        ],
        "amount": Amount(operation.amount, operation.asset_id),
        "line": [str(operation.client), Reference(operation.reference)],
        "findings": findings_checks(findings),
        "looked_up": Age(findings.looked_up_at),
        "advice": advice_of(findings),
        "operation_facts": operation_facts(operation),
        "factor_sentence": factor_sentence(operation),
    }


def factor_sentence(operation: Operation) -> str:
    """Repeat what the second factor is shown for."""
    words = {"money": operation.money, "client": visible(str(operation.client), 80)}
    if operation.is_deposit:
        return format_html(_("For closing the deposit of {money} for {client}, and nothing else."), **words)
    return format_html(_("For closing the withdrawal of {money} for {client}, and nothing else."), **words)


def advice_of(findings: Findings) -> str:
    """Say what the known facts speak for; empty where they decide nothing."""
    if findings.closable:
        words = {"order": findings.closable[0].id}
        return _("CoinMENA now shows a completed order, %(order)d: close it as completed.") % words
    if findings.linked:
        return f"{_who_linked(findings.linked[0])}. {_what_linking_means()}"
    if findings.unfinished:
        words = {"order": findings.unfinished[0].id}
        return _("CoinMENA shows order %(order)d, which is not final. Ask CoinMENA what becomes of it.") % words
    return ""


# On the page of the operation ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClosingCard:
    """One closing on the page of its operation: what was claimed, by whom, on what evidence, and what came of it."""

    title: str
    badge: Badge
    facts: list[Fact]
    statement: str
    evidence: list[Attached]
    url: str


def cards_of(operation: Operation, closings: list[Closing], now: datetime) -> list[ClosingCard]:
    """Return every closing of an operation, newest first."""
    return [_card(operation, closing, now) for closing in reversed(closings)]


def _card(operation: Operation, closing: Closing, now: datetime) -> ClosingCard:
    is_over = closing.approval.state == RequestState.WAITING and closing.approval.valid_until <= now
    state = RequestState.EXPIRED if is_over else RequestState(closing.approval.state)
    label = _("Waits for a manager") if state is RequestState.WAITING else state.label
    return ClosingCard(
        title=closing.key,
        badge=Badge(label, MEANINGS.get(state, Meaning.NEUTRAL)),
        facts=[*claim_facts(closing), *_decided(closing)],
        statement=closing.statement,
        evidence=attached(operation.reference, evidence_of(closing)),
        url=reverse("approvals:detail", args=[closing.key]),
    )


def _decided(closing: Closing) -> list[Fact]:
    labels = {Decision.Verdict.APPROVED: _("Signed by"), Decision.Verdict.REJECTED: _("Rejected by")}
    return [
        Fact(labels[Decision.Verdict(one.verdict)], one.decided_by.name) for one in closing.approval.decisions.all()
    ]


@dataclass(frozen=True)
class LateNote:
    """One order that speaks against how the operation ended, as the page shouts it."""

    late: LateOrder
    sentence: str
    follows: str
    order_url: str
    can_settle: bool


def late_notes(operation: Operation, person: Person) -> list[LateNote]:
    """Return what speaks against how the operation ended, what nobody has settled first."""
    rows = operation.late_orders.select_related("incident", "settled_by").order_by("settled_at", "id")
    return [
        LateNote(
            late=one,
            sentence=_(one.incident.sentence),
            follows=what_follows(one),
            order_url=reverse("orders:detail", args=[one.order_id]),
            can_settle=one.settled_at is None and can_settle(person),
        )
        for one in sorted(rows, key=lambda one: one.settled_at is not None)
    ]


def what_follows(late: LateOrder) -> str:
    """Say what a late order means for whoever wants to pay again; empty where nobody could ever copy the operation."""
    if late.kind not in AGAINST_NO_EFFECT:
        return ""
    if late.settled_at is None:
        return _("No copy is made or sent before a manager has settled this, nor after that if the order stands.")
    if queries.is_standing(late):
        return _("It stood when this was settled, so no copy is made or sent. To pay again, make a new operation.")
    return _("The order has moved nothing in the end, so it no longer keeps a copy away.")


def waiting_sentence(closing: Closing) -> str:
    """Say that a closing waits, and until when."""
    moment = times.written(closing.approval.valid_until, times.MomentStyle.SHORT)
    words = {"name": closing.asked_by.name, "moment": moment}
    return _("%(name)s has asked to close it. A manager can sign until %(moment)s.") % words
