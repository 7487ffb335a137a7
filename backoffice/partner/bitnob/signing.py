"""Sign a request to Bitnob: HMAC-SHA256 over client, time, nonce and body.

https://docs.bitnob.com/api-reference/authentication. Unlike at CoinMENA the time is in seconds, and neither method nor
path is signed; a nonce is good once, so every try is signed anew.
"""

import hashlib
import hmac
import secrets
from typing import Final

from backoffice.partner.bitnob.config import BitnobConfig
from backoffice.partner.http import Authorization

_NONCE_BYTES: Final = 16
_MS_PER_SECOND: Final = 1000


def new_nonce() -> str:
    """Return a nonce never used before: 16 random bytes in hexadecimal digits."""
    return secrets.token_hex(_NONCE_BYTES)


def sign(config: BitnobConfig, timestamp: int, nonce: str, body: bytes) -> Authorization:
    """Return the four headers that make a request ours; `timestamp` is Unix time in seconds."""
    text = f"{config.client_id}:{timestamp}:{nonce}:".encode() + body
    headers = {
        "X-Auth-Client": config.client_id,
        "X-Auth-Timestamp": str(timestamp),
        "X-Auth-Nonce": nonce,
        "X-Auth-Signature": hmac.new(config.client_secret.encode(), text, hashlib.sha256).hexdigest(),
    }
    return Authorization(headers, timestamp * _MS_PER_SECOND)
