"""What looks like a pair without a reference in common is offered as a hint, and stays unmatched."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.comparing.near_misses import near_misses
from backoffice.reconciliation.models import Finding, Run
from backoffice.reconciliation.services.running import reconcile
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, NOON, READ, Ours, Theirs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def read() -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )


def run() -> Run:
    return reconcile(window_from=DAY, window_to=DAY + timedelta(days=1), by=System("test"))


def hints_of(run: Run) -> dict[str, list[str]]:
    """The references hinted at, by the reference or the order that stands alone."""
    found = list(run.findings.order_by("id"))
    near = near_misses(found)
    return {one.reference: [hint.reference for hint in near[one.pk]] for one in found if one.pk in near}


def test_both_sides_of_a_near_miss_hint_at_each_other_and_neither_is_matched() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep1", at=NOON + timedelta(minutes=4)))
    made = run()
    assert made.counts == {"mirror_behind": 1, "extra_at_partner": 1}
    assert hints_of(made) == {"dep-1": ["dep1"], "dep1": ["dep-1"]}


@pytest.mark.parametrize(
    "there",
    [
        {"amount": Decimal("500.01")},
        {"asset": "BHD"},
        {"client": "user_2"},
        {"type": "withdrawal"},
    ],
)
def test_what_differs_in_more_than_the_reference_is_no_near_miss(there: dict[str, object]) -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="other", **there))  # type: ignore[arg-type]
    assert hints_of(run()) == {}


def test_what_has_its_own_pair_is_no_near_miss() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.operation(Ours(reference="dep-2"))
    rows.order(Theirs(reference="dep-2"))
    assert hints_of(run()) == {}


def test_the_nearest_three_are_offered_nearest_first() -> None:
    rows.operation(Ours(reference="dep-1"))
    for minutes in (40, 10, 30, 20):
        rows.order(Theirs(reference=f"in-{minutes}", at=NOON + timedelta(minutes=minutes)))
    assert hints_of(run())["dep-1"] == ["in-10", "in-20", "in-30"]


def test_a_page_of_rows_costs_one_query() -> None:
    for number in range(5):
        rows.operation(Ours(reference=f"dep-{number}"))
        rows.order(Theirs(reference=f"other-{number}"))
    shown = list(Finding.objects.filter(run=run()))
    with CaptureQueriesContext(connection) as asked:
        near_misses(shown)
    assert len(asked) == 1


def test_the_page_offers_it_as_a_hint(client: Browser, vera: Person) -> None:
    rows.operation(Ours(reference="dep-1"))
    order = rows.order(Theirs(reference="dep1", at=NOON + timedelta(minutes=4)))
    made = run()
    client.force_login(vera)
    alone = made.findings.get(verdict="mirror_behind")
    page = client.get(f"/reconciliation/runs/{made.pk}/?show=all&open={alone.pk}").content.decode()
    for words in ("has a near miss", f"Order {order.pk}, 4 minutes apart", "A hint only"):
        assert words in page
