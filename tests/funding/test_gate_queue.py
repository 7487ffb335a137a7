"""Whatever stops money or lets it flow again is done at once, also while workers share the gate without end."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.funding.models import Freeze, Gate, Scope
from backoffice.funding.services.brakes import brake, resume_sending
from backoffice.funding.services.freezing import freeze
from backoffice.funding.services.gate import share_gate
from backoffice.partner.outcome import Evidence, Row, Verdict
from tests.funding.cast import SignIn

pytestmark = pytest.mark.usefixtures("committed")

SHARERS = 3
AT_ONCE_SECONDS = 1.5


@contextmanager
def shared_without_end(seconds: float = 0.2) -> Iterator[None]:
    """Take turns at the gate so that one of the sharers always has it, as senders do while there is much to send."""
    stop, begun = Event(), [Event() for _ in range(SHARERS)]

    def share(began: Event, after: float) -> None:
        stop.wait(after)
        while not stop.is_set():
            with transaction.atomic():
                share_gate()
                began.set()
                stop.wait(seconds)
        connection.close()

    with ThreadPoolExecutor(SHARERS) as pool:
        running = [pool.submit(share, one, number * seconds / SHARERS) for number, one in enumerate(begun)]
        try:
            assert all(one.wait(20) for one in begun)
            yield
        finally:
            stop.set()
        for each in running:
            each.result()


def freeze_everything(omar: Person) -> None:
    freeze(scope=Scope.EVERYTHING, reason="A wrong file is going out.", by=omar)


def resume(omar: Person) -> None:
    resume_sending(reason="The clock was set right.", by=omar)


def answered(row: Row = Row.TURNED_AWAY, **said: Any) -> Callable[[Person], None]:
    verdict = Verdict(row, Evidence.NOT_APPLIED, "", **said)
    return lambda _omar: brake(verdict, clock_skew=None, holder="worker 1")


ACTS: dict[str, tuple[Callable[[Person], None], dict[str, Any], Callable[[], bool]]] = {
    "a freeze": (freeze_everything, {}, Freeze.objects.exists),
    "a pause": (answered(pause_seconds=60.0), {}, lambda: Gate.objects.get().is_paused(timezone.now())),
    "a 401": (answered(counts_as_401=True), {}, lambda: Gate.objects.get().unauthorised_in_a_row == 1),
    "the third 401": (
        answered(counts_as_401=True),
        {"unauthorised_in_a_row": 2},
        lambda: Gate.objects.get().halted_at is not None,
    ),
    "a refusal of another kind after two 401": (
        answered(Row.REFUSED),
        {"unauthorised_in_a_row": 2},
        lambda: Gate.objects.get().unauthorised_in_a_row == 0,
    ),
    "going on": (
        resume,
        {"halted_at": timezone.now(), "halted_because": "The clock was off."},
        lambda: Gate.objects.get().halted_at is None,
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_who_needs_the_gate_alone_is_let_in_before_those_who_come_later(omar: Person, name: str) -> None:
    act, before, is_done = ACTS[name]
    Gate.objects.update(**before)
    with shared_without_end():
        began = time.monotonic()
        act(omar)
        took = time.monotonic() - began

    assert is_done()
    assert took < AT_ONCE_SECONDS


def test_a_freeze_that_somebody_keeps_waiting_for_too_long_says_so_and_keeps_what_was_typed(
    signed_in: SignIn, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in("omar")
    monkeypatch.setattr("backoffice.funding.services.gate.WAIT_SECONDS", 0.3)
    with shared_without_end(3.0):
        answer = browser.post("/freeze/freeze/", {"scope": "everything", "reason": "A wrong file is going out"})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Nothing is frozen: what is being sent kept the freeze waiting. Freeze again." in page
    assert "A wrong file is going out" in page
    assert not Freeze.objects.exists()
    assert not Entry.objects.filter(event="freeze.made").exists()


def test_a_sharer_that_fell_silent_keeps_nobody_out_for_longer_than_a_few_seconds(
    omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that was suspended, or lost its network, in the middle of a claim."""
    monkeypatch.setattr("backoffice.funding.services.gate.SILENT_SECONDS", 1)
    silent = Event()

    def share_and_fall_silent() -> None:
        with pytest.raises(DatabaseError), transaction.atomic():
            share_gate()
            silent.set()
            time.sleep(3)
            share_gate()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        silently = pool.submit(share_and_fall_silent)
        assert silent.wait(10)
        began = time.monotonic()
        freeze_everything(omar)
        took = time.monotonic() - began
        silently.result()

    assert took < 2.5


def test_whoever_resumes_is_told_that_it_was_kept_waiting(omar: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.funding.services.gate.WAIT_SECONDS", 0.3)
    Gate.objects.update(halted_at=timezone.now(), halted_because="The clock was off.")

    with shared_without_end(3.0), pytest.raises(Conflict, match="Nothing was changed"):
        resume(omar)

    assert Gate.objects.get().halted_at is not None
