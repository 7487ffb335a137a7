"""One operation is sent once, and what comes back decides what becomes of it (reliability.md §4 and §5)."""

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.states import State
from backoffice.orders.models import Order
from tests.funding.cast import NOURA, approved_by, deposit, looked_up, sent, withdrawal
from tests.partners import Partners


def test_a_deposit_completes_with_its_order(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = sent(deposit(maya, noura, usd, "1000.00"))

    assert operation.state == State.COMPLETED, operation.failure_sentence
    assert [order["id"] for order in coinmena.orders_under(operation.reference)] == [operation.partner_order_id]
    assert str(coinmena.balance(NOURA, "USD")) == "3000.00"
    assert Order.objects.get(partner_order_ref=operation.reference).debit == operation.amount


def test_a_withdrawal_leaves_after_another_person_approved_it(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd, "500.00")
    assert sent(operation).state == State.PENDING_APPROVAL

    operation = sent(approved_by(omar, operation))

    assert operation.state == State.COMPLETED
    assert operation.approved_by == omar
    assert str(coinmena.balance(NOURA, "USD")) == "1500.00"


def test_a_lost_answer_ends_completed_with_one_order(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})

    operation = sent(deposit(maya, noura, usd))
    assert operation.state == State.UNKNOWN
    operation = looked_up(operation)

    assert operation.state == State.COMPLETED
    assert len(coinmena.orders_under(operation.reference)) == 1
