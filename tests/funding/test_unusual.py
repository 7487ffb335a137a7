"""What is unlike the rest is said in one sentence, by a fixed number of queries."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.database import clock
from backoffice.funding import unusual
from backoffice.funding.checks import summary
from backoffice.funding.models import Operation, Scope
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from backoffice.funding.subject import OperationSubject
from backoffice.ui.values import Check, CheckResult
from tests.funding.cast import mirrored_client, withdrawal
from tests.funding.test_rolling import stored

Said = Callable[..., str]


@pytest.fixture
def seasoned(db: None, maya: Person, noura: Client, usd: Asset) -> Client:
    """Noura, for whom 10, 12.5 and 90 USD were deposited and nothing is unusual."""
    for amount in ("10", "12.5", "90"):
        life = {"state": State.COMPLETED, "asset_id": "USD", "client": 0, "amount": Decimal(amount)}
        moment = timezone.now() - timedelta(days=30)
        stored({**life, "requested_at": moment, "ended_at": moment}, maya, [noura])
    return noura


def said_of(client: Client, amount: str, kind: str = "deposit") -> str:
    one = unusual.Movement("it", kind, client, "USD", Decimal(amount))
    return unusual.sentences_of([one], clock.now()).get("it", "")


def test_nothing_is_said_of_the_usual(seasoned: Client) -> None:
    assert said_of(seasoned, "125") == ""


def test_far_above_the_median_begins_past_ten_times_of_it(seasoned: Client) -> None:
    assert said_of(seasoned, "125.00000001") == "More than 10 times what this client usually moves, 12.5 USD."


def test_a_client_without_history_is_new(db: None, usd: Asset) -> None:
    assert said_of(mirrored_client("user_new"), "1") == "Nothing was ever completed for this client before."


def test_an_equal_request_of_the_last_day_is_named_but_not_the_operation_itself(
    seasoned: Client, maya: Person, usd: Asset
) -> None:
    first = withdrawal(maya, seasoned, usd, "5.00")
    assert OperationSubject().unusual([Request.objects.get(subject=first.reference)]) == {}
    assert said_of(seasoned, "5", "withdrawal") == "An equal request is open, or of the last 24 hours."


def test_a_client_in_doubt_comes_before_everything_else(seasoned: Client, maya: Person) -> None:
    life = {"state": State.UNKNOWN, "asset_id": "USD", "client": 0, "amount": Decimal(1), "ended_at": None}
    stored({**life, "requested_at": timezone.now()}, maya, [seasoned])
    assert said_of(seasoned, "9999") == "A payment of this client is in doubt."


def test_a_client_that_is_not_verified_is_named(seasoned: Client) -> None:
    seasoned.status = "pending"
    assert "has not verified this client" in said_of(seasoned, "1")


def test_an_asset_that_was_closed_meanwhile_is_named(seasoned: Client, usd: Asset) -> None:
    Asset.objects.filter(pk=usd.pk).update(withdrawable=False)
    assert "USD cannot be withdrawn at CoinMENA." in said_of(seasoned, "1", "withdrawal")
    assert said_of(seasoned, "1") == ""


@pytest.mark.parametrize("scope", [Scope.EVERYTHING, Scope.MONEY_OUT])
def test_a_freeze_that_holds_it_is_named(seasoned: Client, omar: Person, scope: Scope) -> None:
    freeze(scope=scope, reason="A call", by=omar)
    assert "is frozen by Omar Saleh" in said_of(seasoned, "1", "withdrawal")
    assert bool(said_of(seasoned, "1", "deposit")) is (scope is Scope.EVERYTHING)


@pytest.mark.parametrize(("amount", "is_said"), [("60", False), ("60.01", True)])
def test_a_balance_known_not_to_be_enough_counts_what_else_may_leave(
    seasoned: Client, maya: Person, usd: Asset, amount: str, is_said: bool
) -> None:
    BalanceReading.objects.create(
        client=seasoned, asset_id="USD", balance=100, available_balance=100, read_at=timezone.now()
    )
    withdrawal(maya, seasoned, usd, "40.00")
    assert ("does not cover it" in said_of(seasoned, amount, "withdrawal")) is is_said


def test_many_requests_cost_as_many_queries_as_one(
    seasoned: Client, maya: Person, usd: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        withdrawal(maya, seasoned, usd, f"{number + 1}.00")
    requests = list(Request.objects.all())
    for some in (requests[:1], requests):
        with django_assert_num_queries(12):
            OperationSubject().unusual(some)
    assert Operation.objects.count() == 15


@pytest.mark.parametrize(
    ("results", "unlike", "told"),
    [
        ([CheckResult.PASSED] * 9, 0, "All pass"),
        ([CheckResult.PASSED] * 9, 1, "9 pass, 1 to look at"),
        ([CheckResult.PASSED, CheckResult.WARNING], 1, "1 pass, 2 to look at"),
        ([CheckResult.PASSED, CheckResult.WAITING], 0, "1 pass, 1 not yet"),
    ],
)
def test_what_is_unlike_the_rest_counts_among_what_is_to_be_looked_at(
    results: list[CheckResult], unlike: int, told: str
) -> None:
    assert summary(tuple(Check("A check", one) for one in results), unlike) == told
