"""The column type for amounts: exact, and digit for digit what was said."""

from decimal import Decimal
from typing import Any, cast

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constraints import CheckConstraint

from backoffice.money import MAX_INTEGER_DIGITS, MAX_PARTNER_DECIMALS, MAX_SMALLEST_UNIT_DIGITS


class AmountField(models.DecimalField):  # type: ignore[type-arg]
    """An exact amount in a plain PostgreSQL ``numeric`` column.

    ``numeric(38,18)`` rounds a nineteenth decimal silently and forgets whether the partner said ``1000`` or
    ``1000.00``; ``numeric`` without a precision keeps every digit, and :func:`amount_within_bounds` refuses what is out
    of range instead of rounding it. See docs/adr/0005.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = MAX_INTEGER_DIGITS + MAX_PARTNER_DECIMALS
        kwargs["decimal_places"] = MAX_PARTNER_DECIMALS
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    def cast_db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    def to_python(self, value: Any) -> Decimal | None:
        if isinstance(value, float):
            raise TypeError("An amount is never a float: pass a Decimal.")
        return cast("Decimal | None", super().to_python(value))


@AmountField.register_lookup
class Scale(models.Transform):
    """Count the digits after the point: ``amount__scale__lte=8``."""

    lookup_name = "scale"
    function = "scale"
    output_field = models.IntegerField()


def amount_within_bounds(
    field: str,
    *,
    name: str,
    above: int | None = None,
    scale: int = MAX_PARTNER_DECIMALS,
    digits: int = MAX_INTEGER_DIGITS,
) -> CheckConstraint:
    """Constrain an amount column to a finite, bounded number of at most ``scale`` decimals.

    NaN counts as larger than every number in PostgreSQL, so the upper bound is what refuses it; ``above`` is an
    exclusive lower bound (0 for amounts that must be positive), ``digits`` the most digits before the point.
    """
    bound = Decimal(10) ** digits
    lower = -bound if above is None else Decimal(above)
    condition = models.Q(
        **{f"{field}__gt": lower, f"{field}__lt": bound, f"{field}__scale__lte": scale},
    )
    if above is None:
        condition = condition | models.Q(**{f"{field}__isnull": True})
    return CheckConstraint(condition=condition, name=name)


def whole_units_within_bounds(field: str, *, name: str) -> CheckConstraint:
    """Constrain a column that counts the smallest unit of a currency to a whole number of at most 38 digits."""
    return amount_within_bounds(field, name=name, scale=0, digits=MAX_SMALLEST_UNIT_DIGITS)
