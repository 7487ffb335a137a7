"""The story of one operation, told from its rows: what was asked, decided, sent, answered, looked up and proven."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Role
from backoffice.approvals.models import Decision
from backoffice.approvals.rejections import kind_of
from backoffice.approvals.states import RequestState
from backoffice.approvals.voices import spoken_by
from backoffice.funding.bulk.queries import row_of
from backoffice.funding.closing.closings import closings_of
from backoffice.funding.closing.story import closed_sentence, closing_events
from backoffice.funding.freezing import freezes
from backoffice.funding.models import Attempt, AttemptOutcome, BulkRow, Closing, Lookup, Operation
from backoffice.funding.models.evidence import Evidence
from backoffice.funding.purposes import PURPOSES
from backoffice.funding.states import State
from backoffice.ui import times
from backoffice.ui.evidence import laid_out
from backoffice.ui.values import Event, Meaning, Wire

REDACTED = "[redacted, 88 characters]"


@dataclass(frozen=True)
class Story:
    """The rows an operation's story is told from, read at once so that a page has a fixed number of queries.

    ``row`` is the one of a file that made the operation; the decisions are on the operation, or else on that file.
    """

    operation: Operation
    row: BulkRow | None
    attempts: list[Attempt]
    lookups: list[Lookup]
    decisions: list[Decision]
    closings: list[Closing]
    restored_at: datetime | None

    @property
    def is_approved_with_file(self) -> bool:
        """Whether the decisions are on the file it was made from, since no rule gates it by itself."""
        return self.operation.approval is None and bool(self.decisions)

    @property
    def left(self) -> list[Attempt]:
        """The attempts of which a byte may have been sent, as `queries.attempts_that_left` counts them."""
        return [one for one in self.attempts if not any(_is_unsent(said) for said in one.outcomes.all())]

    @property
    def counts_from(self) -> datetime | None:
        """From when on a "not found" counts, by both clocks; the same moment as `absence.bound_of`."""
        return _counts_from(self.attempts, self.restored_at)

    def counted_from(self, lookup: Lookup) -> datetime | None:
        """The same, as it was at a look-up: by the attempts and the restore before it."""
        before = self.attempts[: self.attempts_before(lookup)]
        is_restored = self.restored_at is not None and self.restored_at <= lookup.asked_at
        return _counts_from(before, self.restored_at if is_restored else None)

    def attempts_before(self, lookup: Lookup) -> int:
        """How many attempts had been made when it was looked up; each knows the newest look-up before it."""
        return sum((attempt.last_lookup_id or 0) < lookup.pk for attempt in self.attempts)


def story_of(operation: Operation) -> Story:
    """Read everything that happened to an operation."""
    row = row_of(operation)
    request = operation.approval or (row.file.approval if row else None)
    decisions = request.decisions.select_related("decided_by", "for_person").order_by("id") if request else []
    return Story(
        operation=operation,
        row=row,
        attempts=list(operation.attempts.prefetch_related("outcomes").order_by("number")),
        lookups=list(operation.lookups.select_related("answer").order_by("id")),
        decisions=list(decisions),
        closings=closings_of(operation),
        restored_at=freezes.restored_at(),
    )


def _counts_from(attempts: list[Attempt], restored_at: datetime | None) -> datetime | None:
    if not attempts:
        return None
    youngest = max(_signed_at(attempt) for attempt in attempts)
    youngest = max(youngest, restored_at) if restored_at is not None else youngest
    return youngest + timedelta(seconds=settings.COINMENA_QUARANTINE_SECONDS)


def _is_unsent(outcome: AttemptOutcome) -> bool:
    return outcome.evidence == Evidence.NEVER_SENT


def _signed_at(attempt: Attempt) -> datetime:
    """Return when an attempt was signed; of one that nobody knows of, the latest it could have been."""
    return max((one.signed_at for one in attempt.outcomes.all() if one.signed_at), default=attempt.planned_at)


def events_of(story: Story) -> list[Event]:
    """Return what happened, newest first."""
    by_people = [*asked(story), *decided(story), *closing_events(story.closings)]
    told = [*by_people, *sent(story), *looked_up(story), *ended(story)]
    order = sorted(enumerate(told), key=lambda pair: (pair[1].at or story.operation.requested_at, pair[0]))
    return [event for _place, event in reversed(order)]


def asked(story: Story) -> Iterator[Event]:
    operation = story.operation
    # Nobody else may ask; whoever did may have another role by now.
    role = str(Role.FINANCE.label).lower()
    by = _("by %(name)s, %(role)s") % {"name": operation.requested_by.name, "role": role}
    confirmed = " " + _("An equal request was confirmed as another payment.")
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
        what = _("No approval needed beside the file's") if story.is_approved_with_file else _("No approval needed")
        yield Event(what, operation.requested_at, rule, "", "shield-check")


def decided(story: Story) -> Iterator[Event]:
    for decision in story.decisions:
        is_approval = decision.verdict == Decision.Verdict.APPROVED
        yield Event(
            _("Approved with its file") if story.is_approved_with_file else decision.get_verdict_display(),
            decision.decided_at,
            _decided_by(decision),
            _said(decision),
            "shield-check" if is_approval else "x",
            Meaning.POSITIVE if is_approval else Meaning.NEGATIVE,
        )
        if decision.taken_back_at is not None:
            by = _("by %(name)s") % {"name": decision.decided_by.name}
            yield Event(_("Approval taken back"), decision.taken_back_at, by, "", "x", Meaning.WARNING)


def _said(decision: Decision) -> str:
    """The kind of reason of a rejection, and the words; both empty for an approval without a note."""
    kind = kind_of(decision)
    return " ".join(
        part for part in (f"{kind}." if kind else "", f"“{decision.note}”" if decision.note else "") if part
    )


def _decided_by(decision: Decision) -> str:
    words = {
        "name": decision.decided_by.name,
        "role": str(Role.MANAGER.label).lower(),  # theirs when they decided, whatever it is by now
        "away": decision.for_person.name if decision.for_person else "",
    }
    if decision.for_person is not None:
        return _("by %(name)s for %(away)s, %(role)s") % words
    return _("by %(name)s, %(role)s") % words


def approvers_of(decisions: Iterable[Decision]) -> list[str]:
    """Name whose approvals count, in the order they gave them: ``Lina Aziz for Omar Saleh``."""
    return [
        spoken_by(one) for one in decisions if one.verdict == Decision.Verdict.APPROVED and one.taken_back_at is None
    ]


def rejecter_of(decisions: Iterable[Decision]) -> str:
    """Name who rejected it; empty where nobody has."""
    return next((spoken_by(one) for one in decisions if one.verdict == Decision.Verdict.REJECTED), "")


def sent(story: Story) -> Iterator[Event]:
    for attempt in story.attempts:
        outcomes = list(attempt.outcomes.all())
        answer = next((one for one in outcomes if one.kind == AttemptOutcome.Kind.ANSWER), None)
        lost = next((one for one in outcomes if one.kind == AttemptOutcome.Kind.LOST), None)
        if answer is not None and _is_silent(answer):
            yield _left(story, attempt)
            yield _silence(attempt, answer)
        else:
            yield _sent(story, attempt, answer)
        if lost is not None:
            yield Event(
                _("The answer did not arrive"), lost.recorded_at, "", _(lost.sentence), "question-mark", Meaning.WARNING
            )


def _sent(story: Story, attempt: Attempt, answer: AttemptOutcome | None) -> Event:
    count = {"n": attempt.number, "total": len(story.attempts)}
    by = _("· attempt %(n)d of %(total)d") % count
    if answer is None:
        return _left(story, attempt)
    seconds = "" if answer.duration_ms is None else f", {answer.duration_ms / 1000:.2f} s"
    return Event(
        _("Not sent") if _is_unsent(answer) else _("Sent to CoinMENA"),
        attempt.claimed_at,
        f"{by}{seconds}, {attempt.worker}",
        _(answer.sentence),
        "send",
        MEANING_OF[Evidence(answer.evidence)],
        wire=wire_of(attempt, answer),
    )


def _is_silent(answer: AttemptOutcome) -> bool:
    """Whether a request was written and nothing came back."""
    return answer.http_status is None and answer.evidence == Evidence.UNKNOWN


def _left(story: Story, attempt: Attempt) -> Event:
    """Tell a request whose answer is not known: it was claimed before its first byte, under the one reference."""
    words = {"n": attempt.number, "worker": attempt.worker}
    what = _("One request left us, and only one")
    say = _("Attempt %(n)d was claimed by %(worker)s before the first byte. No other request carries this reference.")
    if len(story.left) > 1:
        place = {"n": story.left.index(attempt) + 1, "total": len(story.left)}
        what = _("Request %(n)d of %(total)d left us, the same bytes under the same reference") % place
        say = _("Attempt %(n)d was claimed by %(worker)s before the first byte. CoinMENA takes a reference once only.")
    return Event(what, attempt.claimed_at, "", say % words, "send")


def _silence(attempt: Attempt, answer: AttemptOutcome) -> Event:
    seconds = "" if answer.duration_ms is None else f"· {answer.duration_ms / 1000:.1f} s"
    maybe = _("It may have been applied.")
    return Event(
        _("The answer did not arrive"),
        answer.recorded_at,
        seconds,
        f"{_(answer.sentence)} {maybe}",
        "question-mark",
        Meaning.WARNING,
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
        return "\n".join([_("No answer."), _(answer.sentence), f"{answer.evidence} ({answer.row})"])
    date = answer.partner_date.strftime(" · Date: %a, %d %b %Y %H:%M:%S GMT") if answer.partner_date else ""
    return "\n".join(
        [f"{answer.http_status}{date} · {answer.evidence} ({answer.row})", "", laid_out(bytes(answer.raw))]
    )


def masked(text: str) -> str:
    """Show of an identifier what tells it from others, and no more."""
    return f"{text[:4]}…{text[-3:]}" if len(text) > 8 else "…"


def looked_up(story: Story) -> Iterator[Event]:
    """Tell the look-ups: those in a row as one that had the same result and purpose, with no attempt between them."""

    def told_as(lookup: Lookup) -> tuple[bool | None, str, bool, str, int]:
        answer, asked_for = lookup.answer, lookup.worker if lookup.worker in PURPOSES else ""
        return answer.found, answer.sentence, answer.counts, asked_for, story.attempts_before(lookup)

    answered = [lookup for lookup in story.lookups if hasattr(lookup, "answer")]
    for (found, _sentence, counts, _purpose, _attempts), group in groupby(answered, key=told_as):
        yield _looked_up(story, found, counts, list(group))


def _looked_up(story: Story, found: bool | None, counts: bool, group: list[Lookup]) -> Event:
    last = group[-1]
    times_asked = ngettext("Looked up once", "Looked up %(n)d times", len(group)) % {"n": len(group)}
    results = {True: _("found"), False: _("not visible yet"), None: _("no usable answer")}
    return Event(
        f"{times_asked}: {results[found]}",
        last.answer.recorded_at,
        f"· {_(last.worker)}",
        _what_it_proves(story, found, counts, last),
        "search",
        Meaning.INFO if found else Meaning.WARNING,
    )


def _what_it_proves(story: Story, found: bool | None, counts: bool, last: Lookup) -> str:
    counted_from = story.counted_from(last)
    if found is not False or counted_from is None:
        return _(last.answer.sentence)
    if counts:
        return _("This “not found” counts: it came from CoinMENA itself, late enough by both clocks.")
    moment = {"moment": times.written(counted_from, times.MomentStyle.TIME)}
    early = _("An early “not found” proves nothing: the partner may still be working.")
    later = _("It counts only from %(moment)s on, by the partner’s own clock.") % moment
    return f"{early} {later}"


def ended(story: Story) -> Iterator[Event]:
    operation = story.operation
    if operation.ended_at is None:
        return
    if operation.closing_id is not None:
        is_completed = operation.state == State.COMPLETED
        meaning = Meaning.POSITIVE if is_completed else Meaning.NEGATIVE
        closing = next(one for one in story.closings if one.pk == operation.closing_id)
        what, icon = State(operation.state).label, "check" if is_completed else "x"
        yield Event(what, operation.ended_at, "", closed_sentence(closing), icon, meaning)
    elif operation.state == State.COMPLETED:
        say = _("Order %(id)s carries our reference and every field is equal.") % {"id": operation.partner_order_id}
        yield Event(_("Completed"), operation.ended_at, "", say, "check", Meaning.POSITIVE)
    elif operation.state == State.FAILED:
        yield Event(_("Failed"), operation.ended_at, "", _(operation.failure_sentence), "x", Meaning.NEGATIVE)
    elif operation.state == State.CANCELLED and _is_taken_back(operation):
        say = _("Enough approvals are missing since one was taken back. Nothing was sent, and it can be copied.")
        yield Event(_("Cancelled"), operation.ended_at, "", say, "x")
    elif operation.state == State.CANCELLED:
        by = _("by %(name)s") % {"name": operation.requested_by.name}
        yield Event(_("Cancelled"), operation.ended_at, by, "", "x")
    elif operation.state == State.EXPIRED:
        say = _("Nobody decided, or nothing could be sent, in time. Nothing was moved.")
        yield Event(_("Expired"), operation.ended_at, "", say, "clock")


def _is_taken_back(operation: Operation) -> bool:
    return operation.approval is not None and operation.approval.state == RequestState.TAKEN_BACK


def oldest_first(events: Iterable[Event]) -> list[Event]:
    """Turn a story round: an argument is read from its beginning."""
    return list(reversed(list(events)))


def last_sent_at(story: Story) -> datetime | None:
    """Return when the last request was claimed to be sent."""
    return story.attempts[-1].claimed_at if story.attempts else None
