"""What the identity provider publishes about itself: its addresses and its keys."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache

KEPT_SECONDS: Final = 600
WELL_KNOWN: Final = "/.well-known/openid-configuration"


class ProviderUnusable(Exception):
    """The provider does not answer, or what it says of itself does not hold. The text is for the logs."""


@dataclass(frozen=True)
class Provider:
    """The addresses a sign-in needs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    takes_secret_in_header: bool


def provider() -> Provider:
    """Read what the configured provider says of itself, or remember what it said within the last ten minutes.

    :raises ProviderUnusable: when it does not answer, or answers as somebody else.
    """
    told = _read(settings.OIDC_ISSUER + WELL_KNOWN)
    addresses = {name: str(told.get(name, "")) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    if str(told.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
        raise ProviderUnusable(f"{settings.OIDC_ISSUER} says it is {told.get('issuer')!r}")
    if any(urlsplit(address).scheme != urlsplit(settings.OIDC_ISSUER).scheme for address in addresses.values()):
        raise ProviderUnusable("an address of the provider is missing, or is not as safe as the issuer's")
    methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(issuer=str(told["issuer"]), **addresses, takes_secret_in_header="client_secret_post" not in methods)


def keys(of: Provider, *, fresh: bool = False) -> list[Any]:
    """Read the keys the provider signs with, as JSON Web Keys.

    :param fresh: ask again, because a key that signed something is not among those remembered.
    :raises ProviderUnusable: when it does not answer.
    """
    found = _read(of.jwks_uri, fresh=fresh).get("keys")
    return found if isinstance(found, list) else []


def _read(address: str, *, fresh: bool = False) -> dict[str, Any]:
    told = None if fresh else cache.get(f"oidc:{address}")
    if told is None:
        told = _ask(address)
        cache.set(f"oidc:{address}", told, KEPT_SECONDS)
    return dict(told)


def _ask(address: str) -> dict[str, Any]:
    try:
        with get_adapter().get_requests_session() as session:
            answer = session.get(address)
            answer.raise_for_status()
            told = answer.json()
    except (OSError, ValueError) as error:  # every error of the HTTP library is an OSError
        raise ProviderUnusable(f"{address}: {error}") from error
    if not isinstance(told, dict):
        raise ProviderUnusable(f"{address} answers with something else than an object")
    return told
