"""The story of one operation, told from its rows: what was asked, decided, sent, answered, looked up and proven."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.approvals.models import Decision
from backoffice.funding.models import Attempt, AttemptOutcome, Lookup, Operation
from backoffice.funding.models.evidence import Evidence
from backoffice.funding.states import State
from backoffice.ui import times
from backoffice.ui.evidence import laid_out
from backoffice.ui.values import Event, Meaning, Wire

REDACTED = "[redacted, 88 characters]"


@dataclass(frozen=True)
class Story:
    """The rows an operation's story is told from, read at once so that a page has a fixed number of queries."""

    operation: Operation
    attempts: list[Attempt]
    lookups: list[Lookup]
    decisions: list[Decision]


def story_of(operation: Operation) -> Story:
    """Read everything that happened to an operation."""
    decisions = operation.approval.decisions.select_related("decided_by").order_by("id") if operation.approval else []
    return Story(
        operation=operation,
        attempts=list(operation.attempts.prefetch_related("outcomes").order_by("number")),
        lookups=list(operation.lookups.select_related("answer").order_by("asked_at", "id")),
        decisions=list(decisions),
    )


def events_of(story: Story) -> list[Event]:
    """Return what happened, newest first."""
    told = [*asked(story), *decided(story), *sent(story), *looked_up(story), *ended(story)]
    order = sorted(enumerate(told), key=lambda pair: (pair[1].at or story.operation.requested_at, pair[0]))
    return [event for _place, event in reversed(order)]


def asked(story: Story) -> Iterator[Event]:
    operation = story.operation
    role = operation.requested_by.get_role_display().lower()
    by = _("by %(name)s, %(role)s") % {"name": operation.requested_by.name, "role": role}
    confirmed = " " + _("An equal request of the last 24 hours was confirmed as another payment.")
    yield Event(
        _("Asked"),
        operation.requested_at,
        by,
        f"“{operation.reason}”" + (confirmed if operation.confirmed_equal else ""),
        "pencil",
    )
    if operation.approval is not None:
        request = operation.approval
        rule = _("%(rule)s, version %(version)d") % {"rule": request.rule, "version": request.rule_version}
        needed = ngettext(
            "Needs one other person until %(moment)s.", "Needs %(n)d others until %(moment)s.", request.people_needed
        )
        say = needed % {
            "n": request.people_needed,
            "moment": times.written(request.valid_until, times.MomentStyle.SHORT),
        }
        yield Event(_("Approval asked"), request.requested_at, f"· {rule}", say, "shield-question")
    else:
        rule = _("· rules, version %(version)d") % {"version": operation.ungated_rule_version or 0}
        yield Event(_("No approval needed"), operation.requested_at, rule, "", "shield-check")


def decided(story: Story) -> Iterator[Event]:
    for decision in story.decisions:
        is_approval = decision.verdict == Decision.Verdict.APPROVED
        role = decision.decided_by.get_role_display().lower()
        yield Event(
            decision.get_verdict_display(),
            decision.decided_at,
            _("by %(name)s, %(role)s") % {"name": decision.decided_by.name, "role": role},
            f"“{decision.note}”" if decision.note else "",
            "shield-check" if is_approval else "x",
            Meaning.POSITIVE if is_approval else Meaning.NEGATIVE,
        )


def sent(story: Story) -> Iterator[Event]:
    for attempt in story.attempts:
        outcomes = list(attempt.outcomes.all())
        answer = next((one for one in outcomes if one.kind == AttemptOutcome.Kind.ANSWER), None)
        lost = next((one for one in outcomes if one.kind == AttemptOutcome.Kind.LOST), None)
        yield _sent(story, attempt, answer)
        if lost is not None:
            yield Event(
                _("The answer did not arrive"), lost.recorded_at, "", lost.sentence, "question-mark", Meaning.WARNING
            )


def _sent(story: Story, attempt: Attempt, answer: AttemptOutcome | None) -> Event:
    count = {"n": attempt.number, "total": len(story.attempts)}
    by = _("· attempt %(n)d of %(total)d") % count
    if answer is None:
        return Event(_("Claimed to be sent"), attempt.claimed_at, by, _("by %s") % attempt.worker, "send")
    seconds = "" if answer.duration_ms is None else f", {answer.duration_ms / 1000:.2f} s"
    is_unsent = answer.evidence == Evidence.NEVER_SENT
    return Event(
        _("Not sent") if is_unsent else _("Sent to CoinMENA"),
        attempt.claimed_at,
        f"{by}{seconds}, {attempt.worker}",
        answer.sentence,
        "send",
        MEANING_OF[Evidence(answer.evidence)],
        wire=wire_of(attempt, answer),
    )


MEANING_OF = {
    Evidence.APPLIED: Meaning.NEUTRAL,
    Evidence.NOT_APPLIED: Meaning.NEGATIVE,
    Evidence.NEVER_SENT: Meaning.WARNING,
    Evidence.UNKNOWN: Meaning.WARNING,
}


def wire_of(attempt: Attempt, answer: AttemptOutcome) -> Wire:
    """Return what was asked, without its signature, and what was answered, as received."""
    body = bytes(attempt.body)
    note = _("%(out)d bytes out, %(into)d in") % {"out": len(body), "into": len(bytes(answer.raw))}
    return Wire(_("Request and answer"), asked_text(attempt, answer), answered_text(answer), note)


def asked_text(attempt: Attempt, answer: AttemptOutcome) -> str:
    path = "/v1/partner/deposits" if attempt.operation.is_deposit else "/v1/partner/withdrawals"
    timestamp = str(round(answer.signed_at.timestamp() * 1000)) if answer.signed_at else "–"
    headers = [f"POST {path}", f"X-Partner-ID: {masked(settings.COINMENA_PARTNER_ID)}", f"X-Timestamp: {timestamp}"]
    return "\n".join([*headers, f"X-Signature: {REDACTED}", "", laid_out(bytes(attempt.body))])


def answered_text(answer: AttemptOutcome) -> str:
    if answer.http_status is None:
        return "\n".join([_("No answer."), answer.sentence, f"{answer.evidence} ({answer.row})"])
    date = answer.partner_date.strftime(" · Date: %a, %d %b %Y %H:%M:%S GMT") if answer.partner_date else ""
    return "\n".join(
        [f"{answer.http_status}{date} · {answer.evidence} ({answer.row})", "", laid_out(bytes(answer.raw))]
    )


def masked(text: str) -> str:
    """Show of an identifier what tells it from others, and no more."""
    return f"{text[:4]}…{text[-3:]}" if len(text) > 8 else "…"


def looked_up(story: Story) -> Iterator[Event]:
    """Tell the look-ups, those in a row with the same result as one."""
    answered = [lookup for lookup in story.lookups if hasattr(lookup, "answer")]
    for (found, _sentence), group in groupby(answered, key=lambda one: (one.answer.found, one.answer.sentence)):
        yield _looked_up(found, list(group))


def _looked_up(found: bool | None, group: list[Lookup]) -> Event:
    last = group[-1]
    times_asked = ngettext("Looked up once", "Looked up %(n)d times", len(group)) % {"n": len(group)}
    results = {True: _("found"), False: _("not visible yet"), None: _("no usable answer")}
    return Event(
        f"{times_asked}: {results[found]}",
        last.answer.recorded_at,
        f"· {last.worker}",
        last.answer.sentence,
        "search",
        Meaning.INFO if found else Meaning.WARNING,
    )


def ended(story: Story) -> Iterator[Event]:
    operation = story.operation
    if operation.ended_at is None:
        return
    if operation.state == State.COMPLETED:
        say = _("Order %(id)s carries our reference and every field is equal.") % {"id": operation.partner_order_id}
        yield Event(_("Completed"), operation.ended_at, "", say, "check", Meaning.POSITIVE)
    elif operation.state == State.FAILED:
        yield Event(_("Failed"), operation.ended_at, "", operation.failure_sentence, "x", Meaning.NEGATIVE)
    elif operation.state == State.CANCELLED:
        by = _("by %(name)s") % {"name": operation.requested_by.name}
        yield Event(_("Cancelled"), operation.ended_at, by, "", "x")
    elif operation.state == State.EXPIRED:
        say = _("Nobody decided, or nothing could be sent, in time. Nothing was moved.")
        yield Event(_("Expired"), operation.ended_at, "", say, "clock")


def oldest_first(events: Iterable[Event]) -> list[Event]:
    """Turn a story round: an argument is read from its beginning."""
    return list(reversed(list(events)))


def last_sent_at(story: Story) -> datetime | None:
    """Return when the last request was claimed to be sent."""
    return story.attempts[-1].claimed_at if story.attempts else None
