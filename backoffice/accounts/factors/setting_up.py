"""What the page of a new authenticator shows: the secret as a picture and as text."""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import qrcode
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from qrcode.image.svg import SvgPathImage

from backoffice.accounts.factors import codes
from backoffice.accounts.factors.forms import offer, offered
from backoffice.accounts.factors.services import NotThatCode
from backoffice.accounts.models import Person
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import may_see_demo_code
from backoffice.database import clock

ISSUER = "Back office"


@dataclass(frozen=True)
class SetUp:
    """A form that carries an offered secret and the first code made of it."""

    person: Person
    form: forms.Form

    def given(self) -> dict[str, str]:
        """Return secret and code.

        :raises NotThatCode: when the page was too old or another person's.
        """
        secret = offered(self.person, self.form.cleaned_data["seed"])
        if not secret:
            raise NotThatCode
        return {"secret": secret, "code": self.form.cleaned_data["new_code"]}

    @staticmethod
    def not_that_code() -> str:
        return _("That is not the code of this secret. Scan it again, wait for a new code and type that.")


def authenticator_context(request: HttpRequest, form: forms.Form) -> dict[str, Any]:
    """Return the form and its secret, a new one where the page's own is no longer good."""
    person = person_of(request)
    sealed = str(form["seed"].value() or "")
    secret = offered(person, sealed)
    if not secret:
        sealed = offer(person)
        secret = offered(person, sealed)
    return {
        "form": form,
        "seed": sealed,
        "secret": spaced(secret),
        "picture": picture(address_of(person, secret)),
        "demo_code": codes.lasting_code(secret, clock.now()) if may_see_demo_code(request) else "",
    }


def address_of(person: Person, secret: str) -> str:
    """Return what authenticators read from the picture."""
    label = quote(f"{ISSUER}:{person.email}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER}, quote_via=quote)}"


def picture(address: str) -> str:
    """Draw an address as a QR code, for the `src` of an image: the policy allows no markup made elsewhere."""
    drawn = BytesIO()
    qrcode.make(address, image_factory=SvgPathImage, border=2).save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


def spaced(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
