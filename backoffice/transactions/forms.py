"""Input of the transactions pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_REFERENCE = 255


class LookUpForm(forms.Form):
    """What to ask Bitnob for: a transaction's id or a reference."""

    text = forms.CharField(
        label=_("Transaction id or reference"),
        max_length=LONGEST_REFERENCE,
        help_text=_(
            "Bitnob is asked at once, and what it answers is kept in the mirror. Nothing is sent that moves money."
        ),
        error_messages={"required": _("Enter the transaction id or reference to look up.")},
    )
