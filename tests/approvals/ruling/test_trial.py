"""A draft tried on the past: with the day's total of each moment, in one query, fast."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.approvals.matching import Facts, Rulebook
from backoffice.approvals.models import Rule, RuleSet
from backoffice.approvals.ruling import queries
from backoffice.approvals.ruling.past import PastFact, RequestsOfOtherKinds
from backoffice.approvals.ruling.trial import Effect, Trial, try_on
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import rolling
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.past import PastOperations
from backoffice.funding.rolling import DAY
from backoffice.funding.states import SENT_STATES, TERMINAL_STATES, State
from backoffice.mirror.models import Incident
from backoffice.money import exact_sum
from tests.approvals.ruling.cast import a_rule, add, submitted
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
HOUR = timedelta(hours=1)


def fact(kind: str = "withdrawal", **said: Any) -> PastFact:
    amount = Decimal(said.pop("amount", "500"))
    facts = Facts(kind=kind, asset="USD", client="noura", amount=amount, day_total=amount)
    return PastFact("wd-1", NOW, replace(facts, **said))


def tried(facts: list[PastFact], live: list[Rule], draft: list[Rule], managers: int = 3) -> Trial:
    return try_on(facts, Rulebook(live, {}), Rulebook(draft, {}), since=NOW, until=NOW, managers=managers)


ONE, TWO = a_rule(name="One"), a_rule(name="Two", people_needed=2)
DEPOSITS = a_rule("deposit", name="Deposits")
EFFECTS: list[tuple[str, list[Rule], list[Rule], Effect | None]] = [
    ("withdrawal", [ONE], [TWO], Effect.MORE),
    ("withdrawal", [TWO], [ONE], Effect.FEWER),
    ("withdrawal", [ONE], [], Effect.BLOCKED),
    ("withdrawal", [], [ONE], Effect.NO_LONGER_BLOCKED),
    ("deposit", [], [DEPOSITS], Effect.NEWLY_GATED),
    ("deposit", [DEPOSITS], [], Effect.NO_LONGER_GATED),
    ("withdrawal", [ONE], [a_rule(name="Same, other name")], None),
    ("deposit", [], [], None),
]


@pytest.mark.parametrize(("kind", "live", "draft", "effect"), EFFECTS)
def test_it_tells_what_a_draft_would_have_changed(
    kind: str, live: list[Rule], draft: list[Rule], effect: Effect | None
) -> None:
    trial = tried([fact(kind)], live, draft)
    assert [one.effect for one in trial.changes] == ([effect] if effect else [])
    assert trial.tried == 1


def test_it_counts_by_rule_and_what_no_rule_gates() -> None:
    trial = tried([fact(), fact("deposit"), fact("deposit")], [ONE], [TWO, DEPOSITS])
    assert trial.live_counts == {"One": 1, "": 2}
    assert trial.draft_counts == {"Two": 1, "Deposits": 2}


def test_it_counts_what_todays_managers_could_not_approve() -> None:
    assert tried([fact(), fact()], [ONE], [TWO], managers=1).unsatisfiable == 2
    assert tried([fact(), fact()], [ONE], [TWO], managers=2).unsatisfiable == 0


# The past -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def written(committed: str, maya: Person) -> Callable[[list[dict[str, Any]]], None]:
    """Put operations there as they were, whatever the services and triggers of today would say to them."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE funding_operation DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE funding_lateorder DISABLE TRIGGER USER")
    clients = [mirrored_client(f"user_{number}") for number in range(3)]
    for asset in ("USD", "EUR"):
        mirrored_asset(asset)

    def write(rows: list[dict[str, Any]]) -> None:
        LateOrder.objects.using("owner").all().delete()
        Operation.objects.using("owner").all().delete()
        Operation.objects.using("owner").bulk_create(an_operation(row, maya, clients) for row in rows)

    return write


def an_operation(row: dict[str, Any], by: Person, clients: list[Client]) -> Operation:
    said = {"kind": "deposit", "asset_id": "USD", "amount": Decimal(1), "state": "approved", "client": 0, **row}
    said["client_id"] = clients[said.pop("client")].pk
    if said["state"] in TERMINAL_STATES:
        said.setdefault("ended_at", said["requested_at"] + HOUR)
    if said["state"] == State.COMPLETED:
        said["partner_order_id"] = uuid4().int % 10**15
    known = {"reason": "x", "fingerprint": "0" * 64, "ungated_rule_version": 1, "requested_by_id": by.pk}
    return Operation(reference=f"op-{uuid4().hex[:12]}", submission_token=uuid4(), **known, **said)


def past(since: datetime = NOW - 90 * DAY) -> list[PastFact]:
    return PastOperations().facts(since, NOW, 50_000)


def rows_of_the_past() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Draw operations of a few days, many of them at the very same moments."""
    states = st.sampled_from(["approved", "completed", "failed", "rejected", "cancelled", "expired", "unknown"])
    hours = st.integers(0, 120).map(lambda number: number * HOUR)
    row = st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["deposit", "withdrawal"]),
            "asset_id": st.sampled_from(["USD", "EUR"]),
            "client": st.integers(0, 1),
            "amount": st.sampled_from([Decimal("0.00000001"), Decimal("10.50"), Decimal(1000)]),
            "state": states,
            "requested_at": hours.map(lambda ago: NOW - HOUR - ago),
            "took": st.sampled_from([timedelta(0), HOUR, 5 * HOUR, 30 * HOUR]),
        }
    )
    return st.lists(row, max_size=14).map(without_impossible)


def without_impossible(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let ended ones end and open ones not; only deposits go out on nobody's word."""
    for row in rows:
        took = row.pop("took")
        if row["state"] in TERMINAL_STATES:
            row["ended_at"] = row["requested_at"] + took
        row["kind"] = "deposit" if row["state"] in SENT_STATES else row["kind"]
    return rows


def total_by_hand(one: Operation, others: list[Operation]) -> Decimal:
    """Add up what counted when ``one`` was asked for, itself included: what was open then, or had moved in the 24 hours
    before. Of those asked for at the same moment the earlier ones were there."""
    about = (one.kind, one.client_id, one.asset_id)
    same = [other for other in others if (other.kind, other.client_id, other.asset_id) == about and other.pk != one.pk]
    return exact_sum([one.amount, *(other.amount for other in same if counted(other, one))])


def counted(other: Operation, one: Operation) -> bool:
    at = one.requested_at
    if (other.requested_at, other.pk) > (at, one.pk):
        return False
    until = other.ended_at
    if until is not None and other.state == State.COMPLETED:
        until += DAY
    # What ended in the very moment it began, before the other one began in it, stood there at that moment.
    return until is None or max(until, other.requested_at + timedelta(microseconds=1)) > at


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=rows_of_the_past())
def test_the_past_knows_the_days_total_of_each_moment(
    written: Callable[[list[dict[str, Any]]], None], rows: list[dict[str, Any]]
) -> None:
    written(rows)
    stored = list(Operation.objects.all())
    assert {one.subject: one.facts.day_total for one in past()} == {
        one.reference: total_by_hand(one, stored) for one in stored
    }


def test_the_past_agrees_with_what_rules_count_now(written: Callable[[list[dict[str, Any]]], None]) -> None:
    ago = [timedelta(hours=hours) for hours in (1, 20, 30, 50)]
    written([{"requested_at": NOW - hours, "state": state} for hours in ago for state in ("approved", "completed")])
    now_asked = {"requested_at": NOW - timedelta(microseconds=1), "amount": Decimal(100)}
    usd, client = Asset.objects.get(asset_id="USD"), Client.objects.get(partner_client_id="user_0")
    before = rolling.day_total(client, usd, "deposit", NOW)
    Operation.objects.using("owner").bulk_create([an_operation(now_asked, Person.objects.get(), [client])])
    assert past()[0].facts.day_total == before + 100


def test_an_order_that_came_late_counts_for_a_day_from_when_it_was_seen(
    written: Callable[[list[dict[str, Any]]], None],
) -> None:
    failed = {"requested_at": NOW - 60 * HOUR, "state": "failed", "amount": Decimal(1000)}
    written([failed, *({"requested_at": NOW - ago * HOUR, "state": "failed"} for ago in (55, 40, 30, 20))])
    incident = Incident.objects.create(
        mirror="orders", object_id="9", kind="late_order", sentence="It came late.", seen_at=NOW, after={}
    )
    LateOrder.objects.create(
        operation=Operation.objects.get(amount=1000),
        kind=LateOrder.Kind.COMPLETED,
        order_id=9,
        incident=incident,
        seen_at=NOW - 50 * HOUR,
    )
    assert [one.facts.day_total for one in past()] == [1, 1001, 1001, 1, 1000]


def test_the_past_begins_and_ends_where_it_is_asked_to(written: Callable[[list[dict[str, Any]]], None]) -> None:
    since = NOW - 10 * DAY
    written([{"requested_at": at} for at in (since - HOUR, since, NOW - HOUR, NOW)])
    found = past(since)
    assert [(one.at, one.facts.day_total) for one in found] == [(NOW - HOUR, Decimal(3)), (since, Decimal(2))]
    assert PastOperations().facts(since, NOW, 1) == found[:1]


def test_ten_thousand_operations_are_tried_in_one_query_and_under_a_second(
    written: Callable[[list[dict[str, Any]]], None],
) -> None:
    rows = [
        {"requested_at": NOW - number * timedelta(minutes=12), "client": number % 3, "state": "completed"}
        for number in range(1, 10_001)
    ]
    written(rows)
    rules = [
        a_rule("deposit", asset=asset, at_least=str(10 * number), day_total_from=str(20 * number), people_needed=2)
        for asset in ("USD", "EUR")
        for number in range(1, 16)
    ]
    book = Rulebook(rules, {"VIP": [f"user_{number}" for number in range(5_000)]})

    def seconds() -> float:
        began = perf_counter()
        trial = try_on(past(), book, book, since=NOW, until=NOW, managers=2)
        assert trial.tried == 10_000
        return perf_counter() - began

    with CaptureQueriesContext(connection) as asked:
        seconds()
    assert len(asked) == 1
    # On a machine that others keep busy one of several tries shows what the work itself takes.
    assert any(seconds() < 1 for _try in range(5))


def test_what_is_no_money_is_tried_as_well(db: None, draft: RuleSet, adam: Person, maya: Person) -> None:
    add(adam)
    asked = submitted(draft, adam)
    found = RequestsOfOtherKinds().facts(asked.requested_at, asked.valid_until, 10)
    assert [(one.subject, one.facts.kind) for one in found] == [(asked.subject, "rules")]


def test_a_draft_is_tried_beside_the_live_rules(
    db: None, draft: RuleSet, adam: Person, maya: Person, noura: Client, usd: Asset
) -> None:
    large, small = (withdrawal(maya, noura, usd, amount, reason=amount) for amount in ("12000.00", "20.00"))
    add(adam)
    trial = queries.tried(RuleSet.objects.get(pk=draft.pk), clock.now())
    [change] = trial.changes
    assert (change.past.subject, change.effect) == (large.reference, Effect.MORE)
    assert trial.live_counts["Every withdrawal"] == 2
    assert (trial.draft_counts["Every withdrawal"], trial.draft_counts["Large withdrawals, USD"]) == (1, 1)
    assert small.reference in {one.subject for one in queries.past_facts(trial.since, trial.until)}
