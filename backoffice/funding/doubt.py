"""An operation in doubt, argued step by step: what is known, what each condition waits for, what can happen."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.clients.models import BalanceReading
from backoffice.funding import policies, queries
from backoffice.funding.closing.closings import waiting_closing
from backoffice.funding.closing.findings import Findings, findings_of
from backoffice.funding.closing.pages import advice_of, waiting_sentence
from backoffice.funding.columns import signed_amount
from backoffice.funding.models import LookupAnswer, Operation
from backoffice.funding.services.absence import apart, quarantine
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.claiming import why_not_again
from backoffice.funding.services.resolving import ALARM_AFTER, RAREST, REGULAR, TO_REVIEW_AFTER
from backoffice.funding.states import State
from backoffice.funding.timeline import Story, last_sent_at
from backoffice.money import exact_sum
from backoffice.ui import times
from backoffice.ui.values import Age, Amount, Check, CheckResult, Event, Fact, Figure, Meaning

RESULTS = {True: gettext_lazy("found"), False: gettext_lazy("not found"), None: gettext_lazy("no usable answer")}


def context_of(story: Story, now: datetime) -> dict[str, Any]:
    """Return what the page of an operation in doubt shows beside its timeline."""
    operation, findings = story.operation, findings_of(story.operation)
    conditions = () if findings.stands else conditions_of(story)
    return {
        "strong": strong_of(operation),
        "text": text_of(story),
        "figures": figures_of(story, findings, conditions, now),
        "proof": [proof_of(story, conditions)] if conditions else [],
        "outcomes": outcomes_of(story, now),
        "balance": balance_of(story),
        "next_facts": next_facts(story, now),
        "impossible": impossible_of(operation),
        **closing_of(operation, findings, now),
    }


def closing_of(operation: Operation, findings: Findings, now: datetime) -> dict[str, Any]:
    """Return what two people must know before they close it: what was found since, and whether a closing waits."""
    if operation.state != State.REVIEW:
        return {"advice": "", "waiting": None, "waiting_text": ""}
    waiting = waiting_closing(operation, now)
    return {
        "advice": advice_of(findings),
        "waiting": waiting,
        "waiting_text": waiting_sentence(waiting) if waiting else "",
    }


def strong_of(operation: Operation) -> str:
    if operation.state == State.REVIEW:
        return _("Two people have to look at this.")
    if operation.is_deposit:
        return _("We do not know yet whether this deposit was made.")
    return _("We do not know yet whether this withdrawal was made.")


def text_of(story: Story) -> str:
    """Say what is the matter, and what happens by itself."""
    operation = story.operation
    if operation.state == State.REVIEW:
        open_end = _("Nothing is sent again and no copy can be made until it is settled.")
        return f"{_(operation.failure_sentence)} {open_end}"
    return f"{_last_silence(story)} {_rest_of(operation)}".strip()


def _rest_of(operation: Operation) -> str:
    if queries.may_have_been_paid(operation):
        return _(
            "CoinMENA has shown an order under this reference, so that says nothing about another request, and no copy "
            "can be made. The system looks the reference up by itself and closes the question only with proof."
        )
    return _(
        "No answer is not a refusal, so nothing is sent under a new reference and no copy can be made. "
        "The system looks the reference up by itself and closes the question only with proof."
    )


def _last_silence(story: Story) -> str:
    """What the last request brought, in one sentence."""
    outcomes = [one for attempt in story.attempts for one in attempt.outcomes.all()]
    newest = max(outcomes, key=lambda one: one.pk, default=None)
    return _(newest.sentence) if newest else ""


def figures_of(story: Story, findings: Findings, conditions: tuple[Check, ...], now: datetime) -> list[Figure]:
    operation, sent_at = story.operation, last_sent_at(story)
    since = queries.happened_at(operation.in_doubt_since or sent_at or now, operation, now)
    answered = [lookup.answer for lookup in story.lookups if hasattr(lookup, "answer")]
    last = _("none yet")
    if answered:
        ago = times.age((now - answered[-1].recorded_at).total_seconds())
        last = _("last %(age)s ago: %(result)s") % {"age": ago, "result": RESULTS[answered[-1].found]}
    return [
        Figure(_("In doubt for"), times.duration((now - since).total_seconds()), note=_sent_note(sent_at), tone="warn"),
        Figure(_("Requests sent"), len(story.left), note=_("never more than one at a time")),
        Figure(_("Look-ups"), len(story.lookups), note=last),
        _last_figure(operation, findings, conditions, now),
    ]


def _last_figure(operation: Operation, findings: Findings, conditions: tuple[Check, ...], now: datetime) -> Figure:
    """How far the proof of absence is; where an order stands at the partner, there is no absence to be proven."""
    next_note = _next_note(operation, now)
    if not conditions:
        return Figure(_("Orders at CoinMENA"), len(findings.orders), note=next_note)
    met = sum(check.result is CheckResult.PASSED for check in conditions)
    of_all = _("%(met)d of %(all)d") % {"met": met, "all": len(conditions)}
    return Figure(_("Conditions for absence"), of_all, note=next_note)


def _sent_note(sent_at: datetime | None) -> str:
    if sent_at is None:
        return ""
    return _("since the request at %(moment)s") % {"moment": times.written(sent_at, times.MomentStyle.TIME)}


def _next_note(operation: Operation, now: datetime) -> str:
    if operation.next_lookup_at is None:
        return ""
    left = max(0.0, (operation.next_lookup_at - now).total_seconds())
    return _("next look-up in %(span)s") % {"span": times.duration(left)}


def last_absence(story: Story) -> LookupAnswer | None:
    """Return the last "not found" that was heard, whoever said it: the conditions tell whether it was CoinMENA."""
    answered = [lookup.answer for lookup in story.lookups if hasattr(lookup, "answer")]
    return next((answer for answer in reversed(answered) if answer.found is False or _is_from_between(answer)), None)


def _is_from_between(answer: LookupAnswer) -> bool:
    return answer.found is None and answer.http_status == HTTPStatus.NOT_FOUND


def conditions_of(story: Story) -> tuple[Check, ...]:
    """Return the six conditions under which a "not found" proves absence, as the last one left them, and what each
    still waits for."""
    absence = last_absence(story)
    known = absence.conditions if absence else {}
    control = str(known.get("control") or "")
    return (
        _condition(
            _("CoinMENA's own envelope, with its date"),
            known.get("envelope"),
            _("no redirect, no cache"),
            _("The last “not found” may have come from somewhere in between.") if absence else "",
            absence.http_status if absence else None,
        ),
        _condition(
            _("Same environment as the request"),
            known.get("environment"),
            "",
            _("Another partner's order is a “not found” too."),
        ),
        _condition(
            _("A known reference answers in the same run"),
            control,
            control,
            _("Asked once the clocks are past the bound; a completed operation must be known."),
        ),
        _condition(_("Both clocks are past the bound"), known.get("clocks"), _bound_words(story), _bound_words(story)),
        _condition(
            _("A second “not found”, %s later") % times.duration(apart().total_seconds()),
            known.get("second"),
            "",
            _("One “not found” that counts is not enough."),
        ),
        _condition(
            _("Order list of the client, read to its end"),
            known.get("list_read"),
            _("the reference is not in it"),
            _("Read once everything before holds."),
        ),
    )


def _bound_words(story: Story) -> str:
    if story.counts_from is None:
        return ""
    words = {
        "moment": times.written(story.counts_from, times.MomentStyle.TIME),
        "span": times.duration(quarantine().total_seconds()),
    }
    return _("request signed, plus %(span)s: from %(moment)s on") % words


def _condition(text: str, is_met: object, why_met: str, why_missing: str, got: object = None) -> Check:
    result = CheckResult.PASSED if is_met else CheckResult.WAITING
    return Check(text, result, why_met if is_met else why_missing, got if is_met else None)


def proof_of(story: Story, conditions: tuple[Check, ...]) -> Event:
    """Tell as the last step of the argument how far the proof of absence is."""
    absence = last_absence(story)
    words = {"met": sum(check.result is CheckResult.PASSED for check in conditions), "all": len(conditions)}
    return Event(
        _("What would prove that it was not made"),
        absence.recorded_at if absence else None,
        _("· %(met)d of %(all)d conditions, all must hold") % words,
        "" if absence else _("No look-up has answered “not found” yet."),
        "list-search",
        Meaning.INFO,
        checks=conditions,
    )


def balance_of(story: Story) -> dict[str, Any] | None:
    """Return the newest balance that was read, and what it hints at; None where none was."""
    operation = story.operation
    reading = BalanceReading.objects.filter(client=operation.client, asset_id=operation.asset_id).first()
    if reading is None:
        return None
    facts = [Fact(_("Last read"), Amount(reading.balance, operation.asset_id))]
    sent_at = story.attempts[0].claimed_at if story.attempts else None
    if sent_at is not None and reading.read_at < sent_at and not _has_moved_since(reading):
        applied = exact_sum([reading.balance, signed_amount(operation)])
        facts += [Fact(_("Read"), _("before sending")), Fact(_("If applied"), Amount(applied, operation.asset_id))]
    return {"title": _("Balance at CoinMENA, %s") % operation.asset_id, "facts": facts, "age": Age(reading.read_at)}


def _has_moved_since(reading: BalanceReading) -> bool:
    """Whether another operation of the client moved this asset after the balance was read."""
    same = Operation.objects.filter(client=reading.client_id, asset=reading.asset_id, state=State.COMPLETED)
    return same.filter(ended_at__gt=reading.read_at).exists()


def outcomes_of(story: Story, now: datetime) -> list[Event]:
    if story.operation.state == State.REVIEW:
        return [
            Event(
                _("Found as it should be"),
                icon="circle-check",
                say=_("Two people close it as Completed, with that order."),
            ),
            Event(
                _("Stated not to exist"),
                icon="users",
                say=_("Two people close it as Failed, with CoinMENA's statement."),
            ),
        ]
    review_at = _review_at(story, now)
    moment = times.written(review_at, times.MomentStyle.SHORT) if review_at else ""
    return [
        Event(
            _("Found and completed"), icon="circle-check", say=_("Becomes Completed with that order. Nothing is sent.")
        ),
        Event(_("Found as failed"), icon="circle-x", say=_("Becomes Failed. You may copy it to a new one.")),
        Event(
            _("Proven absent"),
            icon="arrow-back-up",
            say=_absent_sentence(story.operation, now),
        ),
        Event(
            _("No proof by %(moment)s") % {"moment": moment},
            icon="users",
            say=_("Goes to review: finance proposes, a manager decides, with evidence."),
        ),
    ]


def _absent_sentence(operation: Operation, now: datetime) -> str:
    """Say what the resolver does once absence is proven, by what it asks itself before it sends again."""
    because = why_not_again(queries.gate(), operation, now)
    if not because:
        return _("The worker sends the same reference once more. CoinMENA refuses a double.")
    if attempts_of(operation).is_said_to_exist:
        ending = _("As it stands, it is not sent again and goes to review, because CoinMENA has said that it holds it.")
    elif queries.may_have_been_paid(operation):
        ending = _("As it stands, it is not sent again and goes to review, because CoinMENA has shown an order of it.")
    else:
        ending = _("As it stands, it is not sent again and becomes Failed.")
    return f"{ending} {because}"


def next_facts(story: Story, now: datetime) -> list[Fact]:
    """When the partner is asked again, when somebody is rung, when people take over."""
    operation, sent_at = story.operation, last_sent_at(story)
    if operation.state == State.REVIEW:
        regular = times.duration(RAREST.total_seconds())
        return [Fact(_("Next look-up"), _next_look(operation, now)), Fact(_("Then every"), regular)]
    facts = [Fact(_("Next look-up"), _next_look(operation, now)), Fact(_("Then every"), _then_every(story, now))]
    if sent_at is not None:
        since = operation.in_doubt_since or sent_at
        facts += [
            Fact(_("Alarm"), queries.happened_at(since, operation, now) + ALARM_AFTER),
            Fact(_("To review"), _review_at(story, now)),
        ]
    return facts


def _review_at(story: Story, now: datetime) -> datetime | None:
    """Return when two people are asked: after an hour of asking since the last request, or since a restore; of these
    themselves while nobody has asked yet."""
    operation, sent_at = story.operation, last_sent_at(story)
    if sent_at is None:
        return None
    asked = queries.asked_for(operation, story.attempts[-1].last_lookup_id, story.restored_at, now)
    begun = max(filter(None, (sent_at, story.restored_at)))
    return (now - asked if asked else queries.happened_at(begun, operation, now)) + TO_REVIEW_AFTER


def _next_look(operation: Operation, now: datetime) -> str:
    at = operation.next_lookup_at
    if at is None:
        return _("as soon as a worker is free")
    if at <= now:
        return _("now")
    words = {
        "moment": times.written(at, times.MomentStyle.TIME),
        "span": times.duration((at - now).total_seconds()),
    }
    return _("%(moment)s, in %(span)s") % words


def _then_every(story: Story, now: datetime) -> str:
    if story.counts_from is None or now < story.counts_from:
        return times.duration(REGULAR.total_seconds())
    words = {"least": times.duration(REGULAR.total_seconds()), "most": times.duration(RAREST.total_seconds())}
    return _("%(least)s to %(most)s") % words


def impossible_of(operation: Operation) -> list[Check]:
    return [
        Check(_("Try again or copy"), CheckResult.FAILED, policies.why_not_copy(operation)),
        Check(_("Cancel"), CheckResult.FAILED, policies.why_not_cancel(operation)),
    ]
