"""Whether an ID token really vouches for somebody, to us, now, and for this very sign-in.

The library that talks to the provider leaves the signature of a token it fetched itself unchecked, and knows no nonce.
Here everything is checked: signature by an asymmetric algorithm, issuer, audience, times, nonce, and that the e-mail
address is verified.
"""

from typing import Any, Final

import jwt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.crypto import constant_time_compare

from backoffice.accounts.oidc.provider import Provider, keys

#: Never `none`, and none with a shared secret: a public key would do as one.
ALGORITHMS: Final = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in ("256", "384", "512")) + ("EdDSA",)
REQUIRED: Final = ("iss", "aud", "sub", "exp", "iat", "nonce")
CLOCKS_APART_SECONDS: Final = 30


class NotVouchedFor(Exception):
    """The token does not prove who somebody is. The text says why, for the log; the person hears less.

    :ivar email: the address it names, when the token itself is sound.
    """

    def __init__(self, reason: str, email: str = "") -> None:
        super().__init__(reason)
        self.email = email


def vouched_email(id_token: str, of: Provider, nonce: str) -> str:
    """Return the verified e-mail address a token vouches for.

    :raises NotVouchedFor: when it vouches for none.
    :raises ProviderUnusable: when the keys to check it cannot be read.
    """
    claims = sound_claims(id_token, of)
    if not constant_time_compare(str(claims["nonce"]), nonce):
        raise NotVouchedFor("the token is for another sign-in")
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != settings.OIDC_CLIENT_ID:
        raise NotVouchedFor("the token was made for somebody else")
    email = checked_address(claims.get("email", ""))
    if claims.get("email_verified") is not True:
        raise NotVouchedFor("the e-mail address is not verified", email)
    return email


def checked_address(told: object) -> str:
    """Return what a token says as an e-mail address, if it is one that can be somebody's here.

    Only of plain letters: a long s, a kelvin sign and the like become other people's s and k in small letters.
    """
    email = str(told)
    try:
        validate_email(email)
    except ValidationError as error:
        raise NotVouchedFor("the token names no e-mail address") from error
    if not email.isascii():
        raise NotVouchedFor("the token names an address of other letters than plain ones", email)
    return email


def sound_claims(id_token: str, of: Provider) -> dict[str, Any]:
    """Check signature, issuer, audience and times of a token."""
    try:
        header = jwt.get_unverified_header(id_token)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key_of(header, of),
            algorithms=ALGORITHMS,
            issuer=of.issuer,
            audience=settings.OIDC_CLIENT_ID,
            leeway=CLOCKS_APART_SECONDS,
            options={"require": list(REQUIRED)},
        )
    except jwt.PyJWTError as error:
        raise NotVouchedFor(f"the token is not sound: {error}") from error
    return claims


def key_of(header: dict[str, Any], of: Provider) -> jwt.PyJWK:
    """Find the key a token says it is signed with; a provider may have changed its keys a moment ago.

    :raises NotVouchedFor: when the provider has no such key.
    """
    if header.get("alg") not in ALGORITHMS:
        raise NotVouchedFor(f"the token is signed by {header.get('alg')!r}")
    for fresh in (False, True):
        for key in keys(of, fresh=fresh):
            if isinstance(key, dict) and key.get("kid") == header.get("kid") and key.get("use", "sig") == "sig":
                return jwt.PyJWK(key, algorithm=header["alg"])
    raise NotVouchedFor("the token is signed with a key the provider does not have")
