"""Step-up: a second factor shown for exactly the thing a person is about to do (security.md S20).

A form that needs one inherits `FactorForm`, its page includes `accounts/factor.html`, and its view, after the policy
and before the service, calls `prove`. What the form says stays as it was typed when the factor is refused.
"""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.accounts import proofs
from backoffice.accounts.context import is_from_this_machine
from backoffice.accounts.factors import codes
from backoffice.accounts.factors.checking import check_code
from backoffice.accounts.models import Person, Proof
from backoffice.accounts.signed_in import person_of
from backoffice.database import clock

SIX_DIGITS = re.compile(r"[0-9]{6}")


class UnrepeatedInput(forms.HiddenInput):
    """A hidden field that a page never shows again: what was in it is used up."""

    def format_value(self, value: Any) -> None:
        return None


class FactorForm(forms.Form):
    """A form that is sent with a second factor: an authenticator code, or a passkey's answer."""

    code = forms.CharField(
        label=_("Code from your authenticator"),
        required=False,
        help_text=_("Good for this one act only."),
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "6",
                "placeholder": "000000",
                "dir": "ltr",
            }
        ),
    )
    credential = forms.CharField(required=False, max_length=20_000, widget=UnrepeatedInput)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code and not SIX_DIGITS.fullmatch(code):
            raise forms.ValidationError(_("Type the six digits your authenticator shows."))
        return code

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("code") and not cleaned.get("credential") and "code" not in self.errors:
            self.add_error("code", _("Type the six digits your authenticator shows."))
        return cleaned


def prove(request: HttpRequest, form: FactorForm, *fingerprints: str) -> Proof | None:
    """Check the factor a valid form was sent with, and write down that it was shown for ``fingerprints``.

    :returns: the proof, good for 5 minutes and once for each fingerprint; None when the factor was refused: the
        sentence for the person is then an error of the form.
    """
    person = person_of(request)
    answer = check_code(person, form.cleaned_data["code"], is_signed_in=True)
    if not answer.is_right:
        form.add_error("code", answer.sentence)
        return None
    return proofs.write_down(person, *fingerprints, method=Proof.Method.CODE)


def demo_code(request: HttpRequest, person: Person) -> str:
    """Return the code a demo shows beside the field; empty elsewhere, and for whoever comes from another machine."""
    if not settings.DEMO or not is_from_this_machine(request):
        return ""
    return codes.unspent_code(person, clock.now())
