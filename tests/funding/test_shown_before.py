"""An order that the mirror has read under the reference outweighs every "not found" (reliability.md, rule 5)."""

from collections.abc import Callable

import pytest

from backoffice.database import clock
from backoffice.funding.doubt import outcomes_of
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.funding.timeline import story_of
from backoffice.orders.services import sync_orders
from tests.funding.cast import looked_up, now
from tests.funding.closings import landed
from tests.funding.doubt import PAST, Travel, halt, last_answer
from tests.partners import Partners


def hidden_after_it_was_read(coinmena: Partners, operation: Operation, **details: str) -> None:
    """Let the list show an order of ``operation`` to the mirror, and neither list nor look-up show it again."""
    order_id = landed(coinmena, operation, **details)
    sync_orders()
    coinmena.change_order(order_id, hidden=True)


def twice_not_found(coinmena: Partners, operation: Operation, travel: Travel) -> Operation:
    """Let every condition of an absence hold, where the operation cannot be sent again."""
    halt()
    travel(PAST)
    assert looked_up(operation).state == State.UNKNOWN
    coinmena.clear_faults()
    travel(PAST + 61)
    operation = looked_up(operation)
    assert last_answer(operation).conditions["second"] is True
    return operation


@pytest.mark.parametrize("status", ["completed", "pending", "never heard of"])
def test_what_the_mirror_holds_is_not_closed_as_absent_and_goes_to_two_people_after_its_hour(
    coinmena: Partners, in_doubt: Operation, travel: Travel, looked_up_often: Callable[..., None], status: str
) -> None:
    hidden_after_it_was_read(coinmena, in_doubt, status=status)

    assert twice_not_found(coinmena, in_doubt, travel).state == State.UNKNOWN

    coinmena.clear_faults()
    looked_up_often(in_doubt)
    travel(PAST + 61 + 3600)
    assert looked_up(in_doubt).state == State.REVIEW


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_an_order_that_ended_without_effect_keeps_nothing_open(
    coinmena: Partners, in_doubt: Operation, travel: Travel, status: str
) -> None:
    hidden_after_it_was_read(coinmena, in_doubt, status=status)

    assert twice_not_found(coinmena, in_doubt, travel).state == State.FAILED


def test_its_page_says_that_it_goes_to_review(coinmena: Partners, in_doubt: Operation) -> None:
    hidden_after_it_was_read(coinmena, in_doubt)
    halt()

    told = [str(event.say) for event in outcomes_of(story_of(now(in_doubt)), clock.now())]

    assert any("goes to review, because CoinMENA has shown an order of it. Sending is halted" in say for say in told)
