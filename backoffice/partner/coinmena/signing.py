"""Sign a request to CoinMENA: Ed25519 over timestamp, method, path and the digest of the body.

The partner's page (https://docs.coinmena.com/docs/authentication) leaves open what joins the parts and whether the
path carries the query; both are settings, and the test vectors cover every combination.
"""

import base64
import hashlib
from typing import Final

from backoffice.partner.coinmena.config import CoinmenaConfig
from backoffice.partner.http import Authorization

#: A timestamp ahead of the partner's clock by even a little is refused, one behind is good for 60 seconds.
SAFETY_MARGIN_MS: Final = 1000


def canonical_text(config: CoinmenaConfig, timestamp_ms: int, method: str, target: str, body: bytes) -> str:
    """Return the text that is signed; `target` is path and query exactly as sent."""
    path = target if config.include_query else target.partition("?")[0]
    return config.separator.join([str(timestamp_ms), method.upper(), path, hashlib.sha256(body).hexdigest()])


def sign(config: CoinmenaConfig, timestamp_ms: int, method: str, target: str, body: bytes) -> Authorization:
    """Return the three headers that make a request ours."""
    text = canonical_text(config, timestamp_ms, method, target, body)
    signature = base64.b64encode(config.private_key.sign(text.encode())).decode("ascii")
    headers = {"X-Partner-ID": config.partner_id, "X-Timestamp": str(timestamp_ms), "X-Signature": signature}
    return Authorization(headers, timestamp_ms)


def timestamp_of(wall_seconds: float) -> int:
    """Return the timestamp to sign with at `wall_seconds` of Unix time: milliseconds, one second behind."""
    return int(wall_seconds * 1000) - SAFETY_MARGIN_MS
