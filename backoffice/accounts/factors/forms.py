"""Setting factors up: an authenticator's first code, a passkey's name and registration."""

import json
from typing import Any, Final

from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.factors import codes, seals
from backoffice.accounts.models import Person
from backoffice.accounts.step_up import CODE_ATTRIBUTES, LONGEST_ANSWER, SIX_DIGITS, OwnFactorsForm, UnrepeatedInput
from backoffice.database import clock

OFFER_SECONDS: Final = 15 * 60
LONGEST_NAME: Final = 60


def offer(person: Person) -> str:
    """Seal a new secret for a person, to be carried by the page that shows it: nothing is stored until it is used."""
    return seals.seal(json.dumps({"person": person.pk, "secret": codes.new_secret(), "at": clock.now().timestamp()}))


def offered(person: Person, sealed: str) -> str:
    """Return the secret of an offer; empty when it was another person's, is too old, or is none."""
    try:
        made = json.loads(seals.unseal(sealed))
    except (ImproperlyConfigured, ValueError):
        return ""
    if not isinstance(made, dict) or made.get("person") != person.pk:
        return ""
    return str(made["secret"]) if clock.now().timestamp() - made["at"] <= OFFER_SECONDS else ""


class NewAuthenticatorFields(forms.Form):
    """The secret on the page, and the first code the authenticator makes of it."""

    seed = forms.CharField(widget=forms.HiddenInput, max_length=1000)
    new_code = forms.CharField(
        label=_("Code the new authenticator shows"),
        error_messages={"required": _("Type the six digits the new authenticator shows.")},
        widget=forms.TextInput(attrs={**CODE_ATTRIBUTES, "autocomplete": "off"}),
    )

    def clean_new_code(self) -> str:
        code: str = self.cleaned_data["new_code"]
        if not SIX_DIGITS.fullmatch(code):
            raise forms.ValidationError(_("Type the six digits the new authenticator shows."))
        return code


class NewAuthenticatorForm(NewAuthenticatorFields, OwnFactorsForm):
    """A new authenticator, with a factor the person has."""


class PasskeyFields(forms.Form):
    """A name to know the passkey by, and what the browser made."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("To know it by, like “Work laptop” or “Key on the ring”."),
        error_messages={"required": _("Give the passkey a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    registration = forms.CharField(
        max_length=LONGEST_ANSWER,
        widget=UnrepeatedInput,
        error_messages={"required": _("Your browser made no passkey. Try again.")},
    )

    def clean_name(self) -> str:
        """Keep what can be read of a name."""
        return " ".join("".join(letter for letter in self.cleaned_data["name"] if letter.isprintable()).split())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "registration" in self.errors:  # a hidden field has no place of its own for its error
            self.add_error("name", self.errors["registration"][0])
        return cleaned


class NewPasskeyForm(PasskeyFields, OwnFactorsForm):
    """A new passkey, with a factor the person has."""
