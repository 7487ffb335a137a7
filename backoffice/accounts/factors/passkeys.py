"""Passkeys (WebAuthn): registered and used with user verification, each challenge for one address and once.

A challenge belongs to the session and to the form it was asked for, so that the answer to one request proves nothing
for another. The wire format is the library's; what it does not check, the counter of a copied key, is checked here.
"""

import ipaddress
import json
import struct
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import EXTENSIONS, WebAuthn, build_user_payload, get_credentials
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from fido2.server import Fido2Server
from fido2.webauthn import (
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from backoffice.accounts.factors.held import passkeys_of
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.database import clock

SESSION_KEY: Final = "passkey_challenges"
VALID_SECONDS: Final = 5 * 60
MOST_OPEN: Final = 5
USE, REGISTER = "use", "register"
VERIFIED = UserVerificationRequirement.REQUIRED
NOT_REGISTERED = _("The passkey could not be registered. Try again.")
#: How the library and json refuse what somebody made up.
MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError, struct.error, RecursionError)


def are_possible(request: HttpRequest) -> bool:
    """Whether a browser can use passkeys here: they belong to a host name, and a bare address is none."""
    try:
        ipaddress.ip_address(host_of(request).strip("[]"))
    except ValueError:
        return True
    return False


def host_of(request: HttpRequest) -> str:
    name, _, port = request.get_host().rpartition(":")
    return name if name and port.isdigit() else request.get_host()


def begin_use(request: HttpRequest, person: Person, address: str) -> dict[str, Any]:
    """Return what the browser needs to use one of the person's passkeys for the form posted to ``address``."""
    options, state = server(request).authenticate_begin(get_credentials(person), user_verification=VERIFIED)
    remember(request, USE, address, state)
    return dict(options)


def begin_registration(request: HttpRequest, person: Person, address: str) -> dict[str, Any]:
    """Return what the browser needs to make a passkey for ``person`` and register it at ``address``."""
    options, state = server(request).register_begin(
        build_user_payload(person),
        get_credentials(person),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=VERIFIED,
        extensions=EXTENSIONS,
    )
    remember(request, REGISTER, address, state)
    return dict(options)


def is_right(request: HttpRequest, person: Person, answer: str) -> bool:
    """Whether a browser's answer proves one of the person's passkeys, for the address it is posted to."""
    state = take_challenge(request, USE, request.path)
    if state is None:
        return False
    try:
        response = AuthenticationResponse.from_dict(json.loads(answer))
        used = server(request).authenticate_complete(state, get_credentials(person), response)
        return count_use(person, used.credential_id, response.response.authenticator_data.counter)
    except MALFORMED:
        return False


def registered(request: HttpRequest, answer: str) -> dict[str, Any]:
    """Check a browser's answer to a registration and return the credential to keep.

    :raises Refused: when it is not what was asked for.
    """
    state = take_challenge(request, REGISTER, request.path)
    if state is None:
        raise Refused(NOT_REGISTERED)
    try:
        credential: dict[str, Any] = json.loads(answer)
        server(request).register_complete(state, RegistrationResponse.from_dict(credential))
    except MALFORMED as error:
        raise Refused(NOT_REGISTERED) from error
    return credential


def keep(person: Person, name: str, credential: dict[str, Any]) -> Authenticator:
    """Store a passkey."""
    return WebAuthn.add(person, name, credential).instance


def count_use(person: Person, credential_id: bytes, counter: int) -> bool:
    """Note that a passkey was used; refuse one whose counter stands still or runs back, for it was copied."""
    with transaction.atomic():
        for passkey in passkeys_of(person).select_for_update():
            if passkey.wrap().authenticator_data.credential_data.credential_id == credential_id:
                return note_counter(passkey, counter)
    return False


def note_counter(passkey: Authenticator, counter: int) -> bool:
    last = passkey.data.get("sign_count", 0)
    if (counter or last) and counter <= last:
        return False
    passkey.data["sign_count"], passkey.last_used_at = counter, clock.now()
    passkey.save(update_fields=["data", "last_used_at"])
    return True


def server(request: HttpRequest) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(name="Back office", id=host_of(request)))


def remember(request: HttpRequest, use: str, address: str, state: dict[str, Any]) -> None:
    """Keep a challenge in the session, with the few that are open in other windows."""
    challenges: dict[str, Any] = request.session.get(SESSION_KEY, {})
    challenges.pop(f"{use} {address}", None)
    open_ones = list(challenges.items())[-(MOST_OPEN - 1) :]
    kept = {"state": state, "at": clock.now().timestamp()}
    request.session[SESSION_KEY] = {**dict(open_ones), f"{use} {address}": kept}


def take_challenge(request: HttpRequest, use: str, address: str) -> dict[str, Any] | None:
    """Take the challenge for an address out of the session; None when there is none or it is too old."""
    challenges: dict[str, Any] = request.session.get(SESSION_KEY, {})
    kept = challenges.pop(f"{use} {address}", None)
    if kept is None:
        return None
    request.session[SESSION_KEY] = challenges
    state: dict[str, Any] = kept["state"]
    is_fresh = clock.now().timestamp() - kept["at"] <= VALID_SECONDS
    # Two requests may have read the session at the same time; the database lets one of them have the challenge.
    is_ours = cache.add(f"passkey-challenge:{state['challenge']}", True, timeout=VALID_SECONDS)
    return state if is_fresh and is_ours else None
