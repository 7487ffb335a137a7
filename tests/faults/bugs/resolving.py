"""Bugs of whoever settles a doubt: 3 to 7, 36, 38 and 39 believe an absence too easily, 19 to 21 and 34 are about
leases and sweeps, 33 is about whom a proof is given to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from backoffice.database import clock
from backoffice.failpoints import Failpoint
from backoffice.funding import tasks
from backoffice.funding.models import Operation
from backoffice.funding.services import absence, expiring, recording, resolving
from backoffice.funding.services.absence import Conditions
from backoffice.funding.services.brakes import resume_sending
from backoffice.funding.services.lookups import Heard
from backoffice.funding.services.moving import locked
from backoffice.funding.services.resolving import Turn, Written
from backoffice.funding.services.verdicts import state_after
from backoffice.funding.states import State
from backoffice.partner.coinmena.answers import OrderLookup
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import Verdict
from tests.faults.bugs.acting import (
    QUARANTINE_SECONDS,
    asked,
    calm,
    fault,
    fault_in_reading,
    hold,
    let_go,
    other_credentials,
    sent,
    work,
)
from tests.faults.bugs.breaking import bug, instead
from tests.faults.world import World

#: From the claim on: the lease of an attempt, and of a look-up, is over.
LEASE_SECONDS = 46


# Absence --------------------------------------------------------------------------------------------------------------


def lands_late_while_all_is_held(world: World) -> None:
    """The request lies at the partner's door for 100 seconds; nothing is sent again meanwhile."""
    operation = asked(world)
    fault(world, "land_late", operation, seconds=100)
    sent(world, operation)
    hold(world)
    work(world, 60)
    calm(world)


@bug(3, "no quarantine", caught_as="I3", schedule=lands_late_while_all_is_held)
@contextmanager
def no_quarantine(world: World) -> Iterator[None]:
    with instead(absence, "quarantine", timedelta):
        yield


@bug(4, "the first 404 is believed", caught_as="I3", schedule=lands_late_while_all_is_held)
@contextmanager
def first_404_believed(world: World) -> Iterator[None]:
    def weigh(_operation: Operation, heard: Heard, *_: object) -> Conditions:
        is_absent = heard.found is False
        return Conditions(is_absent, is_absent, "any", is_absent, is_absent, is_absent)

    with instead(absence, "weigh", weigh):
        yield


def a_gateway_says_404(world: World) -> None:
    """The order is there; a gateway answers every question about it with its own page."""
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    hold(world)
    path = f"/v1/partner/orders/ref/{operation.reference}"
    fault_in_reading(world, "html", path, status=404, title="404 Not Found")
    work(world, QUARANTINE_SECONDS + 200)
    calm(world)


@bug(5, "a gateway's 404 is believed", caught_as="I3", schedule=a_gateway_says_404)
@contextmanager
def gateway_believed(world: World) -> Iterator[None]:
    credible = property(lambda lookup: lookup.order is None and lookup.partner_date is not None)
    with instead(OrderLookup, "is_credible_absence", credible), instead(absence, "is_not_listed", lambda *_: True):
        yield


def a_cache_says_404(world: World) -> None:
    """The order is there; a cache answers in the partner's own words of before, and the list is as old."""
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    hold(world)
    stale: dict[str, Any] = {"status": 404, "code": 404, "msg": "order not found", "headers": {"Age": "30"}}
    fault_in_reading(world, "envelope", f"/v1/partner/orders/ref/{operation.reference}", **stale)
    fault_in_reading(world, "read_lag", client=operation.client.partner_client_id, seconds=10**9)
    work(world, QUARANTINE_SECONDS + 200)
    calm(world)


@bug(36, "a cache's 404 is believed", caught_as="I3", schedule=a_cache_says_404)
@contextmanager
def cache_believed(_world: World) -> Iterator[None]:
    def is_credible(lookup: OrderLookup) -> bool:
        is_absent = lookup.order is None and lookup.has_envelope and lookup.exchange.status == 404
        return is_absent and lookup.partner_date is not None

    with instead(OrderLookup, "is_credible_absence", property(is_credible)):
        yield


def a_cache_lists(world: World) -> None:
    """CoinMENA's look-ups do not see the order for a quarter of an hour, and the list, which would, is a cache's."""
    lists_as_before(world, {"Age": "30"})


def a_cache_lists_in_secret(world: World) -> None:
    """As before, but only its date says that the list is an old one."""
    lists_as_before(world, {"Date": format_datetime(world.clock.true(), usegmt=True)})


def lists_as_before(world: World, headers: dict[str, str]) -> None:
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    hold(world)
    client = operation.client.partner_client_id
    fault_in_reading(world, "read_lag", f"/v1/partner/orders/ref/{operation.reference}", seconds=900)
    fault_in_reading(world, "headers", client=client, set=headers)
    fault_in_reading(world, "read_lag", client=client, seconds=900)
    work(world, QUARANTINE_SECONDS + 200)
    calm(world)


@bug(38, "a cache's list is believed", caught_as="I3", schedule=a_cache_lists)
@contextmanager
def cached_list_believed(_world: World) -> Iterator[None]:
    fresh, aged = property(lambda exchange: True), property(lambda exchange: False)
    with instead(Exchange, "is_fresh_word", fresh), instead(Exchange, "is_aged", aged):
        yield


@bug(39, "an old date passes for the partner's word of just now", caught_as="I3", schedule=a_cache_lists_in_secret)
@contextmanager
def old_date_believed(_world: World) -> Iterator[None]:
    with instead(Exchange, "_is_dated_before", property(lambda exchange: False)):
        yield


def the_settings_change(world: World) -> None:
    """The order is in one environment; the workers go on in another one, where a payment of theirs is completed."""
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    other_credentials()
    try:
        _pay_in_the_other_environment(world, operation)
        work(world, QUARANTINE_SECONDS + 200)
    finally:
        world.own_credentials()
    calm(world)


def _pay_in_the_other_environment(world: World, operation: Operation) -> None:
    other = sent(world, asked(world, "1.00", client=operation.client))
    world.scripted.paid_elsewhere.add(other.reference)
    world.act("Omar resumes", lambda: resume_sending(reason="The new account is ours", by=world.cast.omar))
    sent(world, other)


@bug(6, "another environment's 404 is believed", caught_as="I1", schedule=the_settings_change)
@contextmanager
def environments_mixed(world: World) -> Iterator[None]:
    with instead(absence, "is_only_environment", lambda *_: True):
        yield


def the_partner_shows_nothing(world: World) -> None:
    """The order is there; the partner's reading side has lost sight of every order."""
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    hold(world)
    fault_in_reading(world, "read_lag", seconds=10**9)
    work(world, QUARANTINE_SECONDS + 200)
    calm(world)


@bug(7, "no positive control", caught_as="I3", schedule=the_partner_shows_nothing)
@contextmanager
def no_control(world: World) -> Iterator[None]:
    with instead(absence, "positive_control", lambda *_: "not asked for"):
        yield


# Leases ---------------------------------------------------------------------------------------------------------------


def a_resolver_wakes_up_late(world: World) -> None:
    """A resolver has proof of absence and is held up; another one sends again, and that answer is lost."""
    operation = asked(world)
    fault(world, "close_before_apply", operation)
    fault(world, "close_after_apply", operation, nth=2)
    sent(world, operation)
    hold(world)
    _pass_until_due(world, operation, QUARANTINE_SECONDS + 1)
    world.resolve(operation.pk)
    _pass_until_due(world, operation)
    world.damage.stall_at(Failpoint.C12, LEASE_SECONDS + 20, nth=2)
    world.plan(LEASE_SECONDS, "sending goes on", lambda: let_go(world))
    world.plan(LEASE_SECONDS + 1, "another resolver", lambda: world.resolve(operation.pk))
    world.plan(LEASE_SECONDS + 3, "sending is held", lambda: hold(world))
    world.resolve(operation.pk)
    calm(world)


def _pass_until_due(world: World, operation: Operation, at_least: float = 0.0) -> None:
    world.pass_time(at_least)
    due = Operation.objects.values_list("next_lookup_at", flat=True).get(pk=operation.pk)
    if due is not None:
        world.pass_time(max(0.0, (due - clock.now()).total_seconds()) + 1)


@bug(19, "the lease is ignored for a failure", caught_as="I3", schedule=a_resolver_wakes_up_late)
@contextmanager
def lease_ignored(world: World) -> Iterator[None]:
    write_down = resolving._write_down

    def careless(turn: Turn, heard: Heard, conditions: Conditions) -> Written:
        def as_if_held(operation_id: int) -> Operation:
            operation = locked(operation_id)
            operation.lease_token, operation.lease_until = turn.token, clock.now() + timedelta(minutes=1)
            return operation

        with instead(resolving, "locked", as_if_held):
            return write_down(turn, heard, conditions)

    with instead(resolving, "_write_down", careless):
        yield


def an_answer_comes_after_the_lease(world: World) -> None:
    """The worker is held up with the answer in memory, and the order vanishes at the partner: nobody else knows."""
    operation = asked(world)
    world.damage.stall_at(Failpoint.C9, LEASE_SECONDS + 20)
    world.plan(1, "the order vanishes", lambda: _hide(world, operation))
    world.plan(LEASE_SECONDS + 1, "sweep", world.sweep)
    sent(world, operation)
    calm(world)


def _hide(world: World, operation: Operation) -> None:
    (order,) = world.sandbox.ledger.entries(reference=operation.reference, client=None, after=0)
    world.sandbox.ledger.change_order(order, hidden=True)


@bug(20, "completed is refused without the lease", caught_as="I2", schedule=an_answer_comes_after_the_lease)
@contextmanager
def completed_needs_lease(world: World) -> Iterator[None]:
    with instead(recording, "NEEDS_NO_LEASE", frozenset()):
        yield


# Sweeps ---------------------------------------------------------------------------------------------------------------


def a_worker_dies_before_it_sends(world: World) -> None:
    operation = asked(world)
    world.damage.kill_at(Failpoint.C5)
    sent(world, operation)
    calm(world)


@bug(21, "no sweep", caught_as="I4", schedule=a_worker_dies_before_it_sends)
@contextmanager
def no_sweep(world: World) -> Iterator[None]:
    def nothing(*_: Any) -> list[tuple[str, int]]:
        return []

    with instead(tasks, "waiting", nothing):
        yield


def its_permission_runs_out(world: World) -> None:
    """Sending is held for longer than any permission lasts."""
    operation = asked(world)
    hold(world)
    sent(world, operation)
    world.pass_time(26 * 3600)
    calm(world)


@bug(34, "nothing expires", caught_as="its time ran out", schedule=its_permission_runs_out)
@contextmanager
def nothing_expires(_world: World) -> Iterator[None]:
    with instead(expiring, "expire_due", lambda: 0):
        yield


# Proof ----------------------------------------------------------------------------------------------------------------


def the_answer_is_lost(world: World) -> None:
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    calm(world)


@bug(33, "what is found completed is given to two people", caught_as="nothing to review", schedule=the_answer_is_lost)
@contextmanager
def proof_given_to_people(_world: World) -> Iterator[None]:
    def doubtful(verdict: Verdict, **doubt: Any) -> State:
        after = state_after(verdict, **doubt)
        return State.REVIEW if after is State.COMPLETED else after

    with instead(resolving, "state_after", doubtful):
        yield
