"""Input of the orders pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_REFERENCE = 128


class LookUpForm(forms.Form):
    """What to ask CoinMENA for: a reference, an order number or an order's id."""

    text = forms.CharField(
        label=_("Reference, order number or id"),
        max_length=LONGEST_REFERENCE,
        help_text=_(
            "CoinMENA is asked at once, and what it answers is kept in the mirror. Nothing is sent that moves money."
        ),
        error_messages={"required": _("Enter the reference, order number or id to look up.")},
    )
