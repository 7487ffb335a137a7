"""What the pages of freezes and halts show: what is frozen, by whom, what it holds back, how it is let go."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from backoffice.accounts.models import Person
from backoffice.approvals.matching import Facts, rule_for
from backoffice.approvals.models import Decision, Request, RuleKind
from backoffice.approvals.queries import people_who_can_decide
from backoffice.approvals.wording import sentence
from backoffice.database import clock
from backoffice.funding import policies, queries
from backoffice.funding.columns import line_of, signed_amount
from backoffice.funding.freezing import freezes, halts, leaving, release_conditions
from backoffice.funding.freezing import policies as freezing_policies
from backoffice.funding.freezing.freezes import Held
from backoffice.funding.models import Freeze, Gate, HaltCode, Kind, Operation, Scope
from backoffice.funding.services.brakes import environments_of, is_clock_off, name_of_halt
from backoffice.funding.states import State
from backoffice.money import negated
from backoffice.orders.models import Order
from backoffice.ui import times
from backoffice.ui.listing import Summary
from backoffice.ui.text import visible
from backoffice.ui.values import Amount, Badge, Check, CheckResult, Crumb, Fact, Link, Meaning, Reference

HELD_SHOWN: Final = 20
MARKED_SHOWN: Final = 100
ORDERS_SHOWN: Final = 3
KIND_LABELS: Final = {Kind.DEPOSIT: gettext_noop("Deposits"), Kind.WITHDRAWAL: gettext_noop("Withdrawals")}


@dataclass(frozen=True)
class MarkedRow:
    """What leaves at a release although CoinMENA holds an order of the same, as the page lists it. ``page``: where it
    can be ended by whoever asked, and ``request_url`` by whoever approved it. ``orders``: those orders."""

    page: Link
    client: str
    amount: Amount
    sentence: str
    orders: list[Link]
    request_url: str = ""


@dataclass(frozen=True)
class FrozenRow:
    """One freeze as the page of all of them shows it."""

    freeze: Freeze
    held: Held
    waiting: Request | None
    sending: int = 0

    @property
    def what(self) -> str:
        return freezing_policies.name_of(self.freeze)

    @property
    def url(self) -> str:
        return url_of(self.freeze)

    @property
    def badge(self) -> Badge:
        return badge_of(self.freeze, self.waiting)

    @property
    def facts(self) -> list[Fact]:
        return facts_of(self.freeze)

    @property
    def reason(self) -> str:
        return reason_of(self.freeze)

    @property
    def summary(self) -> Summary:
        return summary_of(self.held)

    @property
    def held_text(self) -> str:
        return held_in_words(self.held.count)

    @property
    def sending_text(self) -> str:
        """How many of its payments are being sent; empty for none."""
        return sending_in_words(self.sending) if self.sending else ""

    @property
    def released_by(self) -> str:
        """Who asked and who approved, of one that was released."""
        request = self.freeze.release
        if request is None:
            return ""
        deciders = [one.decided_by.name for one in request.decisions.all() if one.verdict == Decision.Verdict.APPROVED]
        words = {"asked": request.requested_by.name, "approved": ", ".join(deciders)}
        return _("%(asked)s asked, %(approved)s approved") % words


def page_context(person: Person, now: datetime) -> dict[str, Any]:
    """Return everything that stands still now, and what was frozen before."""
    gate, frozen = queries.gate(), list(freezes.in_force())
    held, waiting = freezes.held_by_each(frozen), freezes.waiting_releases(frozen, now)
    sending = freezes.being_sent_of_each(frozen)
    return {
        "frozen": [FrozenRow(one, held[one.pk], waiting.get(one.pk), sending[one.pk]) for one in frozen],
        "history": [FrozenRow(one, Held(), None) for one in freezes.history()],
        "gate": gate,
        "halt": halt_context(gate) if gate.halted_at else None,
        "pause": policies.why_not_flowing(gate, now) if gate.halted_at is None else "",
        "skew": skew_sentence(halts.measured_skew()),
        "can_freeze": freezing_policies.can_freeze(person),
        "can_resume": policies.can_resume(person),
        "managers": managers_in_words(),
        "is_standing": bool(frozen) or gate.halted_at is not None,
    }


def halt_context(gate: Gate) -> dict[str, Any]:
    """Say why sending is halted and how to go on."""
    facts = [Fact(_("Halted"), gate.halted_at), Fact(_("Holds back"), waiting_to_be_sent())]
    if gate.halt_code == HaltCode.ENVIRONMENT:
        known, here = environments_of(gate)
        facts += [Fact(_("Last payment's settings"), Reference(known)), Fact(_("This server's"), Reference(here))]
    return {
        "why": halts.why_of(gate),
        "what_to_do": halts.what_to_do_about(gate),
        "facts": facts,
        "shown": name_of_halt(gate),
    }


def waiting_to_be_sent() -> Link | str:
    """Say how much is approved and cannot be sent, with the way to it."""
    count = Operation.objects.filter(state=State.APPROVED).count()
    if not count:
        return _("Nothing is held by it so far.")
    return Link(held_in_words(count), f"{reverse('funding:list')}?{urlencode({'state': State.APPROVED})}")


def skew_sentence(seconds: float | None) -> str:
    """Warn of a clock that is off by more than two seconds, before ten of them halt all sending."""
    if seconds is None or not is_clock_off(seconds):
        return ""
    template = (
        _("At the last payment our clock was %(n)s s ahead of CoinMENA's. From 10 s on sending stops by itself.")
        if seconds > 0
        else _("At the last payment our clock was %(n)s s behind CoinMENA's. From 10 s on sending stops by itself.")
    )
    return template % {"n": f"{abs(seconds):.1f}"}


def rule_sentence() -> str:
    """What the live rules demand of a release."""
    rule = rule_for(Facts(kind=RuleKind.RELEASE))
    return sentence(rule) if rule else ""


def detail_context(freeze: Freeze, person: Person, now: datetime) -> dict[str, Any]:
    """Return everything the page of one freeze shows to ``person``."""
    waiting = freezes.waiting_releases([freeze], now).get(freeze.pk)
    conditions = conditions_of(freeze)
    return {
        "freeze": freeze,
        "what": freezing_policies.name_of(freeze),
        "crumbs": [Crumb(_("Freeze"), reverse("freezing:page")), Crumb(freezing_policies.name_of(freeze))],
        "badge": badge_of(freeze, waiting),
        "facts": facts_of(freeze),
        "conditions": conditions,
        "waiting": waiting,
        "waiting_url": reverse("approvals:detail", args=[waiting.subject]) if waiting else "",
        "why_not": why_not_ask(person, freeze, waiting, conditions),
        "asked_before": [one for one in freezes.requests_for(freeze)[:HELD_SHOWN] if one != waiting],
        "managers": managers_in_words(freeze.frozen_by_id),
        "rule": rule_sentence(),
        "factor_sentence": format_html(
            _("For asking to release {what}, and nothing else."), what=visible(_in_a_sentence(freeze), 80)
        ),
        "sending": [replace(line_of(one), client=str(one.client)) for one in freezes.being_sent(freeze)],
        "held": held_context(freeze),
        "leaving": leaving_context(freeze, now),
    }


def frozen_message(freeze: Freeze) -> str:
    """Say to whoever has just frozen what still leaves: what was claimed before the freeze is finished."""
    if freezes.being_sent(freeze).exists():
        return _("Frozen. What is being sent at this moment is finished; nothing else of it is sent.")
    return _("Frozen. Nothing of it is sent from now on.")


def held_context(freeze: Freeze) -> dict[str, Any]:
    """What a freeze holds back: how much by asset, the ones that wait longest, and the way to all of them."""
    held = Held() if freeze.released_at else freezes.held_by_each([freeze])[freeze.pk]
    operations = freezes.held_by(freeze)[:HELD_SHOWN] if held.count else []
    rows = [replace(line_of(one), client=str(one.client)) for one in operations]
    return {
        "held_count": held.count,
        "held_text": held_in_words(held.count),
        "summary": summary_of(held),
        "rows": rows,
        "more": held.count - len(rows),
        "all_url": all_held_url(freeze),
    }


def leaving_context(freeze: Freeze, now: datetime) -> dict[str, Any] | None:
    """What leaves for the first time when the lock of a restore is released; None for any other freeze."""
    if freeze.backup_at is None or freeze.released_at is not None:
        return None
    operations, files, marked = leaving.operations(freeze, now), leaving.files(), leaving.marked(now)
    count, held = operations.count(), leaving.held_besides(freeze, now).count()
    return {
        "is_read": not release_conditions.is_in_the_dark(),
        "is_empty": not count and not held and not files,
        "marked_text": marked_in_words(len(marked)) if marked else "",
        "marked": [marked_row(one) for one in marked[:MARKED_SHOWN]],
        "more_marked": max(0, len(marked) - MARKED_SHOWN),
        "held_text": held_besides_in_words(held) if held else "",
        "count_text": leaving_in_words(count) if count else "",
        "rows": [replace(line_of(one), client=str(one.client)) for one in operations[:HELD_SHOWN]],
        "all_url": f"{reverse('funding:list')}?{urlencode({'state': State.APPROVED})}",
        "files": [
            Link(one.file.name, reverse("funding:bulk_file", args=[one.file.pk]), rows_in_words(one)) for one in files
        ],
    }


def at_once_context(freeze: Freeze) -> dict[str, Any]:
    """What of it leaves as soon as it is released: what is approved; the rest waits for people or for a proof."""
    held = freezes.leaving_at_once(freeze)
    text = ngettext("%(n)s payment is approved.", "%(n)s payments are approved.", held.count)
    return {"count": held.count, "text": text % {"n": f"{held.count:,}"}, "summary": summary_of(held)}


def release_preview(freeze: Freeze) -> dict[str, Any]:
    """Return what an approver sees of a release: what was frozen and why, and what will flow again."""
    others = [one for one in freezes.in_force() if one.pk != freeze.pk]
    conditions = conditions_of(freeze)
    return {
        "freeze": freeze,
        "kind_label": _("Release of a freeze"),
        "question": _("Release %(what)s?") % {"what": _in_a_sentence(freeze)},
        "facts": facts_of(freeze),
        "conditions": conditions,
        "leaving": leaving_context(freeze, clock.now()),
        "at_once": at_once_context(freeze) if freeze.backup_at is None and not others else None,
        "others": [freezing_policies.frozen_sentence(one) for one in others],
        **held_context(freeze),
    }


# Parts --------------------------------------------------------------------------------------------------------------


def url_of(freeze: Freeze) -> str:
    return reverse("freezing:detail", args=[freeze.pk])


def badge_of(freeze: Freeze, waiting: Request | None) -> Badge:
    if freeze.released_at is not None:
        return Badge(_("Released"), Meaning.NEUTRAL)
    return Badge(_("Release asked"), Meaning.WARNING) if waiting else Badge(_("Frozen"), Meaning.NEGATIVE)


def facts_of(freeze: Freeze) -> list[Fact]:
    """Who froze what, when and why."""
    by: object = freeze.frozen_by.name if freeze.frozen_by else _("By itself, after a restore")
    facts = [Fact(_("Frozen"), what_fact(freeze)), Fact(_("By"), by), Fact(_("Since"), freeze.frozen_at)]
    if freeze.backup_at is not None:
        facts.append(Fact(_("Backup of"), freeze.backup_at))
    if freeze.restored_again_at is not None:
        facts.append(Fact(_("Restored again"), freeze.restored_again_at))
    facts.append(Fact(_("Reason"), reason_of(freeze)))
    if freeze.released_at is not None:
        facts.append(Fact(_("Released"), freeze.released_at))
    return facts


def reason_of(freeze: Freeze) -> str:
    """Say why it was frozen: a person's own words, or ours in the reader's language."""
    return freeze.reason if freeze.frozen_by else _(freeze.reason)


def what_fact(freeze: Freeze) -> object:
    """Name what is frozen; a client with the way to its page and the id that proves who it is."""
    if freeze.client is not None:
        return Link(str(freeze.client), freeze.client.get_absolute_url(), freeze.client.partner_client_id)
    return dict(Scope.choices)[freeze.scope] if not freeze.asset_id else freeze.asset_id


def conditions_of(freeze: Freeze) -> list[Check]:
    """What must be true before the lock of a restore can be released."""
    return [
        Check(one.text, CheckResult.WAITING if one.why_not else CheckResult.PASSED, one.why_not, one.proof)
        for one in release_conditions.examined(freeze)
    ]


def why_not_ask(person: Person, freeze: Freeze, waiting: Request | None, conditions: list[Check]) -> str:
    """Say why ``person`` cannot ask for the release now; empty when they can."""
    sentence = freezing_policies.why_not_ask_release(person, freeze)
    if not sentence and waiting is not None:
        return _("%(name)s has asked for it already.") % {"name": waiting.requested_by.name}
    return sentence or " ".join(str(one.why) for one in conditions if one.why)


def held_in_words(count: int) -> str:
    return ngettext("%(n)d operation is held", "%(n)d operations are held", count) % {"n": count}


def sending_in_words(count: int) -> str:
    words = ngettext(
        "%(n)d payment of it is being sent at this moment and cannot be stopped.",
        "%(n)d payments of it are being sent at this moment and cannot be stopped.",
        count,
    )
    return words % {"n": count}


def leaving_in_words(count: int) -> str:
    words = ngettext(
        "%(n)d approved operation without an order at CoinMENA",
        "%(n)d approved operations without an order at CoinMENA",
        count,
    )
    return words % {"n": count}


def held_besides_in_words(count: int) -> str:
    words = ngettext(
        "%(n)d more is held by another freeze and leaves once that one is released: end it as well if it was ended.",
        "%(n)d more are held by other freezes and leave once those are released: end them as well if they were ended.",
        count,
    )
    return words % {"n": count}


def marked_in_words(count: int) -> str:
    words = ngettext(
        "%(n)d payment equals an order at CoinMENA that no operation here has, and may be made already: it may have "
        "failed after the backup and been asked for again.",
        "%(n)d payments equal orders at CoinMENA that no operation here has, and may be made already: they may have "
        "failed after the backup and been asked for again.",
        count,
    )
    return words % {"n": count}


def marked_row(one: leaving.Marked) -> MarkedRow:
    """Name an operation that leaves and the orders that may be the same payment, with the ways to all of them."""
    operation, orders = one.operation, [_order_link(order) for order in one.orders[:ORDERS_SHOWN]]
    named = ", ".join(f"{order.text} ({order.sub})" for order in orders)
    if len(one.orders) > ORDERS_SHOWN:
        named += "…"
    words = _(
        "CoinMENA holds an equal order, %(orders)s, that no operation here has: end this one if it is the same payment."
    )
    reference = operation.reference
    return MarkedRow(
        page=Link(reference, operation.get_absolute_url()),
        client=str(operation.client),
        amount=Amount(signed_amount(operation), operation.asset_id),
        sentence=words % {"orders": named},
        orders=orders,
        request_url=reverse("approvals:detail", args=[reference]) if operation.approval_id else "",
    )


def _order_link(order: Order) -> Link:
    moment = times.written(order.created_at, times.MomentStyle.SHORT)
    return Link(order.partner_order_ref or "", reverse("orders:detail", args=[order.pk]), moment)


def rows_in_words(one: leaving.LeavingFile) -> str:
    rows = ngettext("%(n)d row still to be made", "%(n)d rows still to be made", one.rows) % {"n": one.rows}
    said = [f"{rows}."]
    if one.is_gated:
        said.append(_("Each is made at the release and waits for approval then; what no rule asks about is refused."))
    if one.why_kept:
        why = _(
            "So nobody can end the file: to keep a row back, freeze its client now, and cancel or reject the operation "
            "made from it before that freeze is released."
        )
        said += [one.why_kept, why]
    return " ".join(said) if len(said) > 1 else rows


def summary_of(held: Held) -> Summary:
    """Arrange what is held by asset, money out below zero."""
    sums = {
        asset: {
            _(KIND_LABELS[Kind(kind)]): negated(total) if kind == Kind.WITHDRAWAL else total
            for kind, total in by_kind.items()
        }
        for asset, by_kind in held.sums.items()
    }
    return Summary(held.count, sorted(sums.items()))


def all_held_url(freeze: Freeze) -> str:
    """The list of operations, narrowed to what a freeze holds back."""
    narrowed = [("state", str(state)) for state in freezes.HELD_STATES]
    if freeze.scope == Scope.MONEY_OUT:
        narrowed.append(("kind", str(Kind.WITHDRAWAL)))
    if freeze.asset_id:
        narrowed.append(("asset", freeze.asset_id))
    if freeze.client is not None:
        narrowed.append(("q", freeze.client.partner_client_id))
    return f"{reverse('funding:list')}?{urlencode(narrowed)}"


def managers_in_words(*not_these: int | None) -> str:
    """Name the managers who can do it: ``Lina Aziz or Omar Saleh``."""
    return _(" or ").join(person.name for person in people_who_can_decide(*not_these))


def _in_a_sentence(freeze: Freeze) -> str:
    in_a_sentence = {Scope.EVERYTHING: _("everything"), Scope.MONEY_OUT: _("money out")}
    return in_a_sentence.get(Scope(freeze.scope)) or freezing_policies.name_of(freeze)
