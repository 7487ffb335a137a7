"""What an administrator says about an account. Forms check what was typed; services enforce who may."""

from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Role
from backoffice.accounts.step_up import FactorForm

LONGEST_REASON: Final = 500
#: What each role comes to, beside its name.
ROLES: Final = [("", _("Choose one")), *Role.choices]


def new_token() -> UUID:
    """Make the token of a new form: whatever is sent with it twice is one change."""
    return uuid4()


class ReasonForm(forms.Form):
    """Why something is done to an account."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by whoever decides and by auditors."),
        error_messages={"required": _("Say why, so that others understand it.")},
    )


class DeactivateForm(ReasonForm):
    """Why an account is closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("Stands in the audit log and on the person's page.")


class ChangeForm(FactorForm, ReasonForm):
    """A change that is proposed: why, and a second factor for exactly this."""

    #: As the page has them, so that mistakes are listed in that order; the code comes last.
    field_order = ["name", "email", "role", "reason"]

    token = forms.UUIDField(widget=forms.HiddenInput)


class RoleForm(ChangeForm):
    """Another role. It was chosen the step before, and what it comes to is on the page."""

    role = forms.ChoiceField(choices=Role.choices, widget=forms.HiddenInput)


class InviteForm(ChangeForm):
    """Somebody new."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("As colleagues know them: it stands beside everything they do."),
        error_messages={"required": _("Say what they are called.")},
    )
    email = forms.EmailField(
        label=_("Work e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
        help_text=_("The link goes there; whoever reads that mailbox sets the password."),
        error_messages={"required": _("Say where the invitation goes.")},
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ROLES,
        help_text=_("One person has one role."),
        error_messages={"required": _("Choose what they may do.")},
    )


class RoleChoiceForm(forms.Form):
    """Which role to look at before it is proposed."""

    role = forms.ChoiceField(label=_("New role"))

    def __init__(self, *args: object, role_now: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        others = [choice for choice in Role.choices if choice[0] != role_now]
        self.fields["role"].choices = [("", _("Choose one")), *others]  # type: ignore[attr-defined]
