"""Writing amounts for screens and files, and adding them up."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.money import AmountError, MixedAssets, Money, exact_sum, format_amount, negated, to_plain

amounts = st.decimals(
    min_value=Decimal(-(10**20)), max_value=Decimal(10**20), places=18, allow_nan=False, allow_infinity=False
)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1000.00", "1,000.00"),
        ("1234567.5", "1,234,567.5"),
        ("-1234.50", "\u22121,234.50"),
        ("0E-8", "0.00000000"),
        ("1E+3", "1,000"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("12345678901234567890.123456789012345678", "12,345,678,901,234,567,890.123456789012345678"),
    ],
)
def test_a_screen_shows_every_digit(amount: str, shown: str) -> None:
    assert format_amount(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("amount", "min_decimals", "shown"),
    [
        ("5", 2, "5.00"),
        ("5.1", 2, "5.10"),
        ("5.123", 2, "5.123"),
        ("1E+3", 2, "1,000.00"),
        ("-5", 8, "\u22125.00000000"),
    ],
)
def test_a_screen_pads_to_the_precision_of_the_asset_but_never_cuts(amount: str, min_decimals: int, shown: str) -> None:
    assert format_amount(Decimal(amount), min_decimals=min_decimals) == shown


@pytest.mark.parametrize("wrong", [0.1, 1, "1", None])
def test_writing_refuses_all_but_decimals(wrong: object) -> None:
    with pytest.raises(TypeError):
        to_plain(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        format_amount(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(wrong, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        exact_sum([wrong])  # type: ignore[list-item]


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_writing_refuses_what_is_no_number(amount: str) -> None:
    with pytest.raises(AmountError):
        to_plain(Decimal(amount))
    with pytest.raises(AmountError):
        Money(Decimal(amount), "USD")


@given(amounts)
def test_what_is_written_plainly_reads_back_the_same(amount: Decimal) -> None:
    plain = to_plain(amount)

    assert "E" not in plain
    assert Decimal(plain).as_tuple() == amount.as_tuple()


@given(amounts, st.integers(0, 24))
def test_what_a_screen_shows_reads_back_the_same(amount: Decimal, min_decimals: int) -> None:
    shown = format_amount(amount, min_decimals=min_decimals)

    assert Decimal(shown.replace(",", "").replace("\u2212", "-")) == amount
    assert len(shown.partition(".")[2]) >= min_decimals


def test_money_of_one_asset_adds_up() -> None:
    assert Money(Decimal("1.10"), "USD") + Money(Decimal("2.2"), "USD") == Money(Decimal("3.30"), "USD")
    assert Money(Decimal("1"), "USD") - Money(Decimal("2.5"), "USD") == -Money(Decimal("1.5"), "USD")


def test_money_of_two_assets_never_meets_in_a_sum() -> None:
    with pytest.raises(MixedAssets, match="USD and BTC"):
        Money(Decimal(1), "USD") + Money(Decimal(1), "BTC")
    with pytest.raises(MixedAssets):
        Money(Decimal(1), "USD") - Money(Decimal(1), "BTC")
    with pytest.raises(MixedAssets, match="BTC and USD"):
        Money(Decimal(1), "BTC") + Money(Decimal(1), "USD")


def test_money_never_changes_and_is_the_same_wherever_it_is_equal() -> None:
    money = Money(Decimal("1.50"), "USD")

    with pytest.raises(AttributeError):
        money.amount = Decimal(2)  # type: ignore[misc]
    assert {money, Money(Decimal("1.50"), "USD")} == {money}


def test_money_adds_up_with_money_only() -> None:
    with pytest.raises(TypeError):
        Money(Decimal(1), "USD") + Decimal(1)  # type: ignore[operator]


def test_nothing_is_nothing_however_it_is_written() -> None:
    assert Money(Decimal("0E-8"), "USD").is_zero
    assert not Money(Decimal("0.00"), "USD")
    assert Money(Decimal("0.01"), "USD")
    assert str((-Money(Decimal("0.00"), "USD")).amount) == "0.00"


def test_money_is_written_as_on_a_screen() -> None:
    assert str(Money(Decimal("-12500.00"), "USD")) == "\u221212,500.00 USD"


def test_the_other_sign_keeps_every_digit_and_nothing_stays_without_one() -> None:
    long = Decimal("123456789012345678901234.12345678")
    assert str(negated(long)) == "-123456789012345678901234.12345678" and negated(negated(long)) == long
    assert str(negated(Decimal("0.00"))) == "0.00"


def test_a_sum_of_nothing_is_nothing() -> None:
    assert exact_sum([]) == 0


@given(st.lists(amounts, min_size=1, max_size=50))
def test_a_sum_is_exact_whatever_the_precision_set_elsewhere(parts: list[Decimal]) -> None:
    with localcontext(prec=3):
        total = exact_sum(parts)

    assert _in_smallest(total) == sum(map(_in_smallest, parts))


@given(amounts, amounts)
def test_subtracting_undoes_adding(first: Decimal, second: Decimal) -> None:
    assert Money(first, "USD") + Money(second, "USD") - Money(second, "USD") == Money(first, "USD")


def _in_smallest(amount: Decimal) -> int:
    return int(to_plain(amount).replace(".", ""))
