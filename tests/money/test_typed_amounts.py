"""What a person may type into an amount field, and the sentence each mistake gets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.money import AmountError, check_no_thousands, parse_typed_amount, to_plain


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("1000.00", "1000.00"),
        ("1000", "1000"),
        ("  0.5\t\r\n", "0.5"),
        ("0.00000001", "0.00000001"),
        ("007.10", "7.10"),
        ("99999999999999999999.99999999", "99999999999999999999.99999999"),
        ("00000000000000000000001", "1"),
    ],
)
def test_it_takes_plain_digits_and_keeps_every_one(typed: str, plain: str) -> None:
    assert to_plain(parse_typed_amount(typed)) == plain


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter an amount."),
        ("   ", "Enter an amount."),
        ("0", "The amount must be more than zero."),
        ("0.00", "The amount must be more than zero."),
        ("-5", "Leave out the minus sign: an amount is more than zero."),
        ("\u22125", "Leave out the minus sign: an amount is more than zero."),
        ("+5", "Leave out the plus sign."),
        ("1E+3", "Write the amount in full, without an exponent such as 1E+3."),
        ("1e3", "Write the amount in full, without an exponent such as 1E+3."),
        ("-1e-3", "Write the amount in full, without an exponent such as 1E+3."),
        ("1_000", "Leave out the underscores, for example 1000.00."),
        ("1,000.00", "Leave out the commas and use a point for the decimals, for example 1234.56."),
        ("1000,50", "Leave out the commas and use a point for the decimals, for example 1234.56."),
        ("1 000", "Leave out the blanks between the digits, for example 1000.00."),
        ("1\u00a0000", "Leave out the blanks between the digits, for example 1000.00."),
        ("\u00a05", "Leave out the blanks between the digits, for example 1000.00."),
        ("1.000.00", "Use the point once only, for example 1000.00."),
        (".50", "Begin with a digit, for example 0.50."),
        ("50.", "Add the digits after the point, or leave the point out."),
        ("NaN", "Enter a number, for example 1000.00."),
        ("infinity", "Enter a number, for example 1000.00."),
        ("ten", "Enter digits with at most one point, for example 1000.00."),
        ("$5", "Enter digits with at most one point, for example 1000.00."),
        ("0x10", "Enter digits with at most one point, for example 1000.00."),
        ("1\x00", "Enter digits with at most one point, for example 1000.00."),
        ("\u0661\u0662\u0663", "Use the digits 0 to 9; digits of other scripts are not taken."),
        ("\uff11", "Use the digits 0 to 9; digits of other scripts are not taken."),
        ("1\u00b2", "Use the digits 0 to 9; digits of other scripts are not taken."),
        (
            "1.123456789",
            "At most 8 digits after the point; this has 9. Amounts are never rounded for you.",
        ),
        (
            "1.000000000",
            "At most 8 digits after the point; this has 9. Amounts are never rounded for you.",
        ),
        ("123456789012345678901", "At most 20 digits before the point; this has 21."),
    ],
)
def test_each_mistake_gets_its_own_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_typed_amount(typed)

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("typed", "precision", "sentence"),
    [
        ("1.000", 2, "1.000 may be meant as 1000.00. Write 1000.00 or 1.00."),
        ("24.500", 2, "24.500 may be meant as 24500.00. Write 24500.00 or 24.50."),
        ("999.999", 8, "999.999 may be meant as 999999.00. Write 999999.00 or 999.9990."),
        ("1.000", None, "1.000 may be meant as 1000.00. Write 1000.00 or 1.00."),
        ("1.000", 3, ""),
        ("1.00", 2, ""),
        ("1.0000", 2, ""),
        ("1000.000", 2, ""),
        ("0.125", 8, ""),
        ("1000", 2, ""),
    ],
)
def test_a_point_that_may_be_one_of_thousands_is_asked_about(typed: str, precision: int | None, sentence: str) -> None:
    told = ""
    try:
        check_no_thousands(parse_typed_amount(typed), precision)
    except AmountError as refused:
        told = str(refused)

    assert told == sentence


def test_it_keeps_to_the_decimals_of_the_asset() -> None:
    assert parse_typed_amount("1.23", max_decimals=2) == Decimal("1.23")
    with pytest.raises(AmountError, match="At most 2 digits after the point; this has 3"):
        parse_typed_amount("1.234", max_decimals=2)


def test_an_asset_without_decimals_takes_whole_amounts_only() -> None:
    with pytest.raises(AmountError, match="Only whole amounts"):
        parse_typed_amount("1.0", max_decimals=0)


def test_the_sentence_can_be_translated_and_filled_in() -> None:
    with pytest.raises(AmountError) as refused:
        parse_typed_amount("1.123456789")

    assert refused.value.template % refused.value.parameters == str(refused.value)
    assert refused.value.parameters == {"limit": 8, "found": 9}


@pytest.mark.parametrize("wrong", [1.5, 1, None, Decimal("1"), b"1"])
def test_it_refuses_all_but_text(wrong: object) -> None:
    with pytest.raises(TypeError):
        parse_typed_amount(wrong)  # type: ignore[arg-type]


@given(st.integers(1, 10**20 - 1), st.from_regex(r"[0-9]{0,8}", fullmatch=True))
def test_whatever_it_takes_is_written_back_digit_for_digit(whole: int, decimals: str) -> None:
    typed = f"{whole}.{decimals}" if decimals else str(whole)

    assert to_plain(parse_typed_amount(typed)) == typed


@given(st.text() | st.text("0123456789.,eE+-_ "))
def test_any_text_is_either_an_exact_amount_or_a_sentence(text: str) -> None:
    try:
        amount = parse_typed_amount(text)
    except AmountError as refused:
        assert str(refused).endswith(".")
    else:
        assert amount == Decimal(text.strip()) > 0
