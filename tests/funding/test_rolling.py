"""The total of a day that rules count: exact, with what waits, without what moved nothing, seen by requests at once,
and found without reading what ended long ago."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, RuleSet
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import rolling
from backoffice.funding.equal import Wanted, equal_requests
from backoffice.funding.models import Kind, LateOrder, Operation
from backoffice.funding.queries import OPEN_STATES
from backoffice.funding.states import TERMINAL_STATES, State
from backoffice.mirror.models import Incident
from backoffice.money import exact_sum
from tests.funding.cast import deposit, mirrored_asset, mirrored_client, withdrawal
from tests.ruling import make_live, rule

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
DAY = timedelta(hours=24)
MOVED_NOTHING = (State.FAILED, State.REJECTED, State.CANCELLED, State.EXPIRED)

AMOUNTS = st.decimals(min_value="0.00000001", max_value="99999999999", places=8)
MOMENTS = st.integers(min_value=-3 * 24 * 3600, max_value=0).map(lambda seconds: NOW + timedelta(seconds=seconds))


@st.composite
def lives(draw: st.DrawFn) -> dict[str, Any]:
    """One operation of any state, asked at any moment of three days and ended at some later one."""
    asked_at = draw(MOMENTS)
    state = draw(st.sampled_from([one for one in State if one is not State.SUBMITTING]))  # one at a time a client
    is_ended = state in TERMINAL_STATES
    wait = draw(st.integers(min_value=0, max_value=int((NOW - asked_at).total_seconds())))
    return {
        "state": state,
        "requested_at": asked_at,
        "ended_at": asked_at + timedelta(seconds=wait) if is_ended else None,
        "amount": draw(AMOUNTS),
        "asset_id": draw(st.sampled_from(["USD", "BTC"])),
        "client": draw(st.integers(min_value=0, max_value=1)),
        "late": draw(st.none() | st.tuples(st.sampled_from(LateOrder.Kind), MOMENTS)) if is_ended else None,
    }


def counts(life: dict[str, Any]) -> bool:
    """The slow twin: what the rules mean by a day."""
    if life["late"] and life["late"][0] == LateOrder.Kind.COMPLETED and life["late"][1] > NOW - DAY:
        return True
    if life["state"] in MOVED_NOTHING:
        return False
    return life["state"] is not State.COMPLETED or life["ended_at"] > NOW - DAY


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(told=st.lists(lives(), max_size=12))
def test_the_total_is_the_sum_of_what_counts_to_the_last_digit(
    db: None, maya: Person, told: list[dict[str, Any]]
) -> None:
    with transaction.atomic():
        clients = [mirrored_client(f"user_{n}") for n in range(2)]
        assets = {name: mirrored_asset(name) for name in ("USD", "BTC")}
        for life in told:
            stored(life, maya, clients)

        totals = rolling.day_totals([one.pk for one in clients], NOW)
        for client, asset in product(range(2), assets):
            meant = [one for one in told if (one["client"], one["asset_id"]) == (client, asset)]
            expected = exact_sum(one["amount"] for one in meant if counts(one))
            assert rolling.day_total(clients[client], assets[asset], Kind.DEPOSIT, NOW) == expected
            assert totals.get((Kind.DEPOSIT, clients[client].pk, asset), 0) == expected
            assert in_one_condition(clients[client], assets[asset]) == expected
        transaction.set_rollback(True)


def in_one_condition(client: Client, asset: Asset) -> Decimal:
    """The same in one condition, for which the database would read whatever a client ever asked for."""
    since = NOW - DAY
    late = LateOrder.objects.filter(operation=OuterRef("pk"), kind=LateOrder.Kind.COMPLETED, seen_at__gt=since)
    moved = Q(state=State.COMPLETED, ended_at__gt=since)
    found = Operation.objects.filter(Q(state__in=OPEN_STATES) | moved | Exists(late), client=client, asset=asset)
    return found.aggregate(total=Sum("amount"))["total"] or Decimal(0)


#: The moves that lead to each state, from the one an operation is born in.
PATHS: dict[State, tuple[State, ...]] = {
    State.PENDING_APPROVAL: (),
    State.REJECTED: (State.REJECTED,),
    State.APPROVED: (),
    State.CANCELLED: (State.CANCELLED,),
    State.EXPIRED: (State.EXPIRED,),
    State.SUBMITTING: (State.SUBMITTING,),
    State.UNKNOWN: (State.SUBMITTING, State.UNKNOWN),
    State.REVIEW: (State.SUBMITTING, State.REVIEW),
    State.COMPLETED: (State.SUBMITTING, State.COMPLETED),
    State.FAILED: (State.SUBMITTING, State.FAILED),
}


def stored(life: dict[str, Any], by: Person, clients: list[Client]) -> None:
    """Put an operation into the table as its life is told, along the moves the database allows."""
    is_pending = life["state"] in (State.PENDING_APPROVAL, State.REJECTED)
    made = Operation.objects.create(
        reference=f"dep-2026-{uuid4().hex[:8]}",
        submission_token=uuid4(),
        kind=Kind.DEPOSIT,
        client=clients[life["client"]],
        asset_id=life["asset_id"],
        amount=life["amount"],
        reason="Rent",
        fingerprint="f" * 64,
        requested_by=by,
        requested_at=life["requested_at"],
        state=State.PENDING_APPROVAL if is_pending else State.APPROVED,
        ungated_rule_version=1,
    )
    for state in PATHS[life["state"]]:
        Operation.objects.filter(pk=made.pk).update(**changes(made, state, life["ended_at"]))
    if life.get("late"):
        seen_late(made, *life["late"])


def changes(made: Operation, state: State, ended_at: datetime | None) -> dict[str, Any]:
    """Say what a move sets beside the state."""
    if state is State.SUBMITTING:
        return {"state": state, "lease_token": uuid4(), "lease_until": NOW}
    if state is State.COMPLETED:
        return {"state": state, "partner_order_id": made.pk, "ended_at": ended_at}
    return {"state": state, "ended_at": ended_at if PATHS[state][-1:] == (state,) else None}


def test_only_the_same_client_asset_and_type_are_added_up(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    deposit(maya, noura, usd, "7.00")
    withdrawal(maya, noura, usd, "0.30000001")
    withdrawal(maya, noura, usd, "0.2", reason="Another")
    withdrawal(maya, noura, mirrored_asset("BTC"), "0.5")
    withdrawal(maya, mirrored_client("user_2"), usd, "90")

    assert rolling.day_total(noura, usd, Kind.WITHDRAWAL, clock.now()) == Decimal("0.50000001")


def test_what_ended_without_moving_counts_again_when_an_order_says_that_it_moved(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    stored({"state": State.FAILED, "requested_at": NOW, "ended_at": NOW, **ABOUT}, maya, [noura])
    assert rolling.day_total(noura, usd, Kind.DEPOSIT, NOW) == 0
    seen_late(Operation.objects.get(), LateOrder.Kind.COMPLETED, NOW)
    assert rolling.day_total(noura, usd, Kind.DEPOSIT, NOW) == ABOUT["amount"]


ABOUT: dict[str, Any] = {"amount": Decimal("12.5"), "asset_id": "USD", "client": 0}


def seen_late(operation: Operation, kind: str, seen_at: datetime) -> None:
    """Have an order turn up that speaks against how an operation ended."""
    incident = Incident.objects.create(
        mirror="orders", object_id=operation.pk, kind="late_order", sentence="It came late.", seen_at=seen_at, after={}
    )
    LateOrder.objects.create(operation=operation, kind=kind, order_id=operation.pk, incident=incident, seen_at=seen_at)


# What it reads --------------------------------------------------------------------------------------------------------

#: One operation that ended long ago, as often as is asked for, an hour apart.
ENDED_LONG_AGO = """
    INSERT INTO funding_operation
    SELECT made.* FROM funding_operation first, generate_series(1, %(count)s) n, LATERAL jsonb_populate_record(
        first, jsonb_build_object(
            'id', first.id + n, 'reference', first.reference || '-' || n, 'submission_token', gen_random_uuid(),
            'partner_order_id', first.id + n, 'requested_at', first.requested_at - n * interval '1 hour',
            'ended_at', first.ended_at - n * interval '1 hour')) made
    WHERE first.state = %(state)s
"""


@pytest.fixture
def long_ago(committed: str, maya: Person, noura: Client, usd: Asset) -> None:
    """Three operations that wait, and thousands that ended before."""
    for _ in range(3):
        stored({"state": State.APPROVED, "requested_at": NOW, "ended_at": None, **ABOUT}, maya, [noura])
    ended_at = NOW - 2 * DAY
    stored({"state": State.COMPLETED, "requested_at": ended_at, "ended_at": ended_at, **ABOUT}, maya, [noura])
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE funding_operation DISABLE TRIGGER USER")
        owner.execute(ENDED_LONG_AGO, {"count": 5_000, "state": State.COMPLETED.value})
        owner.execute("ANALYZE funding_operation")


def test_what_ended_long_ago_is_not_read(long_ago: None, noura: Client, usd: Asset) -> None:
    """A row of a file is made under its client's lock, and each one asks for the total."""
    with CaptureQueriesContext(connection) as asked_for:
        assert rolling.day_total(noura, usd, Kind.DEPOSIT, NOW) == 3 * ABOUT["amount"]
        assert rolling.day_totals([noura.pk], NOW) == {(Kind.DEPOSIT, noura.pk, "USD"): 3 * ABOUT["amount"]}

    statements = [one["sql"] for one in asked_for if "funding_operation" in one["sql"]]
    assert len(statements) == 2
    assert [rows_read(one) for one in statements] == [3, 3]


def test_what_ended_long_ago_is_not_read_for_what_equals_it(long_ago: None, noura: Client, usd: Asset) -> None:
    """That is asked for under the same lock. What is found is read twice: its number, and then the row."""
    wanted = Wanted(noura, usd, Kind.DEPOSIT, ABOUT["amount"])

    with CaptureQueriesContext(connection) as asked_for:
        assert len(equal_requests(wanted, NOW)) == 3

    [statement] = [one["sql"] for one in asked_for if "funding_lateorder" in one["sql"]]
    assert rows_read(statement) <= 3 * 3


def rows_read(statement: str) -> int:
    """Count the operations that the database looks at for a statement, those included that it then leaves out."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        (plan,) = cursor.fetchone()
    return sum(map(looked_at, steps(plan if isinstance(plan, list) else json.loads(plan))))


def steps(plan: Any) -> list[dict[str, Any]]:
    """Every step of a plan by itself."""
    inner = plan if isinstance(plan, list) else [plan.get("Plan"), *plan.get("Plans", [])]
    own = [plan] if isinstance(plan, dict) and "Node Type" in plan else []
    return own + [step for one in inner if one for step in steps(one)]


def looked_at(step: dict[str, Any]) -> int:
    if step.get("Relation Name") != "funding_operation":
        return 0
    left_out = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    return int(step["Actual Loops"] * (step["Actual Rows"] + left_out))


# Rules that count it --------------------------------------------------------------------------------------------------


def a_large_day() -> RuleSet:
    """From 1,000 USD in a day on two people have to approve a withdrawal."""
    return make_live(
        rule("withdrawal"),
        rule("withdrawal", "Many in a day", asset="USD", day_total_from=Decimal(1000), people_needed=2),
    )


def test_the_one_that_reaches_the_total_is_gated_by_it_and_pins_its_version(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    version = a_large_day().version
    amounts = ("600", "399.99999999", "0.00000001")

    requests = [Request.objects.get(subject=withdrawal(maya, noura, usd, amount).reference) for amount in amounts]

    assert [one.people_needed for one in requests] == [1, 1, 2]
    assert {one.rule_version for one in requests} == {version}
    assert requests[2].rule == "Many in a day"


def test_two_requests_at_once_see_each_others_total(committed: str, maya: Person, noura: Client, usd: Asset) -> None:
    a_large_day()

    def ask(amount: str) -> int:
        try:
            reference = withdrawal(maya, noura, usd, amount).reference
            return Request.objects.get(subject=reference).people_needed
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        needed = sorted(threads.map(ask, ["250", "250.1", "250.2", "250.3"]))

    assert needed == [1, 1, 1, 2], "whoever came last brought the day to 1,000.60"


def test_the_form_says_the_rule_who_can_and_the_total_it_counts(
    db: None, client: Browser, maya: Person, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    a_large_day()
    withdrawal(maya, noura, usd, "900.00")
    client.force_login(maya)
    typed = {"client": "user_12345", "asset": "USD", "amount": "150.00", "reason": "Payout"}

    page = client.post("/funding/preview/?kind=withdrawal", typed).content.decode()

    assert "Many in a day, version 2" in page
    assert "1,000 USD" in page and "2 other people" in page
    assert "With this one 1,050.00 USD of withdrawals in 24 hours, those that wait included." in page
    assert "have to approve it" in page and "Omar Saleh" in page and "Lina Aziz" in page


@pytest.mark.parametrize(
    ("kind", "amount", "sentence"),
    [
        ("deposit", "5", "No rule asks for approval of this deposit."),
        ("deposit", "", "It depends on client, asset and amount."),
        ("withdrawal", "5", "No rule says who approves this withdrawal."),
    ],
)
def test_the_form_says_what_follows_where_no_rule_matches(
    db: None, client: Browser, maya: Person, noura: Client, usd: Asset, kind: str, amount: str, sentence: str
) -> None:
    make_live(rule("deposit", "Large", asset="USD", at_least=Decimal(1000)))
    client.force_login(maya)
    typed = {"client": "user_12345", "asset": "USD", "amount": amount, "reason": "x"}
    assert sentence in client.post(f"/funding/preview/?kind={kind}", typed).content.decode()
