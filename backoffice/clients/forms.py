"""Input of the clients' pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.clients.services.activation import LONGEST_REASON


class ActivationForm(forms.Form):
    """Why a client is switched on or off."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept in the audit log with your name."),
        error_messages={"required": _("Say why: the reason is kept in the audit log.")},
    )
