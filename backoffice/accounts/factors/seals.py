"""Encryption of authenticator seeds at rest, under a key of their own that is derived from ``SECRET_KEY``."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PURPOSE = b"backoffice: seeds of authenticators, version 1"


def seal(text: str) -> str:
    """Encrypt under the key that is in force."""
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt what was sealed under the key in force or under one of ``SECRET_KEY_FALLBACKS``.

    :raises ImproperlyConfigured: when none of them fits.
    """
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "An authenticator's seed cannot be read: SECRET_KEY was changed. "
            "Put the former key into SECRET_KEY_FALLBACKS."
        ) from error


def is_under_the_key_in_force(sealed: str) -> bool:
    """Whether a sealed text no longer needs any of ``SECRET_KEY_FALLBACKS``."""
    try:
        _key_from(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    return MultiFernet([_key_from(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key_from(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
