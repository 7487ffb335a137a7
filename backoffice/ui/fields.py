"""Form fields that every app's forms share."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.money import AmountError, parse_typed_amount

LONGEST_AMOUNT: Final = 200


def as_validation(error: AmountError) -> ValidationError:
    """Return what a form says of an amount, in the reader's language."""
    return ValidationError(gettext(error.template) % error.parameters)


class TypedAmountField(forms.Field):
    """An amount in plain ASCII digits; what was typed stays in the box, whatever it was."""

    def clean(self, value: Any) -> Decimal:
        """Return the amount with the decimals that were typed.

        :raises ValidationError: with a sentence that says what to change.
        """
        text = str(value or "")
        if len(text) > LONGEST_AMOUNT:
            raise ValidationError(_("This is too long for an amount."))
        try:
            return parse_typed_amount(text)
        except AmountError as error:
            raise as_validation(error) from error


class MaybeAmountField(TypedAmountField):
    """An amount, or none where nothing was typed."""

    def clean(self, value: Any) -> Decimal | None:  # type: ignore[override]
        """Return the amount; None where the box is empty."""
        return super().clean(value) if str(value or "").strip() else None
