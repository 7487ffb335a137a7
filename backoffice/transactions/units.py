"""Bitnob counts in the smallest unit of a currency; people read the currency. Nobody guesses an exponent."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from backoffice.database.fields import AmountField
from backoffice.money import CURRENCY_EXPONENTS, from_smallest_unit


@dataclass(frozen=True)
class InUnits:
    """An amount for people: in its currency, or in raw units where the currency's exponent is not known."""

    amount: Decimal
    name: str
    is_raw: bool


def for_people(units: Decimal, currency: str) -> InUnits:
    """Convert `units` of the smallest unit for display; raw units are named as such."""
    converted = from_smallest_unit(units, currency)
    if converted is None:
        return InUnits(units, _("%(currency)s units") % {"currency": currency}, is_raw=True)
    return InUnits(converted, currency, is_raw=False)


def converted(field: str) -> Case:
    """Give the SQL of :func:`~backoffice.money.from_smallest_unit` for a column: NULL for a currency we do not know."""
    return Case(
        *(
            When(currency=currency, then=F(field) * Value(Decimal(1).scaleb(-exponent), output_field=AmountField()))
            for currency, exponent in CURRENCY_EXPONENTS.items()
        ),
        default=Value(None),
        output_field=AmountField(),
    )
