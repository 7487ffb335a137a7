"""What people say when they prepare, sign, send back or reopen a day."""

from typing import Final

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.step_up import FactorForm

LONGEST_NOTE: Final = 1000


class PrepareForm(forms.Form):
    """A day is put before a manager, with a note where there is something to say."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by whoever reviews the day and by auditors; it stands in the report."),
    )


class SignForm(FactorForm):
    """A signature: a second factor for exactly this; ``digest`` binds it to what was on the page."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the report."),
    )


class SendBackForm(forms.Form):
    """Why a day is not signed as it is."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by whoever prepared the day and by auditors."),
        error_messages={"required": _("Say what has to be looked at again.")},
    )


class ReopenForm(FactorForm):
    """Why what was signed has to be opened again; a second factor for exactly that."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by the manager who decides and by auditors."),
        error_messages={"required": _("Say why the day has to be opened again.")},
    )
