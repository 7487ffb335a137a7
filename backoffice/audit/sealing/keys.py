"""The key that signs seals, and the public keys that signatures are checked with (security.md §3, S27)."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.conf import settings

KEY_ID_DIGITS: Final = 16
FORMER_KEY: Final = re.compile(r"(?P<key>[^:]+):(?P<number>[0-9]{1,18}):(?P<hash>[0-9a-f]{64})", re.ASCII)


class InvalidSealKey(ValueError):
    """A key of the settings cannot be used. Names the setting, never the key."""


@dataclass(frozen=True)
class LastSeal:
    """The last seal that a former key signed, as it was noted when the key was changed.

    Whoever gets hold of a former key can sign what they like with it. None of it is believed: what came after this seal
    is not its to sign, and each seal before it is held by the hashes that this one's hash stands for.
    """

    number: int
    hash: str

    def allows(self, number: object, hash_: str) -> bool:
        """Whether the key may have signed a seal: one before its last, or that one."""
        if not isinstance(number, int) or number < 1:
            return False
        return number < self.number or (number, hash_) == (self.number, self.hash)


def signing_key() -> Ed25519PrivateKey | None:
    """Return the key that seals are signed with, PEM or Base64 of its 32 bytes; None where none is set.

    :raises InvalidSealKey: for a text that is no such key.
    """
    text = settings.AUDIT_SEAL_KEY
    try:
        key = private_key(text) if text else None
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidSealKey("AUDIT_SEAL_KEY is no key: write it as PEM, or as base64 of its 32 bytes.") from error
    if not isinstance(key, Ed25519PrivateKey | None):
        raise InvalidSealKey("AUDIT_SEAL_KEY is a key of another kind than Ed25519.")
    return key


def private_key(text: str) -> PrivateKeyTypes:
    if "-----BEGIN" in text:
        return load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))


def public_keys() -> dict[str, Ed25519PublicKey]:
    """Return every key that may have signed a seal, by its id: the one in force first, then the former ones.

    :raises InvalidSealKey: for a setting that is no such key.
    """
    key = signing_key()
    current = [key.public_key()] if key else []
    return {key_id(one): one for one in (*current, *(key for key, _last in former_keys()))}


def last_seals() -> dict[str, LastSeal]:
    """Return the last seal of every former key, by the key's id.

    :raises InvalidSealKey: for a setting that is no such key, or does not say which seal was its last.
    """
    return {key_id(key): last for key, last in former_keys()}


def former_keys() -> list[tuple[Ed25519PublicKey, LastSeal]]:
    """Read ``AUDIT_SEAL_FORMER_KEYS``: each a key, the number of the last seal it signed and that seal's hash.

    :raises InvalidSealKey: for anything else.
    """
    return [former_key(text) for text in settings.AUDIT_SEAL_FORMER_KEYS]


def former_key(text: str) -> tuple[Ed25519PublicKey, LastSeal]:
    """Read one former key, ``KEY:NUMBER:HASH``.

    :raises InvalidSealKey: for anything else.
    """
    match = FORMER_KEY.fullmatch(text.strip())
    key = public_key(match["key"] if match else text)
    if match is None:
        raise InvalidSealKey(
            "AUDIT_SEAL_FORMER_KEYS does not say of a key which seal was its last: write KEY:NUMBER:HASH, as "
            "`manage.py seal_keys` prints it."
        )
    return key, LastSeal(int(match["number"]), match["hash"])


def written_keys() -> dict[str, str]:
    """Write every key as settings and verifier take it, by its id: a former one with its last seal.

    :raises InvalidSealKey: for a setting that is no such key.
    """
    last = last_seals()
    return {
        name: with_last(key, last[name]) if name in last else written_key(key) for name, key in public_keys().items()
    }


def with_last(key: Ed25519PublicKey, last: LastSeal) -> str:
    """Write a former key together with the last seal it signed."""
    return f"{written_key(key)}:{last.number}:{last.hash}"


def public_key(text: str) -> Ed25519PublicKey:
    """Read a public key: PEM, or Base64 of its 32 bytes.

    :raises InvalidSealKey: for anything else.
    """
    try:
        if "-----BEGIN" in text:
            key = load_pem_public_key(text.replace("\\n", "\n").encode())
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise InvalidSealKey("AUDIT_SEAL_FORMER_KEYS holds a text that is no public Ed25519 key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidSealKey("AUDIT_SEAL_FORMER_KEYS holds a public key of another kind than Ed25519.")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Name a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:KEY_ID_DIGITS]


def written_key(key: Ed25519PublicKey) -> str:
    """Write a public key in Base64, as keys.json and the verify page show it."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def sign(key: Ed25519PrivateKey, text: str) -> str:
    """Sign a text's UTF-8 bytes; the signature in Base64."""
    return base64.b64encode(key.sign(text.encode())).decode()


def is_signed(key: Ed25519PublicKey, text: str, signature: str) -> bool:
    """Tell whether a Base64 signature over a text was made by this key."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
