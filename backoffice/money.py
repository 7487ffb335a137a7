"""Amounts of money: reading them, writing them and adding them, never rounding one.

Everything the product knows about digits lives here, so that one file answers for them:

* what a person may type is narrower than what a partner may send, hence two readers;
* an amount is a ``Decimal`` with the scale it arrived with (``1000.00`` stays ``1000.00``);
* the database keeps at most 18 decimals and would round a 19th in silence, so it is refused here first;
* a ``float`` is a ``TypeError`` wherever it shows up.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded
from typing import Final

MAX_INTEGER_DIGITS: Final = 20
MAX_TYPED_DECIMALS: Final = 8
MAX_PARTNER_DECIMALS: Final = 18
MAX_SMALLEST_UNIT_DIGITS: Final = 38
MINUS_SIGN: Final = "\u2212"

#: Decimals between the smallest unit and the currency itself (partner's page "currencies and amounts").
CURRENCY_EXPONENTS: Final = {"BTC": 8, "USDT": 6, "USDC": 6, "NGN": 2, "USD": 2}

_ASCII_BLANKS: Final = " \t\r\n\f\v"
_LONGEST_PARTNER_TEXT: Final = 100
_TYPED = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_MAY_BE_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_THOUSANDS_DIGITS: Final = 3
_PARTNER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_SMALLEST_UNIT = re.compile(r"-?[0-9]+")

# The default context keeps 28 digits and rounds the rest away; this one holds any sum of ours and raises instead.
_EXACT: Final = Context(prec=120, traps=[Inexact, Rounded, InvalidOperation, Overflow])


def gettext_noop(sentence: str) -> str:
    """Mark `sentence` for the translators; this layer knows no Django, so the screens do the translating."""
    return sentence


class AmountError(ValueError):
    """An amount that cannot be taken as it stands; ``str()`` is a sentence for staff.

    `template` and `parameters` let a screen translate it: ``gettext(error.template) % error.parameters``.
    """

    def __init__(self, template: str, **parameters: int | str) -> None:
        super().__init__(template % parameters)
        self.template = template
        self.parameters = parameters


class MixedAssets(ValueError):
    """Two amounts of different assets met in one sum."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second} cannot be added up: they are different assets.")
        self.first = first
        self.second = second


# What people type -----------------------------------------------------------------------------------------------------

_EMPTY = gettext_noop("Enter an amount.")
_FOREIGN_DIGITS = gettext_noop("Use the digits 0 to 9; digits of other scripts are not taken.")
_NOT_A_NUMBER = gettext_noop("Enter a number, for example 1000.00.")
_ONLY_DIGITS = gettext_noop("Enter digits with at most one point, for example 1000.00.")
_NOT_POSITIVE = gettext_noop("The amount must be more than zero.")
_TOO_MANY_DECIMALS = gettext_noop(
    "At most %(limit)d digits after the point; this has %(found)d. Amounts are never rounded for you."
)
_NO_DECIMALS = gettext_noop("Only whole amounts can be sent here: leave out the point and what follows it.")
_THOUSANDS = gettext_noop("%(typed)s may be meant as %(thousands)s. Write %(thousands)s or %(exact)s.")
_TOO_LARGE = gettext_noop("At most %(limit)d digits before the point; this has %(found)d.")

# In the order in which a reader would point them out; the first that matches is the one told.
_TYPED_FAULTS: Final = (
    (re.compile(r"\A[-+]?[0-9.]+[eE]"), gettext_noop("Write the amount in full, without an exponent such as 1E+3.")),
    (re.compile(r"[+]"), gettext_noop("Leave out the plus sign.")),
    (re.compile("[-\u2010-\u2015\u2212]"), gettext_noop("Leave out the minus sign: an amount is more than zero.")),
    (re.compile(r"_"), gettext_noop("Leave out the underscores, for example 1000.00.")),
    (re.compile(r","), gettext_noop("Leave out the commas and use a point for the decimals, for example 1234.56.")),
    (re.compile(r"\s"), gettext_noop("Leave out the blanks between the digits, for example 1000.00.")),
    (re.compile(r"\..*\.", re.DOTALL), gettext_noop("Use the point once only, for example 1000.00.")),
    (re.compile(r"\A\."), gettext_noop("Begin with a digit, for example 0.50.")),
    (re.compile(r"\.\Z"), gettext_noop("Add the digits after the point, or leave the point out.")),
    (re.compile(r"\A(?:nan|snan|inf|infinity)\Z", re.IGNORECASE), _NOT_A_NUMBER),
)


def parse_typed_amount(text: str, *, max_decimals: int = MAX_TYPED_DECIMALS) -> Decimal:
    """Return the amount a person typed, with the decimals they typed.

    Takes ASCII digits with at most one point, more than zero, `max_decimals` digits after the point at most.
    Raises `AmountError` with a sentence naming what to change.
    """
    _refuse_all_but_text(text)
    trimmed = text.strip(_ASCII_BLANKS)
    match = _TYPED.fullmatch(trimmed)
    if match is None:
        raise AmountError(_typed_fault(trimmed))
    _check_typed_size(match[1], match[2] or "", max_decimals)
    amount = Decimal(trimmed)
    if not amount:
        raise AmountError(_NOT_POSITIVE)
    return amount


def check_no_thousands(amount: Decimal, precision: int | None) -> None:
    """Refuse an amount whose point may be meant as one of thousands: 1.000 is a thousand to many, and to us it is one.

    :param precision: the decimals of its asset; with three, as of a dinar, three digits after the point are no more.
    :raises AmountError: with both amounts as they are to be written.
    """
    typed = to_plain(amount)
    if precision == _THOUSANDS_DIGITS or _MAY_BE_THOUSANDS.fullmatch(typed) is None:
        return
    exact = typed[:-1] if typed.endswith("0") else f"{typed}0"
    raise AmountError(_THOUSANDS, typed=typed, thousands=f"{typed.replace('.', '')}.00", exact=exact)


def _typed_fault(text: str) -> str:
    if not text:
        return _EMPTY
    if any(character.isdigit() and not character.isascii() for character in text):
        return _FOREIGN_DIGITS
    return next((sentence for pattern, sentence in _TYPED_FAULTS if pattern.search(text)), _ONLY_DIGITS)


def _check_typed_size(integer: str, decimals: str, max_decimals: int) -> None:
    significant = len(integer.lstrip("0"))
    if significant > MAX_INTEGER_DIGITS:
        raise AmountError(_TOO_LARGE, limit=MAX_INTEGER_DIGITS, found=significant)
    if decimals and not max_decimals:
        raise AmountError(_NO_DECIMALS)
    if len(decimals) > max_decimals:
        raise AmountError(_TOO_MANY_DECIMALS, limit=max_decimals, found=len(decimals))


# What partners send ---------------------------------------------------------------------------------------------------

_NOT_PARTNER_DECIMAL = gettext_noop("The partner sent an amount that is not a plain decimal number.")
_PARTNER_TOO_PRECISE = gettext_noop("The partner sent an amount with more than %(limit)d digits after the point.")
_PARTNER_TOO_LARGE = gettext_noop("The partner sent an amount with more than %(limit)d digits before the point.")
_NOT_SMALLEST_UNIT = gettext_noop("The partner sent an amount that is not a whole number of the smallest unit.")
_UNITS_TOO_LARGE = gettext_noop("The partner sent an amount of more than %(limit)d digits.")


def parse_partner_decimal(text: str) -> Decimal:
    """Return the amount a partner wrote as a decimal string, with its scale: ``1000.00``, ``0E-8``, ``1E+3``.

    Raises `AmountError` for anything else, and for what the database could not keep to the digit.
    """
    _refuse_all_but_text(text)
    if len(text) > _LONGEST_PARTNER_TEXT or not _PARTNER.fullmatch(text):
        raise AmountError(_NOT_PARTNER_DECIMAL)
    amount = Decimal(text)
    if _exponent_of(amount) < -MAX_PARTNER_DECIMALS:
        raise AmountError(_PARTNER_TOO_PRECISE, limit=MAX_PARTNER_DECIMALS)
    if amount.adjusted() >= MAX_INTEGER_DIGITS:
        raise AmountError(_PARTNER_TOO_LARGE, limit=MAX_INTEGER_DIGITS)
    return _without_negative_zero(amount)


def parse_smallest_units(text: str) -> Decimal:
    """Return a partner's count of smallest units (``-3000000``) as a `Decimal` without decimals."""
    _refuse_all_but_text(text)
    if not _SMALLEST_UNIT.fullmatch(text):
        raise AmountError(_NOT_SMALLEST_UNIT)
    if len(text.lstrip("-0")) > MAX_SMALLEST_UNIT_DIGITS:
        raise AmountError(_UNITS_TOO_LARGE, limit=MAX_SMALLEST_UNIT_DIGITS)
    return _without_negative_zero(Decimal(text))


def from_smallest_unit(units: Decimal | int, currency: str) -> Decimal | None:
    """Return `units` of the smallest unit as an amount of `currency`, or None for a currency we do not know.

    Nobody guesses an exponent: where this returns None, the screen shows the raw units.
    """
    whole = _whole_units(units)
    exponent = CURRENCY_EXPONENTS.get(currency)
    return None if exponent is None else whole.scaleb(-exponent, _EXACT)


def _whole_units(units: Decimal | int) -> Decimal:
    amount = Decimal(units) if isinstance(units, int) and not isinstance(units, bool) else _finite(units)
    if amount.adjusted() >= MAX_SMALLEST_UNIT_DIGITS:
        raise AmountError(_UNITS_TOO_LARGE, limit=MAX_SMALLEST_UNIT_DIGITS)
    if amount != amount.to_integral_value():
        raise AmountError(_NOT_SMALLEST_UNIT)
    return Decimal(int(amount))


# Writing --------------------------------------------------------------------------------------------------------------


def to_plain(amount: Decimal) -> str:
    """Write `amount` for a file or a wire: every digit it has, never an exponent, no grouping."""
    return format(_finite(amount), "f")


def format_amount(amount: Decimal, *, min_decimals: int = 0) -> str:
    """Write `amount` for a screen: thousands commas, a true minus sign, every digit it has.

    `min_decimals` pads with zeros to the asset's precision; nothing is ever cut off.
    """
    grouped = format(_finite(amount), ",f").replace("-", MINUS_SIGN)
    decimals = max(-_exponent_of(amount), 0)
    if decimals >= min_decimals:
        return grouped
    return grouped + ("" if decimals else ".") + "0" * (min_decimals - decimals)


# Adding up ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one asset. Adding or subtracting another asset raises `MixedAssets`."""

    amount: Decimal
    asset: str

    def __post_init__(self) -> None:
        _finite(self.amount)

    def __str__(self) -> str:
        return f"{format_amount(self.amount)} {self.asset}"

    def __bool__(self) -> bool:
        return not self.is_zero

    def __add__(self, other: "Money") -> "Money":
        return Money(_EXACT.add(self.amount, self._amount_of(other)), self.asset)

    def __sub__(self, other: "Money") -> "Money":
        return Money(_EXACT.subtract(self.amount, self._amount_of(other)), self.asset)

    def __neg__(self) -> "Money":
        return Money(negated(self.amount), self.asset)

    @property
    def is_zero(self) -> bool:
        """True for nothing at all, however many decimals it is written with."""
        return not self.amount

    def _amount_of(self, other: "Money") -> Decimal:
        if not isinstance(other, Money):
            raise TypeError(f"money adds up with money, not with {type(other).__name__}")
        if other.asset != self.asset:
            raise MixedAssets(self.asset, other.asset)
        return other.amount


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add up amounts of one asset without ever rounding; nothing adds up to ``Decimal(0)``."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, _finite(amount))
    return total


def negated(amount: Decimal) -> Decimal:
    """Return ``amount`` with the other sign, every digit kept: Python's ``-`` rounds what is longer than 28 digits."""
    return _without_negative_zero(amount.copy_negate())


# Guards ---------------------------------------------------------------------------------------------------------------


def _refuse_all_but_text(text: object) -> None:
    if not isinstance(text, str):
        raise TypeError(f"an amount is read from text, not from {type(text).__name__}")


def _finite(amount: object) -> Decimal:
    if not isinstance(amount, Decimal):
        raise TypeError(f"an amount is a Decimal, not a {type(amount).__name__}")
    if not amount.is_finite():
        raise AmountError(_NOT_A_NUMBER)
    return amount


def _exponent_of(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):
        raise AmountError(_NOT_A_NUMBER)
    return exponent


def _without_negative_zero(amount: Decimal) -> Decimal:
    """No ledger holds a negative nothing, and PostgreSQL drops the sign as well."""
    return amount if amount else amount.copy_abs()
