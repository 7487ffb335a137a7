"""What a person says with a decision."""

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.services import REJECTION_REASONS

LONGEST_NOTE = 1000


class ApproveForm(forms.Form):
    """A note is welcome and not demanded; the fingerprint binds the decision to what was on the page."""

    fingerprint = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by the person who asked and by auditors."),
    )


class RejectForm(forms.Form):
    """A rejection says why: in a code that can be counted, and in words."""

    fingerprint = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason_code = forms.ChoiceField(
        label=_("Kind of reason"),
        choices=[("", _("Choose one")), *REJECTION_REASONS.items()],
        error_messages={"required": _("Choose the kind of reason.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Seen by the person who asked and by auditors."),
        error_messages={"required": _("Say in a sentence why you reject it.")},
    )
