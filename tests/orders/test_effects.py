"""What an order does to the client, in Python and in the database's generated columns."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.money import Money
from backoffice.orders.effects import Outcome, effect_of
from backoffice.orders.models import Order
from tests.orders.said import NOON, mirrored, said, trade, withdrawal

PARTNER_DECIMALS = st.builds(
    lambda digits, scale: Decimal(digits).scaleb(-scale), st.integers(0, 10**20 - 1), st.integers(0, 18)
)
BOOKS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["deposit", "withdrawal", "buy", "sell", "rebate", ""]),
        "status": st.sampled_from(["completed", "failed", "rejected", "pending", ""]),
        "debit": st.none() | PARTNER_DECIMALS,
        "debit_asset_id": st.none() | st.sampled_from(["USD", "BHD", "BTC"]),
        "credit": st.none() | PARTNER_DECIMALS,
        "credit_asset_id": st.none() | st.sampled_from(["USD", "BHD", "BTC"]),
    }
)


@pytest.mark.parametrize(
    ("order", "words", "amount", "other"),
    [
        (said(), "Deposited", Money(Decimal("1000.00"), "USD"), None),
        (said(status="failed"), "Not deposited", Money(Decimal("1000.00"), "USD"), None),
        (said(status="settling"), "Not deposited yet", Money(Decimal("1000.00"), "USD"), None),
        (withdrawal(), "Withdrawn", Money(Decimal("-12500.00"), "USD"), None),
        (withdrawal(status="rejected"), "Not withdrawn", Money(Decimal("-12500.00"), "USD"), None),
        (trade(), "Bought 0.015 BTC", Money(Decimal("-1480.35"), "USD"), Money(Decimal("0.015"), "BTC")),
        (
            trade(status="failed"),
            "Not bought 0.015 BTC",
            Money(Decimal("-1480.35"), "USD"),
            Money(Decimal("0.015"), "BTC"),
        ),
        (
            trade(type="sell", debit="0.015", debit_asset_id="BTC", credit="1470.10", credit_asset_id="USD"),
            "Sold 0.015 BTC",
            Money(Decimal("1470.10"), "USD"),
            Money(Decimal("-0.015"), "BTC"),
        ),
        (said(type="rebate"), "Not known", None, None),
        (said(debit=...), "Deposited", None, None),
    ],
)
def test_it_says_what_happened_to_the_client(
    order: object, words: str, amount: Money | None, other: Money | None
) -> None:
    effect = effect_of(order)  # type: ignore[arg-type]
    assert (effect.words, effect.amount, effect.other) == (words, amount, other)


def test_it_never_reads_a_withdrawal_from_debit() -> None:
    effect = effect_of(withdrawal(debit="99.00", debit_asset_id="USD"))
    assert effect.amount == Money(Decimal("-12500.00"), "USD")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("completed", Outcome.HAPPENED),
        ("failed", Outcome.REFUSED),
        ("rejected", Outcome.REFUSED),
        ("pending", Outcome.OPEN),
        ("COMPLETED", Outcome.OPEN),
        ("", Outcome.OPEN),
    ],
)
def test_only_the_partners_own_word_completed_counts_as_done(status: str, outcome: Outcome) -> None:
    effect = effect_of(
        SimpleNamespace(
            type="deposit", status=status, debit=None, debit_asset_id=None, credit=None, credit_asset_id=None
        )
    )
    assert (effect.outcome, effect.has_happened) == (outcome, outcome is Outcome.HAPPENED)


@given(books=BOOKS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_python_and_the_database_agree_on_every_effect(db: None, books: dict[str, object]) -> None:
    Order.objects.filter(pk=1).update(**books) or Order.objects.create(
        pk=1, partner_client_id="user_1", created_at=NOON, read_at=NOON, raw=b"{}", **books
    )
    order = Order.objects.get(pk=1)
    effect = effect_of(order)
    assert order.effect_amount == (effect.amount.amount if effect.amount is not None else None)
    if effect.amount is not None:
        assert str(order.effect_amount) == str(effect.amount.amount)
        assert (order.effect_asset_id or "") == effect.amount.asset


@pytest.mark.parametrize("text", ["1000.00", "0.00000001", "0E-8", "1E+3", "99999999999999999999.999999999999999999"])
def test_it_keeps_every_digit_the_partner_sent(db: None, text: str) -> None:
    order = mirrored(said(debit=text))
    assert f"{order.effect_amount:f}" == f"{order.debit:f}" == f"{Decimal(text):f}"
