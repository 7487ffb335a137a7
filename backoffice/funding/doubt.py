"""An operation in doubt, argued step by step: what is known, what each condition waits for, what can happen."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from backoffice.funding import policies
from backoffice.funding.models import Operation
from backoffice.funding.services.absence import apart, quarantine
from backoffice.funding.services.resolving import ALARM_AFTER, TO_REVIEW_AFTER
from backoffice.funding.states import State
from backoffice.funding.timeline import Story, last_sent_at
from backoffice.ui import times
from backoffice.ui.values import Check, CheckResult, Event, Fact, Figure


def context_of(story: Story, now: datetime) -> dict[str, Any]:
    """Return what the page of an operation in doubt shows beside its timeline."""
    operation = story.operation
    conditions = conditions_of(story)
    return {
        "strong": strong_of(operation),
        "text": text_of(operation),
        "figures": figures_of(story, conditions, now),
        "conditions": conditions,
        "outcomes": outcomes_of(story),
        "next_facts": next_facts(story, now),
        "impossible": impossible_of(operation),
    }


def strong_of(operation: Operation) -> str:
    if operation.state == State.REVIEW:
        return _("Two people have to look at this.")
    if operation.is_deposit:
        return _("We do not know yet whether this deposit was made.")
    return _("We do not know yet whether this withdrawal was made.")


def text_of(operation: Operation) -> str:
    if operation.state == State.REVIEW:
        return (
            operation.failure_sentence + " " + _("Nothing is sent again and no copy can be made until it is settled.")
        )
    return _(
        "No answer is not a refusal, so nothing is sent again and no copy can be made. "
        "The system looks the reference up by itself and closes the question only with proof."
    )


def figures_of(story: Story, conditions: tuple[Check, ...], now: datetime) -> list[Figure]:
    operation, sent_at = story.operation, last_sent_at(story)
    since = operation.in_doubt_since or sent_at or now
    answered = [lookup.answer for lookup in story.lookups if hasattr(lookup, "answer")]
    last = _("none yet")
    if answered:
        ago = times.age((now - answered[-1].recorded_at).total_seconds())
        last = _("last %(age)s ago") % {"age": ago}
    met = sum(check.result is CheckResult.PASSED for check in conditions)
    of_six = _("%(met)d of %(all)d") % {"met": met, "all": len(conditions)}
    return [
        Figure(_("In doubt for"), times.duration((now - since).total_seconds()), note=_sent_note(sent_at), tone="warn"),
        Figure(_("Requests sent"), len(story.attempts), note=_("never more than one at a time")),
        Figure(_("Look-ups"), len(story.lookups), note=last),
        Figure(_("Conditions for absence"), of_six, note=_next_note(operation, now)),
    ]


def _sent_note(sent_at: datetime | None) -> str:
    if sent_at is None:
        return ""
    return _("since the request at %(moment)s") % {"moment": times.written(sent_at, times.MomentStyle.TIME)}


def _next_note(operation: Operation, now: datetime) -> str:
    if operation.next_lookup_at is None:
        return ""
    left = max(0.0, (operation.next_lookup_at - now).total_seconds())
    return _("next look-up in %(span)s") % {"span": times.duration(left)}


def conditions_of(story: Story) -> tuple[Check, ...]:
    """Return the six conditions under which a "not found" proves absence, as the last look-up left them."""
    answered = [lookup.answer for lookup in story.lookups if hasattr(lookup, "answer")]
    absent = [answer for answer in answered if answer.found is False]
    known = absent[-1].conditions if absent else {}
    bound = times.duration(quarantine().total_seconds())
    return (
        _condition(_("CoinMENA's own envelope, with its date"), known.get("envelope"), _("no redirect, no cache")),
        _condition(_("Same environment as the request"), known.get("environment")),
        _condition(
            _("A known reference answers in the same run"), known.get("control"), str(known.get("control") or "")
        ),
        _condition(_("Both clocks are past the bound"), known.get("clocks"), _("request signed, plus %s") % bound),
        _condition(_("A second “not found”, %s later") % times.duration(apart().total_seconds()), known.get("second")),
        _condition(_("Order list of the client, read to its end"), known.get("list_read")),
    )


def _condition(text: str, is_met: object, why: str = "") -> Check:
    return Check(text, CheckResult.PASSED if is_met else CheckResult.WAITING, why)


def outcomes_of(story: Story) -> list[Event]:
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
    sent_at = last_sent_at(story)
    moment = ""
    if sent_at is not None:
        moment = times.written(sent_at + TO_REVIEW_AFTER, times.MomentStyle.SHORT)
    return [
        Event(
            _("Found and completed"), icon="circle-check", say=_("Becomes Completed with that order. Nothing is sent.")
        ),
        Event(_("Found as failed"), icon="circle-x", say=_("Becomes Failed. You may copy it to a new one.")),
        Event(
            _("Proven absent"),
            icon="arrow-back-up",
            say=_("The worker sends the same reference once more. CoinMENA refuses a double."),
        ),
        Event(
            _("No proof by %(moment)s") % {"moment": moment},
            icon="users",
            say=_("Goes to review: finance proposes, a manager decides, with evidence."),
        ),
    ]


def next_facts(story: Story, now: datetime) -> list[Fact]:
    operation, sent_at = story.operation, last_sent_at(story)
    facts = [Fact(_("Next look-up"), operation.next_lookup_at)]
    if sent_at is not None and operation.state == State.UNKNOWN:
        facts += [
            Fact(_("Alarm"), (operation.in_doubt_since or sent_at) + ALARM_AFTER),
            Fact(_("To review"), sent_at + TO_REVIEW_AFTER),
        ]
    return facts


def impossible_of(operation: Operation) -> list[Check]:
    return [
        Check(_("Copy to a new one"), CheckResult.FAILED, policies.why_not_copy(operation)),
        Check(_("Cancel"), CheckResult.FAILED, policies.why_not_cancel(operation)),
    ]
