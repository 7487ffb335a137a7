"""What a person says with a decision."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.accounts.step_up import FactorForm
from backoffice.approvals.rejections import REJECTION_REASONS

LONGEST_NOTE = 1000
LONGEST_MARK = 300


class SpokenForm(forms.Form):
    """A decision in one's own name, or for somebody who is away and handed over."""

    speak_as = forms.ChoiceField(
        label=_("Decide as"),
        required=False,
        choices=[("", _("Myself"))],
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose yourself, or somebody who has handed over to you.")},
    )

    def __init__(self, *args: Any, voices: Iterable[Person] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(str(one.pk), _("For %(name)s") % {"name": one.name}) for one in voices]
        self.fields["speak_as"].choices = [("", _("Myself")), *others]  # type: ignore[attr-defined]
        self.has_voices = bool(others)


class ApproveForm(FactorForm, SpokenForm):
    """An approval: a second factor for exactly this; the fingerprint binds the decision to what was on the page.

    A note is welcome, and demanded where a check of the preview asks to be looked at. ``opened`` marks when the page
    was opened.
    """

    fingerprint = forms.CharField(widget=forms.HiddenInput, max_length=64)
    opened = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_MARK, required=False)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by the person who asked and by auditors."),
        error_messages={"required": _("A check asks to be looked at: say in a sentence why you approve all the same.")},
    )

    def demand_note(self, hint: str) -> None:
        """Make the note necessary, and say why beside it."""
        self.fields["note"].required = True
        self.fields["note"].help_text = hint


class RejectForm(SpokenForm):
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
