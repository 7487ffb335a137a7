"""One sign-in with the company account: what is sent with the browser, and what must come back with it."""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from backoffice.accounts.models import Person
from backoffice.accounts.oidc.identity import NotVouchedFor, vouched_email
from backoffice.accounts.oidc.provider import Provider, ProviderUnusable, provider

#: Where a session keeps the one sign-in that is under way, and for how long that may take.
PENDING: Final = "company_sign_in"
LONGEST_SECONDS: Final = 600


class NotUnderWay(Exception):
    """No sign-in was begun in this browser that this answer could belong to."""


@dataclass(frozen=True)
class Attempt:
    """What only this browser's session knows of a sign-in under way."""

    state: str
    nonce: str
    verifier: str
    next_page: str
    begun_at: float


def begin(request: HttpRequest, next_page: str) -> str:
    """Begin a sign-in, in place of any other under way in this browser; return where the browser has to go.

    :raises ProviderUnusable: when the provider cannot be asked.
    """
    where, challenge = provider(), generate_code_challenge()
    attempt = Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=challenge.pop("code_verifier"),
        next_page=next_page,
        begun_at=time.time(),
    )
    request.session[PENDING] = vars(attempt)
    client = client_of(request, where)
    client.state = attempt.state
    extra = {"nonce": attempt.nonce, **challenge}
    return str(client.get_redirect_url(where.authorization_endpoint, ["openid", "email"], extra))


def take_up(request: HttpRequest) -> Attempt:
    """Take the sign-in under way out of the session: an answer is looked at once.

    :raises NotUnderWay: when there is none, it took too long, or the answer belongs to another.
    """
    kept: dict[str, Any] | None = request.session.pop(PENDING, None)
    if kept is None or time.time() - kept["begun_at"] > LONGEST_SECONDS:
        raise NotUnderWay
    if not constant_time_compare(kept["state"], request.GET.get("state", "")):
        raise NotUnderWay
    return Attempt(**kept)


def person_vouched_for(request: HttpRequest, attempt: Attempt) -> Person:
    """Exchange the code for a token, and find the person it vouches for.

    :raises NotVouchedFor: when it vouches for nobody with an open account here.
    :raises ProviderUnusable: when the provider gives no token.
    """
    where = provider()
    email = vouched_email(id_token_for(request, attempt, where), where, attempt.nonce)
    person = Person.objects.filter(email=email.casefold()).first()
    if person is None:
        raise NotVouchedFor("nobody has an account under this address", email)
    if not person.is_active:
        raise NotVouchedFor("the account under this address is closed", email)
    return person


def id_token_for(request: HttpRequest, attempt: Attempt, where: Provider) -> str:
    try:
        told = client_of(request, where).get_access_token(
            request.GET.get("code", ""), pkce_code_verifier=attempt.verifier
        )
    except (OAuth2Error, OSError, ValueError) as error:
        raise ProviderUnusable(f"no token for the code: {type(error).__name__}") from error
    return str(told.get("id_token", ""))


def client_of(request: HttpRequest, where: Provider) -> OAuth2Client:
    return OAuth2Client(
        request,
        settings.OIDC_CLIENT_ID,
        settings.OIDC_CLIENT_SECRET,
        "POST",
        where.token_endpoint,
        settings.PUBLIC_URL + reverse("account_company_callback"),
        basic_auth=where.takes_secret_in_header,
    )
