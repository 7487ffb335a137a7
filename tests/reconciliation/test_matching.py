"""The SQL pass: worked examples of every verdict, the edges of a window, and its properties against the slow twin."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.funding.states import State
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.matching import Comparison, count_trades_left_out, match, orderless_references
from backoffice.reconciliation.comparing.totals import sums_of
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import Finding, ReferenceCheck, Verdict
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, NOON, READ, Ours, Theirs
from tests.reconciliation.twin import Pair, Twin, counts, net

pytestmark = pytest.mark.django_db

WINDOW = Window(DAY, DAY + timedelta(days=1))
STARTED = READ + timedelta(minutes=1)
SETTLED_BEFORE = STARTED - timedelta(seconds=300)
RUN = 1


def comparison(window: Window = WINDOW, read_to: datetime | None = READ, client: str | None = None) -> Comparison:
    known = rows.client(client) if client else None
    return Comparison(window=window, client=known, read_to=read_to, started_at=STARTED)


def run_of(
    ours: Sequence[Ours],
    theirs: Sequence[Theirs],
    *,
    absent: Sequence[str] = (),
    what: Comparison | None = None,
    run_id: int = RUN,
) -> list[Finding]:
    """Make the rows, run the pass and return its findings."""
    for one in ours:
        rows.operation(one)
    for order in theirs:
        rows.order(order)
    return findings(what or comparison(), absent=absent, run_id=run_id)


def findings(what: Comparison, *, absent: Sequence[str] = (), run_id: int = RUN) -> list[Finding]:
    checks = [check(reference) for reference in absent]
    match(what, run_id=run_id, checks=checks)
    return list(Finding.objects.filter(run_id=run_id).order_by("id"))


def check(reference: str) -> int:
    return ReferenceCheck.objects.create(
        reference=reference,
        environment="sandbox",
        asked_at=STARTED,
        found=False,
        http_status=404,
        sentence="Not there.",
    ).pk


def only_verdict(found: Sequence[Finding]) -> str:
    (finding,) = found
    return finding.verdict


@pytest.fixture(autouse=True)
def runs(db: None) -> None:
    """The runs the findings of these tests belong to; a real one is written after its findings."""
    for number in (1, 2, 3):
        rows.run(WINDOW.start, STARTED, pk=number)


VERDICTS = [
    ("the same on both sides", {}, {}, Verdict.MATCHED),
    ("more decimals, same amount", {"amount": Decimal("500")}, {"amount": Decimal("500.00")}, Verdict.MATCHED),
    ("both failed", {"state": State.FAILED}, {"status": "failed"}, Verdict.MATCHED),
    ("failed and rejected", {"state": State.FAILED}, {"status": "rejected"}, Verdict.MATCHED),
    ("another amount", {}, {"amount": Decimal("499.50")}, Verdict.AMOUNT_DIFFERS),
    ("no amount", {}, {"amount": None}, Verdict.AMOUNT_DIFFERS),
    ("an amount on both sides of the books", {}, {"opposite": Decimal("1.00")}, Verdict.AMOUNT_DIFFERS),
    ("nothing on the other side of the books", {}, {"opposite": Decimal("0.00")}, Verdict.MATCHED),
    ("a negative amount", {}, {"amount": Decimal("-500.00")}, Verdict.AMOUNT_DIFFERS),
    ("another asset", {}, {"asset": "AED"}, Verdict.ASSET_DIFFERS),
    ("another client", {}, {"client": "user_2"}, Verdict.CLIENT_DIFFERS),
    ("a client that differs in a blank", {}, {"client": "user_1 "}, Verdict.CLIENT_DIFFERS),
    ("another type", {}, {"type": "withdrawal"}, Verdict.TYPE_DIFFERS),
    ("a trade under our reference", {}, {"type": "buy"}, Verdict.TYPE_DIFFERS),
    ("a type nobody knows", {}, {"type": "correction"}, Verdict.TYPE_DIFFERS),
    ("failed there, completed here", {}, {"status": "failed"}, Verdict.STATUS_DIFFERS),
    ("completed there, failed here", {"state": State.FAILED}, {}, Verdict.STATUS_DIFFERS),
    ("a status nobody knows", {}, {"status": "processing"}, Verdict.STATUS_DIFFERS),
    ("completed there, rejected here", {"state": State.REJECTED}, {}, Verdict.STATUS_DIFFERS),
    ("completed there, cancelled here", {"state": State.CANCELLED}, {}, Verdict.STATUS_DIFFERS),
    ("failed there, cancelled here", {"state": State.CANCELLED}, {"status": "failed"}, Verdict.STATUS_DIFFERS),
    ("completed there, waiting here", {"state": State.PENDING_APPROVAL}, {}, Verdict.STATUS_DIFFERS),
    ("completed there, not sent yet here", {"state": State.APPROVED}, {}, Verdict.STATUS_DIFFERS),
    ("still being sent", {"state": State.SUBMITTING}, {}, Verdict.TOO_EARLY),
    ("in doubt", {"state": State.UNKNOWN}, {}, Verdict.TOO_EARLY),
    ("in review", {"state": State.REVIEW}, {}, Verdict.TOO_EARLY),
    ("in doubt, and another amount there", {"state": State.UNKNOWN}, {"amount": Decimal("1")}, Verdict.AMOUNT_DIFFERS),
    ("type before asset", {}, {"type": "withdrawal", "asset": "AED"}, Verdict.TYPE_DIFFERS),
    ("asset before client", {}, {"asset": "AED", "client": "user_2"}, Verdict.ASSET_DIFFERS),
    ("client before amount", {}, {"client": "user_2", "amount": Decimal("1")}, Verdict.CLIENT_DIFFERS),
    ("amount before status", {}, {"amount": Decimal("1"), "status": "failed"}, Verdict.AMOUNT_DIFFERS),
]


@pytest.mark.parametrize(("_case", "here", "there", "verdict"), VERDICTS, ids=[case[0] for case in VERDICTS])
def test_it_judges_a_pair_by_the_first_test_that_fails(
    _case: str, here: dict[str, object], there: dict[str, object], verdict: str
) -> None:
    ours = Ours(reference="dep-1", **here)  # type: ignore[arg-type]
    theirs = Theirs(reference="dep-1", **there)  # type: ignore[arg-type]
    assert only_verdict(run_of([ours], [theirs])) == verdict


ORDERLESS = [
    (State.APPROVED, True, Verdict.TOO_EARLY),
    (State.SUBMITTING, True, Verdict.TOO_EARLY),
    (State.UNKNOWN, True, Verdict.TOO_EARLY),
    (State.REVIEW, True, Verdict.TOO_EARLY),
    (State.FAILED, False, Verdict.MATCHED),
    (State.COMPLETED, True, Verdict.MISSING_AT_PARTNER),
    (State.COMPLETED, False, Verdict.MIRROR_BEHIND),
]


@pytest.mark.parametrize(("state", "was_absent", "verdict"), ORDERLESS)
def test_it_judges_an_operation_without_an_order(state: State, was_absent: bool, verdict: str) -> None:
    found = run_of([Ours(reference="dep-1", state=state)], [], absent=["dep-1"] if was_absent else [])
    assert only_verdict(found) == verdict


@pytest.mark.parametrize("state", [State.PENDING_APPROVAL, State.REJECTED, State.CANCELLED, State.EXPIRED])
def test_it_expects_nothing_of_an_operation_that_was_never_sent(state: State) -> None:
    assert run_of([Ours(reference="dep-1", state=state)], []) == []


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED])
@pytest.mark.parametrize("read_to", [None, NOON])
def test_it_claims_nothing_past_what_the_mirror_has_read(state: State, read_to: datetime | None) -> None:
    ours = Ours(reference="dep-1", state=state)
    found = run_of([ours], [], absent=["dep-1"], what=comparison(read_to=read_to))
    assert only_verdict(found) == Verdict.MIRROR_BEHIND


def test_it_does_not_call_missing_what_ended_a_moment_ago() -> None:
    just_now = Ours(reference="dep-1", at=SETTLED_BEFORE)
    today = comparison(window=Window(DAY, STARTED), read_to=STARTED)
    assert only_verdict(run_of([just_now], [], absent=["dep-1"], what=today)) == Verdict.TOO_EARLY


def test_it_does_not_believe_the_look_ups_of_another_run() -> None:
    rows.operation(Ours(reference="dep-1"))
    check("dep-1")
    assert only_verdict(findings(comparison())) == Verdict.MIRROR_BEHIND


def test_it_keeps_the_look_up_that_proves_an_absence() -> None:
    (finding,) = run_of([Ours(reference="dep-1")], [], absent=["dep-1"])
    assert finding.check_made is not None
    assert finding.check_made.reference == "dep-1"


@pytest.mark.parametrize("reference", ["elsewhere-1", None, ""])
def test_it_flags_an_order_nobody_here_made(reference: str | None) -> None:
    (finding,) = run_of([], [Theirs(reference=reference)])
    assert (finding.verdict, finding.reference) == (Verdict.EXTRA_AT_PARTNER, reference or "")


def test_it_flags_an_order_of_a_type_nobody_knows() -> None:
    assert only_verdict(run_of([], [Theirs(reference=None, type="correction")])) == Verdict.EXTRA_AT_PARTNER


def test_it_matches_the_exact_reference_only() -> None:
    found = run_of(
        [Ours(reference="dep-1", state=State.FAILED)], [Theirs(reference="DEP-1"), Theirs(reference="dep-1 ")]
    )
    assert Counter(one.verdict for one in found) == {Verdict.EXTRA_AT_PARTNER: 2, Verdict.MATCHED: 1}


@pytest.mark.parametrize("trade", ["buy", "sell"])
def test_it_counts_trades_apart(trade: str) -> None:
    assert run_of([], [Theirs(reference=None, type=trade), Theirs(reference="t-1", type=trade)]) == []
    assert count_trades_left_out(comparison(), run_id=RUN) == 2


def test_it_shows_every_order_under_one_reference_and_our_side_once() -> None:
    first, second, third = (Theirs(reference="dep-1") for _ in range(3))
    found = run_of([Ours(reference="dep-1")], [third, second, first])
    assert {one.verdict for one in found} == {Verdict.DUPLICATE_REFERENCE}
    assert {one.order_id for one in found} == {first.id, second.id, third.id}
    assert [one.order_id for one in found if one.operation_id] == [first.id]
    assert {one.same_reference_count for one in found} == {3}


def test_it_flags_a_reference_shared_by_orders_that_are_not_ours() -> None:
    found = run_of([], [Theirs(reference="x-1"), Theirs(reference="x-1", type="buy")])
    assert [one.verdict for one in found] == [Verdict.DUPLICATE_REFERENCE] * 2


def test_it_finds_a_duplicate_that_stands_outside_the_window() -> None:
    inside, outside = Theirs(reference="dep-1"), Theirs(reference="dep-1", at=DAY + timedelta(days=30))
    (finding,) = run_of([Ours(reference="dep-1")], [inside, outside])
    assert (finding.verdict, finding.order_id) == (Verdict.DUPLICATE_REFERENCE, inside.id)


# No longer listed -----------------------------------------------------------------------------------------------------


def test_an_order_that_is_no_longer_listed_is_none_of_theirs() -> None:
    gone = Theirs(reference="dep-1", is_listed=False)
    found = run_of([Ours(reference="dep-1")], [gone, Theirs(reference=None, is_listed=False)], absent=["dep-1"])
    assert [(one.verdict, one.order_id) for one in found] == [(Verdict.MISSING_AT_PARTNER, None)]


def test_an_order_that_came_back_singly_since_is_one_of_theirs() -> None:
    back = Theirs(reference="dep-1", is_listed=False, came_back=True)
    assert only_verdict(run_of([Ours(reference="dep-1")], [back])) == Verdict.MATCHED


def test_a_double_of_which_one_is_no_longer_listed_is_a_pair_again() -> None:
    found = run_of([Ours(reference="dep-1")], [Theirs(reference="dep-1", is_listed=False), Theirs(reference="dep-1")])
    assert only_verdict(found) == Verdict.MATCHED


def test_an_operation_whose_order_is_gone_is_asked_for() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1", is_listed=False))
    assert orderless_references(comparison(), limit=5) == ["dep-1"]


def test_a_trade_that_is_gone_is_not_counted() -> None:
    run_of([], [Theirs(reference=None, type="buy"), Theirs(reference=None, type="buy", is_listed=False)])
    assert count_trades_left_out(comparison(), run_id=RUN) == 1


# Edges of the window -------------------------------------------------------------------------------------------------

MIDNIGHT = WINDOW.end
TICK = timedelta(microseconds=1)
NEXT_DAY = Window(MIDNIGHT, MIDNIGHT + timedelta(days=1))


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    rows.order(Theirs(reference="at-beginning", at=DAY))
    rows.order(Theirs(reference="at-end", at=MIDNIGHT))
    assert [one.reference for one in findings(comparison())] == ["at-beginning"]
    assert [one.reference for one in findings(comparison(NEXT_DAY), run_id=2)] == ["at-end"]


@pytest.mark.parametrize(
    ("here", "there"), [(MIDNIGHT - TICK, MIDNIGHT), (MIDNIGHT, MIDNIGHT - TICK), (MIDNIGHT - TICK, MIDNIGHT - TICK)]
)
def test_a_pair_split_by_the_edge_is_matched_once_and_on_one_day_only(here: datetime, there: datetime) -> None:
    rows.operation(Ours(reference="dep-1", at=here))
    rows.order(Theirs(reference="dep-1", at=there))
    both = [*findings(comparison()), *findings(comparison(NEXT_DAY), run_id=2)]
    assert only_verdict(both) == Verdict.MATCHED


def test_a_pair_whose_times_are_far_apart_is_hidden_from_neither_day() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1", at=NOON + timedelta(days=40)))
    later = Window(DAY + timedelta(days=40), DAY + timedelta(days=41))
    assert only_verdict(findings(comparison())) == Verdict.MATCHED
    assert only_verdict(findings(comparison(later), run_id=2)) == Verdict.MATCHED


def test_an_order_under_a_reference_we_cancelled_long_ago_is_found_on_its_own_day() -> None:
    rows.operation(Ours(reference="dep-1", at=NOON - timedelta(days=60), state=State.CANCELLED))
    rows.order(Theirs(reference="dep-1"))
    assert only_verdict(findings(comparison())) == Verdict.STATUS_DIFFERS


def test_it_takes_the_time_of_the_approval_where_nothing_was_claimed() -> None:
    (finding,) = run_of([Ours(reference="dep-1", state=State.APPROVED)], [])
    assert finding.our_at == NOON


# One client ----------------------------------------------------------------------------------------------------------


def test_a_run_of_one_client_holds_the_rows_of_that_client_only() -> None:
    found = run_of(
        [Ours(reference="dep-1"), Ours(reference="dep-2", client="user_2")],
        [Theirs(reference="dep-1"), Theirs(reference="dep-2", client="user_2"), Theirs(reference="x", client="user_2")],
        what=comparison(client="user_1"),
    )
    assert [one.reference for one in found] == ["dep-1"]


@pytest.mark.parametrize("client", ["user_1", "user_2"])
def test_a_pair_of_two_clients_stands_in_the_runs_of_both(client: str) -> None:
    rows.client("user_2")
    found = run_of(
        [Ours(reference="dep-1")], [Theirs(reference="dep-1", client="user_2")], what=comparison(client=client)
    )
    assert only_verdict(found) == Verdict.CLIENT_DIFFERS


# Properties against the twin -----------------------------------------------------------------------------------------

REFERENCES = [f"ref-{number}" for number in range(5)]
TIMES = st.sampled_from(
    [DAY - timedelta(days=3), DAY - TICK, DAY, NOON, MIDNIGHT - TICK, MIDNIGHT, READ - timedelta(seconds=2), READ]
)
AMOUNTS = st.sampled_from([Decimal("0.00000001"), Decimal("500"), Decimal("500.00"), Decimal("499.50")])
CLIENTS, ASSETS = st.sampled_from(["user_1", "user_2"]), st.sampled_from(["USD", "BHD"])
ALL_OURS = st.lists(
    st.builds(
        Ours,
        reference=st.sampled_from(REFERENCES),
        at=TIMES,
        state=st.sampled_from([*State, State.COMPLETED, State.COMPLETED]),
        kind=st.sampled_from(["deposit", "withdrawal"]),
        client=CLIENTS,
        asset=ASSETS,
        amount=AMOUNTS,
    ).filter(lambda ours: ours.state is not State.SUBMITTING),
    unique_by=lambda ours: ours.reference,
    max_size=4,
)
ALL_THEIRS = st.lists(
    st.builds(
        Theirs,
        reference=st.sampled_from([*REFERENCES, None, "", "REF-0"]),
        at=TIMES,
        status=st.sampled_from(["completed", "completed", "failed", "rejected", "processing"]),
        type=st.sampled_from(["deposit", "withdrawal", "deposit", "withdrawal", "buy", "sell"]),
        client=CLIENTS,
        asset=ASSETS,
        amount=AMOUNTS,
        opposite=st.sampled_from([None, None, Decimal("0.00"), Decimal("1.00")]),
        is_listed=st.sampled_from([True, True, True, False]),
        came_back=st.booleans(),
    ),
    max_size=6,
)
ABSENT = st.frozensets(st.sampled_from(REFERENCES))
PROPERTY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def essence(found: Sequence[Finding]) -> Counter[tuple[object, ...]]:
    return Counter((one.verdict, one.reference, one.operation_id is not None, one.order_id) for one in found)


def essence_of_twin(pairs: Sequence[Pair]) -> Counter[tuple[object, ...]]:
    return Counter(
        (str(pair.verdict), pair.reference, pair.ours is not None, pair.theirs.id if pair.theirs else None)
        for pair in pairs
    )


@PROPERTY
@given(ours=ALL_OURS, theirs=ALL_THEIRS, absent=ABSENT, client=st.sampled_from([None, "user_1"]))
def test_the_pass_says_what_its_slow_twin_says(
    ours: list[Ours], theirs: list[Theirs], absent: frozenset[str], client: str | None
) -> None:
    twin = Twin(window=WINDOW, read_to=READ, settled_before=SETTLED_BEFORE, absent=absent, client=client)
    with transaction.atomic():
        found = run_of(ours, theirs, absent=sorted(absent), what=comparison(client=client))
        expected = twin.compare(ours, theirs)
        assert essence(found) == essence_of_twin(expected)
        assert_totals_tie_out(expected)
        transaction.set_rollback(True)


def assert_totals_tie_out(expected: Sequence[Pair]) -> None:
    """Both nets equal the twin's, and the reasons add up to the difference."""
    totals = sums_of(RUN).totals
    assert {one.asset: (one.ours_net, one.theirs_net) for one in totals} == net(expected)
    for one in totals:
        assert one.difference == one.theirs_net - one.ours_net
        assert sum((reason.difference for reason in one.reasons), Decimal(0)) == one.difference


@PROPERTY
@given(ours=ALL_OURS, theirs=ALL_THEIRS)
def test_nothing_is_lost_and_nothing_is_matched_twice(ours: list[Ours], theirs: list[Theirs]) -> None:
    everything = Window(DAY - timedelta(days=90), DAY + timedelta(days=90))
    with transaction.atomic():
        found = run_of(ours, theirs, what=comparison(window=everything))
        orders = Counter(one.order_id for one in found if one.order_id)
        operations = Counter(one.reference for one in found if one.operation_id)
        assert set(orders.values()) <= {1}
        assert set(operations.values()) <= {1}
        assert len(orders) + count_trades_left_out(comparison(window=everything), run_id=RUN) == sum(
            map(counts, theirs)
        )
        assert operations.keys() >= {one.reference for one in ours if one.state is State.COMPLETED}
        transaction.set_rollback(True)


@PROPERTY
@given(ours=ALL_OURS, theirs=ALL_THEIRS, luck=st.randoms())
def test_neither_the_order_of_arrival_nor_a_second_run_changes_anything(
    ours: list[Ours], theirs: list[Theirs], luck: Random
) -> None:
    with transaction.atomic():
        first = essence(run_of(ours, theirs)), digest_of(1)
        assert (essence(findings(comparison(), run_id=2)), digest_of(2)) == first
        transaction.set_rollback(True)
    luck.shuffle(ours)
    luck.shuffle(theirs)
    with transaction.atomic():
        assert (essence(run_of(ours, theirs, run_id=3)), digest_of(3)) == first
        transaction.set_rollback(True)
