"""Step-up: a second factor shown for exactly the thing a person is about to do (security.md S20).

A form that needs one inherits `FactorForm`, its page includes `accounts/factor.html`, and its view, after the policy
and before the service, calls `prove`. What the form says stays as it was typed when the factor is refused.

A password is never asked for here, and a sign-in moments ago is no step-up: the factor comes with the very request it
is for. A request is never kept to be carried out after another page asked for the factor.
"""

import re
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.accounts import proofs
from backoffice.accounts.context import is_from_this_machine
from backoffice.accounts.factors import codes, held, passkeys, recovery, shown
from backoffice.accounts.factors.checking import Answer, Verdict, check, check_code
from backoffice.accounts.models import Person, Proof
from backoffice.accounts.signals import factor_failed
from backoffice.accounts.signed_in import person_of
from backoffice.database import clock

SIX_DIGITS = re.compile(r"[0-9]{6}")
LONGEST_ANSWER = 20_000
CODE_ATTRIBUTES = {
    "inputmode": "numeric",
    "autocomplete": "one-time-code",
    "maxlength": "6",
    "placeholder": "000000",
    "dir": "ltr",
}


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
        widget=forms.TextInput(attrs={**CODE_ATTRIBUTES}),
    )
    credential = forms.CharField(required=False, max_length=LONGEST_ANSWER, widget=UnrepeatedInput)

    #: What is said to whoever sends neither a code nor a passkey's answer.
    asks_for = _("Type the six digits your authenticator shows.")

    #: Whether the page offers the passkey, and in a demo the code, beside the field.
    offers_other_ways = True
    #: Whether what is typed may be longer than six digits, which have a field of their own kind.
    takes_long_codes = False

    def is_code(self, text: str) -> bool:
        return SIX_DIGITS.fullmatch(text) is not None

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code and not self.is_code(code):
            raise forms.ValidationError(self.asks_for)
        return code

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("code") and not cleaned.get("credential") and "code" not in self.errors:
            self.add_error("code", self.asks_for)
        return cleaned


class OwnFactorsForm(FactorForm):
    """A factor shown to change one's own factors: a recovery code will do, for whoever lost the rest."""

    asks_for = _("Type the six digits your authenticator shows, or one of your recovery codes.")
    takes_long_codes = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code from your authenticator, or a recovery code")
        field.widget.attrs = {"autocomplete": "one-time-code", "maxlength": "40", "dir": "ltr"}

    def is_code(self, text: str) -> bool:
        return super().is_code(text) or recovery.is_recovery_code(text)


class RecoveryForm(OwnFactorsForm):
    """A recovery code, at the door."""

    asks_for = _("Type one of your recovery codes: four groups of four.")
    offers_other_ways = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label, field.help_text = _("Recovery code"), _("Each is good for one sign-in.")
        field.widget.attrs = {"autocomplete": "off", "maxlength": "40", "dir": "ltr", "autocapitalize": "none"}

    def is_code(self, text: str) -> bool:
        return recovery.is_recovery_code(text)


def prove(request: HttpRequest, form: FactorForm, *fingerprints: str) -> Proof | None:
    """Check the factor a valid form was sent with, and write down that it was shown for ``fingerprints``.

    :returns: the proof, good for 5 minutes and once for each fingerprint; None when the factor was refused: the
        sentence for the person is then an error of the form.
    :raises ValueError: for a form that takes recovery codes.
    """
    if form.takes_long_codes:
        raise ValueError("A recovery code proves nothing that a second person relies on.")
    if not is_shown(request, form):
        return None
    return proofs.write_down(person_of(request), *fingerprints, method=method_of(form))


def is_shown(request: HttpRequest, form: FactorForm) -> bool:
    """Check the factor a valid form was sent with, and give the session a new key when it is right.

    When it is not, the sentence for the person is an error of the form.
    """
    answer = answer_of(request, form, person_of(request), is_signed_in=True)
    if answer.is_right:
        shown.renew(request)
    else:
        form.add_error("code", answer.sentence)
    return answer.is_right


def method_of(form: FactorForm) -> Proof.Method:
    return Proof.Method.PASSKEY if form.cleaned_data["credential"] else Proof.Method.CODE


def answer_of(request: HttpRequest, form: FactorForm, person: Person, *, is_signed_in: bool) -> Answer:
    """Look at the factor a valid form was sent with, and use it up."""
    code, credential = form.cleaned_data["code"], form.cleaned_data["credential"]
    if credential:
        return check_passkey(request, person, credential, is_signed_in=is_signed_in)
    if recovery.is_recovery_code(code):
        return check(person, code, recovery.look, is_signed_in=is_signed_in)
    return check_code(person, code, is_signed_in=is_signed_in)


def check_passkey(request: HttpRequest, person: Person, credential: str, *, is_signed_in: bool) -> Answer:
    """Look at a passkey's answer. Nobody guesses one, so those that are wrong make nobody wait."""
    if passkeys.is_right(request, person, credential):
        return Answer(Verdict.RIGHT)
    factor_failed.send(sender=Person, person=person, is_signed_in=is_signed_in, after={"factor": "passkey"})
    return Answer(Verdict.NO_PASSKEY)


@dataclass(frozen=True)
class Ways:
    """How a person can show a factor here, and what a demo shows beside the field."""

    has_authenticator: bool
    has_passkey: bool
    is_demo: bool
    demo_code: str = ""


def ways_of(request: HttpRequest, person: Person) -> Ways:
    kinds = set(held.factors_of(person).values_list("type", flat=True))
    is_demo = may_see_demo_code(request) and Authenticator.Type.TOTP in kinds
    return Ways(
        has_authenticator=Authenticator.Type.TOTP in kinds,
        has_passkey=Authenticator.Type.WEBAUTHN in kinds and passkeys.are_possible(request),
        is_demo=is_demo,
        demo_code=codes.unspent_code(person, clock.now()) if is_demo else "",
    )


def may_see_demo_code(request: HttpRequest) -> bool:
    """Whether codes are shown beside the field: in the demo, to whoever sits at its own machine, and nowhere else."""
    return bool(settings.DEMO) and is_from_this_machine(request)
