"""A deposit in doubt, and time to settle it in: what the tests of the resolver begin with."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Gate, Lookup, LookupAnswer, Operation
from backoffice.funding.services import resolving
from backoffice.funding.services.resolving import RAREST, TO_REVIEW_AFTER
from backoffice.funding.states import State
from backoffice.mirror.partners import forget_clients
from backoffice.partner.exchange import Exchange
from backoffice.partner.http import Transport
from tests.funding.cast import deposit, sent
from tests.partners import Partners

POST = {"method": "POST"}
LOOKUPS = {"path": "/v1/partner/orders/ref"}
Travel = Callable[..., None]

#: Past the bound of reliability.md §6 for an attempt made just now: the lease, Q, and a little.
PAST = 400


def date_in(seconds: float) -> str:
    """Write a moment so many seconds from now as an HTTP date."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")


def ask_another_environment(settings: Settings) -> None:
    """Have the same partner asked under another address from now on, which is another environment to us."""
    settings.COINMENA_BASE_URL = settings.COINMENA_BASE_URL.replace("127.0.0.1", "localhost")
    forget_clients()


@pytest.fixture
def travel(coinmena: Partners, monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Move our clock and the one in the partner's answers on by so many seconds, together or apart.

    The machine's clock stands still, or nothing could be signed: what the answers say of it stops no sending here.
    """
    real = clock.now
    monkeypatch.setattr(resolving, "watch_clock", lambda _skew, **_by: None)

    def move(seconds: float, *, ours: bool = True, theirs: bool = True) -> None:
        if ours:
            monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=seconds))
        if theirs:
            coinmena.fault("headers", match=LOOKUPS, times=None, set={"Date": date_in(seconds)})

    return move


@pytest.fixture
def looked_up_often() -> Callable[..., None]:
    """Have an operation looked up without an answer from now on, every five minutes, by default for an hour."""

    def look(operation: Operation, times: int = TO_REVIEW_AFTER // RAREST) -> None:
        asked = {"operation": operation, "worker": "worker 2", "environment": ""}
        began = clock.now()
        Lookup.objects.bulk_create(Lookup(**asked, asked_at=began + number * RAREST) for number in range(times))

    return look


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let every look-up, control and page of a list take so many seconds from now on, by both of our clocks."""
    passed, read = 0.0, Transport.read

    def answer_in(seconds: float) -> None:
        now, monotonic = clock.now, clock.monotonic

        def slowly(*args: Any) -> Exchange:
            nonlocal passed
            passed += seconds
            return read(*args)

        monkeypatch.setattr(Transport, "read", slowly)
        monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=passed))
        monkeypatch.setattr(clock, "monotonic", lambda: monotonic() + passed)

    return answer_in


@pytest.fixture
def in_doubt(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Operation:
    """A deposit that never reached the partner, though nobody here can know."""
    sent(deposit(maya, noura, usd, "1.00"))  # the positive control
    coinmena.fault("close_before_apply", match=POST)
    operation = sent(deposit(maya, noura, usd))
    assert operation.state == State.UNKNOWN
    return operation


def last_answer(operation: Operation) -> LookupAnswer:
    return LookupAnswer.objects.filter(lookup__operation=operation).latest("id")


def halt() -> None:
    Gate.objects.update(halted_at=clock.now(), halted_because="Somebody looks.")
