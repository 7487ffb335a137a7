"""What a copy follows is asked for once more before the copy is sent: however late its order appeared, it is not paid
twice."""

from typing import Any

import pytest

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.policies import why_overtaken
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.states import State
from tests.funding.cast import deposit, now, sent
from tests.funding.closings import asked, in_review, landed, signed
from tests.funding.doubt import LOOKUPS
from tests.partners import Partners, minutes_ago

THREE_DAYS = 3 * 24 * 60


@pytest.fixture
def failed(coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset) -> Operation:
    """A deposit that two people closed as failed, after a request for it had left."""
    return signed(asked(in_review(coinmena, maya, noura, usd), maya), omar)


def arrivals(coinmena: Partners, operation: Operation) -> int:
    return len(coinmena.ledger(reference=operation.reference)["arrivals"])


@pytest.mark.parametrize(("status", "kind"), [("completed", "completed"), ("pending", "open")])
def test_an_order_that_appears_days_later_keeps_the_retry_from_paying_it_again(
    coinmena: Partners, failed: Operation, maya: Person, status: str, kind: str
) -> None:
    retry = deposit(maya, failed.client, failed.asset, copy_of=failed)
    order = landed(coinmena, failed, status=status, created_at=minutes_ago(THREE_DAYS))

    assert sent(retry).state == State.APPROVED

    assert arrivals(coinmena, retry) == 0
    late = LateOrder.objects.get()
    assert (late.operation, late.order_id, late.kind) == (failed, order, kind)
    assert why_overtaken(retry)


@pytest.mark.parametrize("status", [None, "failed"])
def test_a_retry_is_sent_where_nothing_moved(
    coinmena: Partners, failed: Operation, maya: Person, status: str | None
) -> None:
    if status:
        landed(coinmena, failed, status=status)
    retry = deposit(maya, failed.client, failed.asset, copy_of=failed)

    assert sent(retry).state == State.COMPLETED
    assert not LateOrder.objects.exists()


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "envelope", "status": 500, "code": 5000},
        {"kind": "html", "status": 404, "title": "404 Not Found"},
    ],
)
def test_without_a_word_of_coinmenas_the_retry_waits_and_is_sent_once_there_is_one(
    coinmena: Partners, failed: Operation, maya: Person, trouble: dict[str, Any]
) -> None:
    retry = deposit(maya, failed.client, failed.asset, copy_of=failed)
    coinmena.fault(**trouble, match=LOOKUPS, times=None)

    assert sent(retry).state == State.APPROVED
    assert arrivals(coinmena, retry) == 0
    coinmena.clear_faults()
    assert sent(retry).state == State.COMPLETED


def test_of_the_whole_chain_each_that_may_have_left_is_asked_for(
    coinmena: Partners, failed: Operation, maya: Person
) -> None:
    cancelled = deposit(maya, failed.client, failed.asset, copy_of=failed)
    cancel_operation(operation_id=cancelled.pk, by=maya)
    copy = deposit(maya, failed.client, failed.asset, copy_of=now(cancelled))
    landed(coinmena, failed, created_at=minutes_ago(THREE_DAYS))

    assert sent(copy).state == State.APPROVED
    assert (cancelled.lookups.count(), arrivals(coinmena, copy)) == (0, 0)
