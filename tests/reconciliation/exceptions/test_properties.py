"""Whatever both sides hold: taking in twice changes nothing, and in which order it arrived does not matter."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.reconciliation.exceptions.opening import Taken, take_in
from backoffice.reconciliation.exceptions.severity import LARGE, due_at, severity_of
from backoffice.reconciliation.models import ENDED, EXCEPTIONS, ExceptionEvent, ExceptionItem, Sighting
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import NEXT_DAY, run_over, taken
from tests.reconciliation.rows import DAY, Ours, Theirs

pytestmark = pytest.mark.django_db
AFTER = NEXT_DAY + timedelta(days=1)
REFERENCES = ("dep-1", "dep-2")

moments = st.integers(1, 47).map(lambda hours: DAY + timedelta(hours=hours))
amounts = st.sampled_from([Decimal("500.00"), Decimal("499.50"), Decimal("12000.00")])
kinds = st.sampled_from(["deposit", "withdrawal"])
ours = st.builds(
    lambda place, **rest: Ours(reference=REFERENCES[place], **rest),
    st.integers(0, 1),
    at=moments,
    amount=amounts,
    kind=kinds,
)
theirs = st.builds(
    Theirs,
    reference=st.sampled_from([*REFERENCES, "of-nobody", None]),
    at=moments,
    amount=amounts,
    type=kinds,
    status=st.sampled_from(["completed", "pending", "failed"]),
    asset=st.sampled_from(["USD", "BHD"]),
)
worlds = st.tuples(
    st.lists(ours, max_size=2, unique_by=lambda one: one.reference),
    st.lists(theirs, max_size=4, unique_by=lambda one: one.id),
)
Standing = list[tuple[object, ...]]


class UndoneError(Exception):
    """Ends an example, so that the next one begins on an empty database."""


def standing() -> Standing:
    """What is open, as people see it."""
    rows_ = ExceptionItem.objects.exclude(state__in=ENDED).order_by("key")
    return list(rows_.values_list("key", "verdict", "difference", "at_risk", "asset", "client"))


def both_days() -> None:
    """Reconcile both days, the later one first where that is what happens to be done."""
    taken(DAY, NEXT_DAY, absent=REFERENCES)
    taken(NEXT_DAY, AFTER, absent=REFERENCES)


def arrive(one: Ours | Theirs) -> None:
    if isinstance(one, Ours):
        rows.operation(one)
    else:
        rows.order(one)


def arrive_all(world: tuple[list[Ours], list[Theirs]]) -> None:
    for one in world[0]:
        rows.operation(one)
    for order in world[1]:
        rows.order(order)


def at_once(everything: list[Ours | Theirs]) -> Standing:
    """What stands open when everything was there before the first run."""
    found: Standing = []
    try:
        with transaction.atomic():
            for one in everything:
                arrive(one)
            both_days()
            found = standing()
            raise UndoneError
    except UndoneError:
        return found


def by_and_by(everything: list[Ours | Theirs]) -> Standing:
    """What stands open when a run was made after each arrival."""
    found: Standing = []
    try:
        with transaction.atomic():
            for one in everything:
                arrive(one)
                both_days()
            found = standing()
            raise UndoneError
    except UndoneError:
        return found


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(world=worlds, data=st.data())
def test_in_which_order_it_arrived_does_not_matter(world: tuple[list[Ours], list[Theirs]], data: st.DataObject) -> None:
    everything: list[Ours | Theirs] = [*world[0], *world[1]]
    shuffled = data.draw(st.permutations(everything))
    assert by_and_by(list(shuffled)) == at_once(everything)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(world=worlds)
def test_taking_in_twice_changes_nothing(world: tuple[list[Ours], list[Theirs]]) -> None:
    try:
        with transaction.atomic():
            arrive_all(world)
            run = run_over(DAY, AFTER, absent=REFERENCES)
            first = take_in(run)
            before = (standing(), Sighting.objects.count(), ExceptionEvent.objects.count())
            assert take_in(run) == Taken()
            again = taken(DAY, AFTER, absent=REFERENCES)
            assert again == Taken(seen=first.opened)
            assert before == (standing(), Sighting.objects.count(), ExceptionEvent.objects.count())
            assert first.opened == run.findings.filter(verdict__in=EXCEPTIONS).count()
            raise UndoneError
    except UndoneError:
        pass


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(world=worlds)
def test_severity_and_due_are_what_python_says_of_every_row(world: tuple[list[Ours], list[Theirs]]) -> None:
    try:
        with transaction.atomic():
            arrive_all(world)
            taken(DAY, AFTER, absent=REFERENCES)
            for found in ExceptionItem.objects.all():
                assert found.severity == severity_of(found.verdict, found.asset, found.at_risk)
                assert found.due_at == due_at(found.severity, found.opened_at)
            raise UndoneError
    except UndoneError:
        pass


@pytest.mark.parametrize(
    ("verdict", "asset", "at_risk", "severity"),
    [
        ("amount_differs", "USD", LARGE["USD"], "high"),
        ("amount_differs", "USD", Decimal("9999.99"), "medium"),
        ("amount_differs", "USD", Decimal("1000.00"), "medium"),
        ("amount_differs", "USD", Decimal("999.99"), "low"),
        ("amount_differs", "BHD", Decimal("400"), "medium"),
        ("amount_differs", "XAU", Decimal("0.01"), "medium"),
        ("extra_at_partner", "USD", Decimal("0.01"), "high"),
        ("missing_at_partner", "USD", Decimal("0.01"), "high"),
        ("duplicate_reference", "USD", None, "high"),
        ("status_differs", "USD", None, "medium"),
    ],
)
def test_severity_follows_from_verdict_and_size(
    verdict: str, asset: str, at_risk: Decimal | None, severity: str
) -> None:
    assert severity_of(verdict, asset, at_risk) == severity
