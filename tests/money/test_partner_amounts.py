"""What partners may send: exact or refused, never rounded, never a hang."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.money import (
    AmountError,
    from_smallest_unit,
    parse_partner_decimal,
    parse_smallest_units,
    to_plain,
)


@pytest.mark.parametrize(
    ("sent", "kept", "plain"),
    [
        ("1000.00", "1000.00", "1000.00"),
        ("0E-8", "0E-8", "0.00000000"),
        ("0", "0", "0"),
        ("1E+3", "1E+3", "1000"),
        ("1e3", "1E+3", "1000"),
        ("-75.25", "-75.25", "-75.25"),
        ("-0.00", "0.00", "0.00"),
        ("1.5E-3", "0.0015", "0.0015"),
        ("99999999999999999999.999999999999999999",) * 3,
        ("0.000000000000000001", "1E-18", "0.000000000000000001"),
        ("1.50".zfill(100), "1.50", "1.50"),
    ],
)
def test_it_keeps_the_digits_and_the_scale(sent: str, kept: str, plain: str) -> None:
    amount = parse_partner_decimal(sent)

    assert str(amount) == kept
    assert to_plain(amount) == plain


@pytest.mark.parametrize(
    "sent",
    [
        "",
        " 5 ",
        "5\n",
        "1_000",
        "1,000",
        "+5",
        ".5",
        "5.",
        "--5",
        "1e",
        "1e1.5",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "0x10",
        "\u0661",
        "\uff11",
        "1e999999999",
        "1e1000",
        "1e20",
        "1e21",
        "1e999",
        "1" * 50,
        "1e-19",
        "0E-19",
        "0E+20",
        "100000000000000000000",
        "1.0000000000000000000",
        "1".zfill(101),
        "1" * 1_000_000,
        "0." + "0" * 1_000_000,
    ],
)
def test_it_refuses_what_it_could_not_keep_to_the_digit(sent: str) -> None:
    with pytest.raises(AmountError):
        parse_partner_decimal(sent)


@pytest.mark.parametrize("wrong", [0.1, 1, None, Decimal("1"), b"1.00"])
def test_it_refuses_all_but_text(wrong: object) -> None:
    with pytest.raises(TypeError):
        parse_partner_decimal(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        parse_smallest_units(wrong)  # type: ignore[arg-type]


@given(st.integers(0, 10**20 - 1), st.from_regex(r"[0-9]{1,18}", fullmatch=True), st.sampled_from(["", "-"]))
def test_every_amount_the_database_can_keep_is_read_exactly(whole: int, decimals: str, sign: str) -> None:
    sent = f"{sign}{whole}.{decimals}"

    assert to_plain(parse_partner_decimal(sent)) == (sent if Decimal(sent) else sent.lstrip("-"))


@pytest.mark.parametrize(
    ("sent", "units"),
    [("-3000000", "-3000000"), ("0", "0"), ("-0", "0"), ("150000", "150000"), ("9" * 38, "9" * 38)],
)
def test_it_reads_smallest_units_as_whole_numbers(sent: str, units: str) -> None:
    assert str(parse_smallest_units(sent)) == units


@pytest.mark.parametrize("sent", ["", "1.0", "1E3", "+1", "1_0", " 1", "1" + "0" * 38, "\u0661", "--1", "-"])
def test_it_refuses_smallest_units_that_are_no_whole_number(sent: str) -> None:
    with pytest.raises(AmountError):
        parse_smallest_units(sent)


@pytest.mark.parametrize(
    ("units", "currency", "plain"),
    [
        (-3000000, "USDT", "-3.000000"),
        (Decimal("150000"), "BTC", "0.00150000"),
        (1, "NGN", "0.01"),
        (0, "USD", "0.00"),
        (Decimal("1E+3"), "USDC", "0.001000"),
        (10**38 - 1, "BTC", "9" * 30 + "." + "9" * 8),
    ],
)
def test_it_turns_smallest_units_into_the_currency(units: Decimal | int, currency: str, plain: str) -> None:
    amount = from_smallest_unit(units, currency)

    assert amount is not None
    assert to_plain(amount) == plain


@pytest.mark.parametrize("currency", ["ETH", "usdt", "", "USD "])
def test_it_never_guesses_an_unknown_currency(currency: str) -> None:
    assert from_smallest_unit(1, currency) is None


@pytest.mark.parametrize(
    "units",
    [
        *(Decimal(part) for part in ("0.3", "0.5", "0.7", "-0.3", "-0.7")),
        *(Decimal("1E+999999"), 10**38, 10**40, Decimal("NaN"), Decimal("Infinity")),
    ],
)
def test_it_refuses_units_that_are_no_bounded_whole_number(units: Decimal | int) -> None:
    with pytest.raises(AmountError):
        from_smallest_unit(units, "USD")


@pytest.mark.parametrize("wrong", [0.5, 1.0, True, "1", None])
def test_it_refuses_units_that_are_no_decimal(wrong: object) -> None:
    with pytest.raises(TypeError):
        from_smallest_unit(wrong, "USD")  # type: ignore[arg-type]


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.sampled_from(["BTC", "USDT", "USDC", "NGN", "USD"]))
def test_smallest_units_lose_no_digit_on_the_way(units: int, currency: str) -> None:
    amount = from_smallest_unit(units, currency)

    assert amount is not None
    assert int(to_plain(amount).replace(".", "")) == units
