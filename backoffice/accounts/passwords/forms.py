"""Forms around passwords. What was typed into them is never shown again."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.accounts.step_up import FactorForm

#: What a person reads before they choose; every rule there is.
RULES = _(
    "At least 15 characters, at most 128; any letters, signs and spaces are welcome, none is demanded. Three or four "
    "words that have nothing to do with each other make a good one. No name of yours or the company's, no well-known "
    "password."
)


class NewPassword(forms.CharField):
    """A field for a password that is being chosen. No `maxlength`: a browser would cut a pasted one in silence."""

    def __init__(self) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": "15"})
        super().__init__(label=_("New password"), strip=False, help_text=RULES, widget=widget)


class PasswordForm(forms.Form):
    """Choose a password. It is typed once: who wants to see it, shows it."""

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["password"] = NewPassword()
        self.order_fields(self.field_order)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.person)
        return password


class ChangePasswordForm(FactorForm, PasswordForm):
    """Change one's own password: the old one, the new one and a second factor."""

    old = forms.CharField(
        label=_("Password you have now"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old", "password", "code"]


class ForgottenForm(forms.Form):
    """Say whose password is forgotten."""

    email = forms.EmailField(
        label=_("Work e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
