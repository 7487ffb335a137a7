"""How the two partners tell who is calling: their own verification, written from their documents alone."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from threading import Lock
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.messages import Request
from backoffice.sandbox.switches import Switches

COINMENA_WINDOW_MS: Final = 60_000
BITNOB_WINDOW_SECONDS: Final = 300
BITNOB_NONCE_MEMORY_SECONDS: Final = 600
_LONGEST_NONCE: Final = 64
_DIGITS: Final = re.compile(r"[0-9]{1,16}")


class Unauthorized(Exception):
    """The caller could not be told; `str()` names the check, for Bitnob's answer and for the tests."""


class CoinMenaDoor:
    """Ed25519 over timestamp, method, path and body hash; at most 60 seconds old and never from the future."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey], clock: Clock, switches: Switches) -> None:
        self._keys = keys
        self._clock = clock
        self._switches = switches

    def partner_of(self, request: Request) -> str:
        """Return the partner who signed `request`.

        :raises Unauthorized: for any fault; the answer to all of them is one and the same.
        """
        self._check_address(request.address)
        timestamp = request.headers.get("x-timestamp", "")
        self._check_age(timestamp)
        partner = request.headers.get("x-partner-id", "")
        self._check_signature(partner, request.headers.get("x-signature", ""), self.canonical(timestamp, request))
        return partner

    def canonical(self, timestamp: str, request: Request) -> str:
        """Return the text that is signed, under the readings in force."""
        path = request.target if self._switches.sign_include_query else request.path
        parts = (timestamp, request.method.upper(), path, hashlib.sha256(request.body).hexdigest())
        return self._switches.sign_separator.join(parts)

    def _check_address(self, address: str) -> None:
        allowed = self._switches.coinmena_addresses
        if allowed is not None and address not in allowed:
            raise Unauthorized("address not on the list")

    def _check_age(self, timestamp: str) -> None:
        if not _DIGITS.fullmatch(timestamp):
            raise Unauthorized("timestamp missing or not in digits")
        age = self._clock.milliseconds() - int(timestamp)
        if age < 0:
            raise Unauthorized("timestamp in the future")
        if age > COINMENA_WINDOW_MS:
            raise Unauthorized("timestamp too old")

    def _check_signature(self, partner: str, signature: str, text: str) -> None:
        key = self._keys.get(partner)
        if key is None:
            raise Unauthorized("unknown partner")
        try:
            key.verify(base64.b64decode(signature, validate=True), text.encode())
        except (binascii.Error, ValueError) as error:
            raise Unauthorized("signature is not standard Base64") from error
        except InvalidSignature as error:
            raise Unauthorized("signature does not fit") from error


class BitnobDoor:
    """HMAC-SHA256 over client id, timestamp, nonce and body; five minutes either way; no nonce twice."""

    def __init__(self, client_id: str, secret: str, clock: Clock) -> None:
        self._client_id = client_id
        self._secret = secret.encode()
        self._clock = clock
        self._nonces: dict[str, int] = {}
        self._lock = Lock()

    def check(self, request: Request) -> None:
        """Raise `Unauthorized` with the partner's sentence unless the caller holds the secret."""
        client, timestamp, nonce, signature = (
            request.headers.get(f"x-auth-{name}", "") for name in ("client", "timestamp", "nonce", "signature")
        )
        if not (client and timestamp and nonce and signature):
            raise Unauthorized("Missing authentication header")
        self._check_age(timestamp)
        expected = self._signature(client, timestamp, nonce, request.body)
        if client != self._client_id or not hmac.compare_digest(expected, signature.encode()):
            raise Unauthorized("Invalid HMAC signature")
        self._remember(nonce)

    def _signature(self, client: str, timestamp: str, nonce: str, body: bytes) -> bytes:
        text = f"{client}:{timestamp}:{nonce}:".encode() + body
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest().encode()

    def _check_age(self, timestamp: str) -> None:
        if not _DIGITS.fullmatch(timestamp) or abs(self._clock.seconds() - int(timestamp)) > BITNOB_WINDOW_SECONDS:
            raise Unauthorized("Timestamp outside of the allowed window")

    def _remember(self, nonce: str) -> None:
        """Take a nonce once. Only correctly signed requests come here, so nobody else can use one up."""
        if len(nonce) > _LONGEST_NONCE:
            raise Unauthorized("Invalid nonce")
        now = self._clock.seconds()
        with self._lock:
            self._forget_before(now - BITNOB_NONCE_MEMORY_SECONDS)
            if nonce in self._nonces:
                raise Unauthorized("Nonce already used")
            self._nonces[nonce] = now

    def _forget_before(self, second: int) -> None:
        """Drop the nonces that came before `second`: the oldest stand first."""
        while self._nonces and self._nonces[oldest := next(iter(self._nonces))] < second:
            del self._nonces[oldest]
