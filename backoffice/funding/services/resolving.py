"""Settle what is in doubt by asking the partner (reliability.md §7). Whatever is not proven stays in doubt.

One resolver at a time per operation, under a lease of its own. Positive evidence is written by whoever brings it;
anything else only under the lease. *Check now* on the page is the same look-up and never sends or closes by absence.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_noop

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.models import AttemptOutcome, Gate, Lookup, LookupAnswer, Operation
from backoffice.funding.policies import check_can_look_up
from backoffice.funding.purposes import CHECK_NOW
from backoffice.funding.queries import asked_for, due_to_be_resolved, happened_at, may_have_been_paid
from backoffice.funding.services import absence
from backoffice.funding.services.absence import Conditions
from backoffice.funding.services.answers import answer_fields
from backoffice.funding.services.attempts import Attempts, attempts_of
from backoffice.funding.services.brakes import watch_clock
from backoffice.funding.services.claiming import HOLDER_LENGTH, asking_time, lease_length, why_not_again
from backoffice.funding.services.doorbells import ring_to_resolve
from backoffice.funding.services.intents import intended_order
from backoffice.funding.services.lookups import Heard, ask
from backoffice.funding.services.moving import NO_LEASE, locked, move, write
from backoffice.funding.services.recording import apply
from backoffice.funding.services.sending import send_again
from backoffice.funding.services.verdicts import state_after
from backoffice.funding.states import State
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, coinmena
from backoffice.partner.outcome import Evidence, Row, Verdict, judge_order
from backoffice.worker.bells import DATABASE_TROUBLE

LOOK_AFTER_SECONDS: Final = (2, 5, 10, 20, 40)
REGULAR: Final = timedelta(seconds=60)
RAREST: Final = timedelta(minutes=5)
#: A look-up that got no answer waits for no schedule: what the partner holds is to be known within 30 s of its return,
#: even if it let the look-up before hang for its whole deadline (ADR 0015).
UNHEARD_AGAIN_AFTER: Final = timedelta(seconds=20)
UNHEARD_PAUSE: Final = timedelta(seconds=2)
#: From then on `manage.py doctor` is ill (reliability.md §7).
ALARM_AFTER: Final = timedelta(minutes=15)
TO_REVIEW_AFTER: Final = timedelta(minutes=60)

#: The partner holds something under our reference that no rule of ours may take for the order.
DIFFERENT_THERE: Final = (Row.OTHER_STATUS, Row.DIFFERENT_ORDER, Row.DUPLICATE_OF_ANOTHER)

LOST = gettext_noop(
    "The worker that held this ended before it could write down an answer. The order is being looked up."
)
ABSENT = gettext_noop("CoinMENA holds no order under this reference, proven by every condition. Nothing was moved.")
NO_PROOF = gettext_noop("No proof could be had within 60 minutes. Two people decide, with the partner's statement.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Turn:
    """The right to look one operation up, and what is needed to do it. ``is_asked``: out of turn, by a person.

    ``ask_until``: in seconds of `clock.monotonic`, when it is too late to begin another request under this lease.
    """

    operation: Operation
    lookup: Lookup
    token: UUID
    holder: str
    is_asked: bool
    ask_until: float


def resolve(operation_id: int, *, holder: str) -> None:
    """Look an operation in doubt up if it is due, and move it on as far as the evidence goes."""
    client = coinmena()
    turn = _take_turn(operation_id, holder, client.environment)
    if turn is None:
        return
    failpoint(Failpoint.C12)
    heard = ask(client, turn.operation.reference)
    conditions = absence.weigh(turn.operation, heard, client, turn.ask_until)
    failpoint(Failpoint.C12)
    _watch_clock(heard, turn)
    is_to_be_sent = _write_down(turn, heard, conditions).is_to_be_sent
    if is_to_be_sent and not send_again(operation_id, turn.token, holder=holder):
        _give_back(turn)


def _watch_clock(heard: Heard, turn: Turn) -> None:
    """Halt where the partner's clock says so; trouble in doing it must not cost us what was heard."""
    try:
        watch_clock(heard.exchange.clock_skew if heard.exchange else None, holder=turn.holder)
    except DATABASE_TROUBLE:
        log.exception("funding_brake_failed", reference=turn.operation.reference)
        connection.close()


@dataclass(frozen=True)
class Written:
    """What was heard, weighed with all attempts, and whether the same bytes are to be sent once more."""

    heard: Heard
    is_to_be_sent: bool = False


@dataclass(frozen=True)
class Checked:
    """An operation after *Check now*, and what was heard; None where no look-up was made."""

    operation: Operation
    heard: Heard | None


def check_now(*, operation_id: int, by: Person) -> Checked:
    """Look an operation up because a person wants to know, as `look_now` does.

    :raises Refused, Conflict: by `check_can_look_up`.
    """
    operation = Operation.objects.select_related("client").get(pk=operation_id)
    check_can_look_up(by, operation)
    heard = look_now(operation_id, holder=CHECK_NOW)
    if heard is not None:
        _record_check(operation, heard, by)
    return Checked(Operation.objects.get(pk=operation_id), heard)


def look_now(operation_id: int, *, holder: str) -> Heard | None:
    """Look an operation in doubt up, due or not; None when it is in no doubt, or somebody is sending or looking it up.

    What a worker that is gone held is in doubt from then on. An order that is there settles it, and so may an answer
    that had come too late for its attempt's lease; what was in doubt for too long goes to two people. Nothing is ever
    closed as absent or sent from here, and trouble with the partner is heard, not raised.

    :raises Operation.DoesNotExist: when there is none.
    :raises RuntimeError: inside a transaction: the look-up is written down for good before the partner is asked.
    """
    client = coinmena(deadline_seconds=PAGE_DEADLINE_SECONDS)
    turn = _take_turn(operation_id, holder, client.environment, is_asked=True)
    if turn is None:
        return None
    heard = ask(client, turn.operation.reference)
    _watch_clock(heard, turn)
    return _write_down(turn, heard, absence.glance(turn.operation, heard, client)).heard


def _record_check(operation: Operation, heard: Heard, by: Person) -> None:
    partner_client_id = operation.client.partner_client_id
    after = {"found": heard.found, "said": heard.sentence}
    record("operation.looked_up", by=by, obj=operation, client=partner_client_id, after=after)


def due(now: datetime) -> QuerySet[Operation]:
    """Return what waits for a look-up, as the sweep rings for it and `resolve` then finds it."""
    return due_to_be_resolved(now, latest_lease=_latest_lease(now), latest_plan=_latest_plan(now))


# Taking a turn ------------------------------------------------------------------------------------------------------


def _take_turn(operation_id: int, holder: str, environment: str, *, is_asked: bool = False) -> Turn | None:
    """Take the lease of an operation that is due, durably, with the row of the look-up it is about to make."""
    with transaction.atomic(durable=True):
        operation = locked(operation_id)
        began, now = clock.monotonic(), clock.now()
        if operation.lease_until is not None and now < operation.lease_until <= _latest_lease(now):
            return None
        if operation.state == State.SUBMITTING:
            _declare_lost(operation, now, holder)
        elif not _is_due(operation, now, is_asked=is_asked):
            return None
        token = uuid4()
        _hold(operation, token, now + lease_length(), holder)
        lookup = Lookup.objects.create(
            operation=operation, worker=holder[:HOLDER_LENGTH], environment=environment, asked_at=now
        )
        return Turn(operation, lookup, token, holder, is_asked, began + asking_time())


def _is_due(operation: Operation, now: datetime, *, is_asked: bool) -> bool:
    if operation.state not in (State.UNKNOWN, State.REVIEW):
        return False
    planned_at = operation.next_lookup_at
    return is_asked or planned_at is None or not now < planned_at <= _latest_plan(now)


def _latest_lease(now: datetime) -> datetime:
    """Return how far a lease can reach: one that reaches further was written while the database's clock ran ahead.

    It holds nobody. Its worker may live and still be sending: its token is gone then, and the bound of an absence is
    counted from what it planned to sign.
    """
    return now + lease_length() + clock.SET_BACK


def _latest_plan(now: datetime) -> datetime:
    """Return the latest moment that a look-up can be planned for; what lies beyond is due."""
    return now + RAREST + clock.SET_BACK


def _declare_lost(operation: Operation, now: datetime, holder: str) -> None:
    """A lease ran out: its worker is gone, and what it sent may have been applied."""
    attempt = operation.attempts.latest("number")
    if not attempt.outcomes.exists():
        AttemptOutcome.objects.create(
            attempt=attempt,
            kind=AttemptOutcome.Kind.LOST,
            row=Row.NO_ANSWER,
            **answer_fields(None, evidence=Evidence.UNKNOWN, sentence=LOST),
        )
    since = operation.in_doubt_since or now
    move(operation, State.UNKNOWN, by=System(holder), said=LOST, in_doubt_since=since, next_lookup_at=now, **NO_LEASE)


def _hold(operation: Operation, token: UUID, until: datetime, holder: str) -> None:
    lease = {"lease_token": token, "lease_until": until, "lease_holder": holder[:HOLDER_LENGTH]}
    write(Operation.objects.filter(pk=operation.pk), operation, lease)


# Concluding ---------------------------------------------------------------------------------------------------------


def _write_down(turn: Turn, heard: Heard, conditions: Conditions) -> Written:
    """Store what was heard and move the operation on."""
    with transaction.atomic():
        # The gate is read before the operation is locked, as everywhere; the claim reads it again FOR SHARE.
        gate = Gate.objects.get(pk=1) if conditions.may_send_again else None
        operation, now = locked(turn.operation.pk), clock.now()
        attempts = attempts_of(operation)
        is_elsewhere = not absence.is_only_environment(turn.lookup.environment, attempts)
        heard = replace(heard, is_elsewhere=is_elsewhere)
        _call_people(turn, heard)
        verdict = _verdict(operation, heard, conditions)
        _store(turn, heard, conditions, verdict)
        is_ours = operation.lease_token == turn.token and operation.lease_until is not None
        is_held = is_ours and operation.lease_until > now  # type: ignore[operator]
        if verdict is not None:
            to = state_after(verdict, is_another_open=True)
            asked_at = turn.lookup.asked_at
            apply(operation, to, verdict, by=System(turn.holder), holds_lease=is_held, asked_at=asked_at)
        elif is_held and operation.state == State.UNKNOWN and not _conclude_from_answers(turn, operation, attempts):
            if gate is not None and not why_not_again(gate, operation, now):
                return Written(heard, is_to_be_sent=True)
            _conclude_from_silence(turn, operation, attempts, conditions, heard, now)
        if is_held and operation.state in (State.UNKNOWN, State.REVIEW):
            if turn.is_asked and operation.next_lookup_at is not None:
                _keep_plan(operation)
            else:
                _plan_next(operation, attempts, now, unheard=None if heard.is_answered else turn.lookup)
        return Written(heard)


def _call_people(turn: Turn, heard: Heard) -> None:
    """Sound the alarm about an answer that cannot be weighed, whatever it says: it is not the partner's word to us."""
    reference = turn.operation.reference
    if heard.is_elsewhere:
        log.error("funding_alarm", reference=reference, because="the environment changed while in doubt")
    if heard.exchange is not None and heard.exchange.headers.age is not None:
        log.error("funding_alarm", reference=reference, because="a cache answered the look-up")
    if heard.exchange is not None and 300 <= (heard.exchange.status or 0) < 400:
        log.error("funding_alarm", reference=reference, because="the look-up was redirected")


def _verdict(operation: Operation, heard: Heard, conditions: Conditions) -> Verdict | None:
    """Return what an order under our reference proves; None where none was shown, or by another environment.

    A row of a list may leave fields out, so it only ever proves what matches to the last field.
    """
    if heard.is_elsewhere:
        return None
    if heard.lookup is not None and heard.lookup.order is not None:
        return judge_order(heard.lookup.order, intended_order(operation))
    if conditions.listed is None:
        return None
    listed = judge_order(conditions.listed, intended_order(operation))
    return listed if listed.evidence is Evidence.APPLIED else None


def _store(turn: Turn, heard: Heard, conditions: Conditions, verdict: Verdict | None) -> None:
    evidence, sentence = (verdict.evidence, verdict.sentence) if verdict else (Evidence.UNKNOWN, heard.sentence)
    LookupAnswer.objects.create(
        lookup=turn.lookup,
        found=heard.found,
        counts=conditions.counts,
        conditions=conditions.as_json(),
        **answer_fields(heard.exchange, evidence=evidence, sentence=sentence),
    )


def _conclude_from_answers(turn: Turn, operation: Operation, attempts: Attempts) -> bool:
    """Conclude from answers that came too late for the lease of their attempt; False where none of them concludes."""
    by = System(turn.holder)
    differing = attempts.last_in(*DIFFERENT_THERE)
    if differing is not None:
        _to_review(operation, by, code=differing.code or "", sentence=differing.sentence or "")
        return True
    may_be_there = attempts.is_any_open or may_have_been_paid(operation)
    refusal = None if may_be_there else attempts.last_in(Row.REFUSED)
    if refusal is not None:
        _fail(operation, by, code=refusal.code or "", sentence=refusal.sentence or "")
    return refusal is not None


def _conclude_from_silence(
    turn: Turn, operation: Operation, attempts: Attempts, conditions: Conditions, heard: Heard, now: datetime
) -> None:
    """Close what is proven absent; hand to two people what cannot be proven in time.

    What the partner once said it has, or showed in any reading of its orders, is never closed because it does not show
    it now; an order that ended without effect keeps nothing open.
    """
    by, was_there = System(turn.holder), attempts.is_said_to_exist or may_have_been_paid(operation)
    if conditions.is_conclusive and not was_there:
        _fail(operation, by, code="absent", sentence=ABSENT)
    else:
        _conclude_from_time(operation, attempts, by, now)


def _conclude_from_time(operation: Operation, attempts: Attempts, by: System, now: datetime) -> None:
    """Hand to two people what the partner was asked about for too long."""
    if _is_over_time(operation, attempts, now):
        log.error("funding_alarm", reference=operation.reference, because=NO_PROOF)
        _to_review(operation, by, code="", sentence=NO_PROOF)


def _is_over_time(operation: Operation, attempts: Attempts, now: datetime) -> bool:
    """Tell whether the partner was asked for an hour since the last attempt, or the last restore."""
    return asked_for(operation, attempts.last_lookup_id, attempts.restored_at, now) >= TO_REVIEW_AFTER


def _to_review(operation: Operation, by: System, *, code: str, sentence: str) -> None:
    move(operation, State.REVIEW, by=by, said=sentence, failure_code=code, failure_sentence=sentence, **NO_LEASE)


def _fail(operation: Operation, by: System, *, code: str, sentence: str) -> None:
    outcome: dict[str, Any] = {"failure_code": code, "failure_sentence": sentence, "next_lookup_at": None}
    move(operation, State.FAILED, by=by, said=sentence, **outcome, **NO_LEASE)


# Planning -----------------------------------------------------------------------------------------------------------


def _plan_next(operation: Operation, attempts: Attempts, now: datetime, unheard: Lookup | None = None) -> None:
    """Give the lease back and say when to look again.

    :param unheard: the look-up that just ended without an answer.
    """
    if operation.state == State.REVIEW:
        at = now + RAREST
    else:
        bound = absence.bound_of(attempts)
        counted = absence.first_counted(operation, bound) if now >= bound else None
        at = next_look_at(_in_doubt_again_since(operation, attempts), bound, counted, now)
        if unheard is not None:
            at = min(at, max(unheard.asked_at + UNHEARD_AGAIN_AFTER, now + UNHEARD_PAUSE))
        _sound_alarm(operation, now)
    current = Operation.objects.filter(pk=operation.pk)
    current.update(version=F("version") + 1, next_lookup_at=at, **NO_LEASE)
    ring_to_resolve(operation.pk, max(1, round((at - now).total_seconds())))


def _keep_plan(operation: Operation) -> None:
    """Give the lease back after a look out of turn: however often people look, the one that can prove comes in time."""
    Operation.objects.filter(pk=operation.pk).update(version=F("version") + 1, **NO_LEASE)


def _in_doubt_again_since(operation: Operation, attempts: Attempts) -> datetime:
    """Return when the answer to the last attempt was missed: each one sent again is looked for as soon as the first."""
    missed = (operation.in_doubt_since, attempts.last_answered_again_at)
    return max(filter(None, missed), default=attempts.last_claimed_at)


def _sound_alarm(operation: Operation, now: datetime) -> None:
    since = operation.in_doubt_since
    if since is not None and now - happened_at(since, operation, now) >= ALARM_AFTER:
        log.error("funding_alarm", reference=operation.reference, because="in doubt for a quarter of an hour")


def _give_back(turn: Turn) -> None:
    """Give the lease back after a claim that was not to be had, so that nobody waits for it to run out. A client who is
    busy each time keeps it from people for no longer than silence would."""
    with transaction.atomic():
        operation, now = locked(turn.operation.pk), clock.now()
        if operation.state != State.UNKNOWN or operation.lease_token != turn.token:
            return
        attempts = attempts_of(operation)
        _conclude_from_time(operation, attempts, System(turn.holder), now)
        if operation.state == State.REVIEW:
            _plan_next(operation, attempts, now)
            return
        _sound_alarm(operation, now)
        at = now + UNHEARD_PAUSE
        Operation.objects.filter(pk=operation.pk).update(version=F("version") + 1, next_lookup_at=at, **NO_LEASE)


def next_look_at(since: datetime, bound: datetime, counted: LookupAnswer | None, now: datetime) -> datetime:
    """Return when to look again: 2, 5, 10, 20, 40 s into the doubt, then every minute, past the bound ever more rarely.

    The first look past the bound comes as soon as it can count, the second one as soon as the two are far enough apart.
    Moments written while the clock ran ahead put no look off for longer than others would.
    """
    for seconds in LOOK_AFTER_SECONDS:
        if since + timedelta(seconds=seconds) > now:
            return min(since + timedelta(seconds=seconds), now + REGULAR)
    if now < bound:
        return min(now + REGULAR, bound + timedelta(seconds=2))
    if counted is not None and counted.recorded_at + absence.apart() > now:
        return min(counted.recorded_at + absence.apart() + timedelta(seconds=1), now + RAREST)
    return now + min(max(now - bound, REGULAR), RAREST)
