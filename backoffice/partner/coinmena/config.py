"""What the settings say about CoinMENA, as one frozen value."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backoffice.partner.addresses import parse_base_url

DEFAULT_DEADLINE_SECONDS: Final = 25.0
_SEED_BYTES: Final = 32


class InvalidPrivateKey(ValueError):
    """The private key in the settings cannot be used. Never repeats the key."""


@dataclass(frozen=True, slots=True)
class CoinmenaConfig:
    """Address, identity and signing of our partner account.

    `separator` (line feed, or nothing) and `include_query` switch between the readings of the partner's signing page.
    Raises `AddressRefused` for an address no partner may have.
    """

    base_url: str
    partner_id: str
    private_key: Ed25519PrivateKey = field(repr=False)
    separator: str = "\n"
    include_query: bool = False
    deadline_seconds: float = DEFAULT_DEADLINE_SECONDS

    def __post_init__(self) -> None:
        parse_base_url(self.base_url)

    @property
    def environment(self) -> str:
        """A digest of address and partner id: two orders of one environment live in one namespace of references."""
        return hashlib.sha256(f"{parse_base_url(self.base_url)}\n{self.partner_id}".encode()).hexdigest()


def load_private_key(text: str | bytes) -> Ed25519PrivateKey:
    r"""Return the signing key from a PEM text (``\n`` may stand for line ends), or from its 32 raw bytes.

    The raw bytes may also be written in Base64 or as hexadecimal digits. Raises `InvalidPrivateKey`.
    """
    if isinstance(text, str) and "-----BEGIN" in text:
        return _from_pem(text.replace("\\n", "\n"))
    seed = text if isinstance(text, bytes) else _seed_of(text.strip())
    if len(seed) != _SEED_BYTES:
        raise InvalidPrivateKey("The private key is neither a PEM text nor 32 bytes in Base64 or hexadecimal digits.")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _from_pem(text: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidPrivateKey("The private key is not a readable PEM text without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidPrivateKey("The private key is not an Ed25519 key.")
    return key


def _seed_of(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda encoded: base64.b64decode(encoded, validate=True)):
        try:
            return decode(text)
        except (ValueError, binascii.Error):
            continue
    return b""
