"""A commit whose connection dropped is itself unknown: it is read again, and nothing is sent on a claim that cannot be
seen over a new connection (reliability.md §4). A connection that drops before the first byte was sent leaves no doubt
(§5, A13)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from backoffice import failpoints
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock, embedded
from backoffice.failpoints import Failpoint
from backoffice.funding.models import Attempt, AttemptOutcome
from backoffice.funding.queries import attempts_that_left
from backoffice.funding.services import recording
from backoffice.funding.states import State
from backoffice.mirror import partners
from backoffice.mirror.limits import DatabaseBucket
from backoffice.mirror.partners import forget_clients
from tests.funding.cast import deposit, looked_up, now, sent
from tests.funding.doubt import Travel
from tests.partners import Partners

Break = Callable[[Failpoint], None]


def at(point: Failpoint, monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Do something at the first pass of a crash point."""
    left = [do]

    def reached(passed: Failpoint) -> None:
        if passed is point and left:
            left.pop()()

    monkeypatch.setattr(failpoints, "reached", reached)


@pytest.fixture
def broken_before(postgres: embedded.Embedded, monkeypatch: pytest.MonkeyPatch) -> Break:
    """End the server's side of our connection, so that the commit that follows is never made."""

    def end_the_backend() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with postgres.administer() as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    return lambda point: at(point, monkeypatch, end_the_backend)


@pytest.fixture
def broken_after(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Make the commit that follows, and lose its confirmation."""

    def lose_the_confirmation() -> None:
        wrapper: Any = connections["default"]
        commit = wrapper._commit

        def commit_unheard() -> None:
            wrapper._commit = commit
            commit()
            wrapper.connection.close()
            raise OperationalError("server closed the connection unexpectedly")

        wrapper._commit = commit_unheard

    return lambda point: at(point, monkeypatch, lose_the_confirmation)


def test_a_claim_that_was_not_committed_is_not_sent(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, broken_before: Break
) -> None:
    operation = deposit(maya, noura, usd)
    broken_before(Failpoint.C4)

    with pytest.raises(OperationalError):
        sent(operation)

    assert coinmena.ledger(reference=operation.reference)["arrivals"] == []
    assert (now(operation).state, Attempt.objects.count()) == (State.APPROVED, 0)
    assert sent(operation).state == State.COMPLETED, "the sweep's next bell sends it"


def test_a_claim_whose_confirmation_was_lost_is_read_again_and_sent(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, broken_after: Break
) -> None:
    operation = deposit(maya, noura, usd)
    broken_after(Failpoint.C4)

    operation = sent(operation)

    assert (operation.state, operation.attempts.count()) == (State.COMPLETED, 1)
    assert len(coinmena.ledger(reference=operation.reference)["arrivals"]) == 1


def test_a_claim_that_cannot_be_read_again_is_not_sent_and_left_to_the_resolver(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    broken_after: Break,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operation = deposit(maya, noura, usd)
    broken_after(Failpoint.C4)
    with monkeypatch.context() as patched:
        patched.setattr(Attempt.objects, "filter", _refuse)
        with pytest.raises(OperationalError):
            sent(operation)
    assert coinmena.ledger(reference=operation.reference)["arrivals"] == []

    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=60))

    assert looked_up(operation).state == State.UNKNOWN
    assert AttemptOutcome.objects.get().kind == AttemptOutcome.Kind.LOST


def test_a_limiter_whose_connection_dropped_leaves_no_doubt(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    broken_before: Break,
    travel: Travel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is written down over a new connection at the first try: the operation waits for no lease and no quarantine."""
    monkeypatch.setattr(partners, "_COINMENA_BUDGET", DatabaseBucket("coinmena", per_minute=600, burst=10))
    forget_clients()
    monkeypatch.setattr(recording, "TRIES", 1)
    operation = deposit(maya, noura, usd)
    broken_before(Failpoint.C5)

    operation = sent(operation)

    outcome = AttemptOutcome.objects.get(attempt__operation=operation)
    assert (operation.state, outcome.row, outcome.evidence) == (State.APPROVED, "A13", "never_sent")
    assert outcome.sentence.startswith("Our own count of requests was out of reach, so nothing was sent.")
    assert (operation.lease_until, attempts_that_left(operation)) == (None, 0)
    assert coinmena.ledger(reference=operation.reference)["arrivals"] == []

    travel(120)
    assert sent(operation).state == State.COMPLETED
    assert len(coinmena.orders_under(operation.reference)) == 1


def _refuse(**_conditions: object) -> None:
    raise OperationalError("the server is starting up")


def test_an_outcome_that_was_not_committed_is_written_again(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, broken_before: Break
) -> None:
    broken_before(Failpoint.C10)

    operation = sent(deposit(maya, noura, usd))

    assert (operation.state, AttemptOutcome.objects.count()) == (State.COMPLETED, 1)
    assert Entry.objects.filter(event="operation.completed").count() == 1


def test_an_outcome_whose_confirmation_was_lost_is_written_once(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, broken_after: Break
) -> None:
    broken_after(Failpoint.C10)

    operation = sent(deposit(maya, noura, usd))

    assert (operation.state, AttemptOutcome.objects.count()) == (State.COMPLETED, 1)
    assert Entry.objects.filter(event="operation.completed").count() == 1


def test_an_answer_whose_bell_could_not_be_rung_is_written_again(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    """The library names what happens to a bell otherwise than Django does, and the refusal must not be lost with it."""
    failures = [1]

    def fail_once(execute: Callable[..., Any], sql: Any, *others: Any) -> Any:
        if "procrastinate_defer_jobs" in str(sql) and failures:
            failures.pop()
            return execute("DO $$ BEGIN RAISE EXCEPTION 'late' USING ERRCODE = '57014'; END $$", None, *others[1:])
        return execute(sql, *others)

    operation = deposit(maya, noura, usd)
    coinmena.fault("close_before_apply", match={"method": "POST"})
    with connection.execute_wrapper(fail_once):
        sent(operation)

    assert failures == []
    assert now(operation).state == State.UNKNOWN
    assert AttemptOutcome.objects.get().kind == AttemptOutcome.Kind.ANSWER
