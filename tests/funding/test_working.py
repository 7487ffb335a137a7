"""The worker answers the bell, and a database that stumbles costs no answer (reliability.md §4)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import Error, InterfaceError, OperationalError
from procrastinate.contrib.django import app

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import tasks
from backoffice.funding.services import recording, sending
from backoffice.funding.services.claiming import Claim, claim
from backoffice.funding.services.doorbells import RESOLVE
from backoffice.funding.states import State
from backoffice.funding.tasks import waiting
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import Verdict
from tests.funding.cast import approved_by, deposit, looked_up, now, sent, withdrawal
from tests.partners import Partners


def work() -> None:
    """Let a worker do everything that waits, and end; in a thread, as browser tests keep an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_work).result()


def _work() -> None:
    connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    with app.replace_connector(connector):
        app.run_worker(name="worker 7", wait=False, install_signal_handlers=False, listen_notify=False)


def test_the_worker_sends_at_the_bell(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    first = deposit(maya, noura, usd)
    work()
    second = approved_by(omar, withdrawal(maya, noura, usd))
    work()

    assert [now(one).state for one in (first, second)] == [State.COMPLETED, State.COMPLETED]
    assert Entry.objects.filter(event="operation.completed", who="worker 7").count() == 2
    assert all(entry.request_id for entry in Entry.objects.filter(who="worker 7"))


def test_what_a_dead_worker_left_is_swept_before_what_is_looked_up_again(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SWEPT_AT_ONCE", 2)
    for amount in ("1.00", "2.00"):
        coinmena.fault("close_before_apply", match={"method": "POST"})
        assert sent(deposit(maya, noura, usd, amount)).state == State.UNKNOWN
    dead = deposit(maya, noura, usd, "3.00")
    assert claim(dead.pk, "worker that dies") is not None

    assert (RESOLVE, dead.pk) in waiting(clock.now() + timedelta(minutes=5))


def stumbling(monkeypatch: pytest.MonkeyPatch, times: int, error: type[Error] = OperationalError) -> None:
    """Make the first tries to write an outcome down fail as a broken connection would."""
    write, left = recording._record, [times]

    def stumble(claim: Claim, exchange: Exchange, verdict: Verdict) -> None:
        if left[0]:
            left[0] -= 1
            raise error("the connection is gone")
        write(claim, exchange, verdict)

    monkeypatch.setattr(recording, "_record", stumble)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_an_outcome_is_written_at_the_third_try(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch, error: type[Error]
) -> None:
    stumbling(monkeypatch, times=2, error=error)

    assert sent(deposit(maya, noura, usd)).state == State.COMPLETED


def test_an_outcome_that_cannot_be_written_is_left_to_the_resolver(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    stumbling(monkeypatch, times=3)
    operation = deposit(maya, noura, usd)
    with pytest.raises(OperationalError):
        sent(operation)
    assert now(operation).state == State.SUBMITTING

    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=60))

    assert looked_up(operation).state == State.COMPLETED
    assert len(coinmena.orders_under(operation.reference)) == 1


def test_a_brake_that_fails_costs_no_answer(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_details: object) -> None:
        raise OperationalError("the connection is gone")

    monkeypatch.setattr(sending, "brake", fail)

    assert sent(deposit(maya, noura, usd)).state == State.COMPLETED
