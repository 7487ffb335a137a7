"""Callers of the sandbox, signing as the contracts say, over a socket or in process."""

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.messages import Reply, Request

PARTNER = "demo-partner"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CLIENT_ID = "11111111-2222-4333-8444-555555555555"
SECRET = "sandbox_test_secret_000102030405"
#: 2026-11-20T10:00:00.25Z
NOW_NS = 1_795_168_800_250_000_000
_nonces = count()


class ManualClock(Clock):
    """Stands still until told otherwise; sleeping moves it on."""

    def __init__(self, at_ns: int = NOW_NS) -> None:
        self.at_ns = at_ns
        super().__init__(now_ns=lambda: self.at_ns, sleep=self.advance)

    def advance(self, seconds: float) -> None:
        self.at_ns += round(seconds * 1_000_000_000)


def coinmena_request(
    method: str,
    target: str,
    body: bytes = b"",
    *,
    at_ms: int,
    partner: str = PARTNER,
    key: Ed25519PrivateKey = KEY,
    separator: str = "\n",
    include_query: bool = False,
) -> Request:
    path = target if include_query else target.partition("?")[0]
    text = separator.join([str(at_ms), method, path, hashlib.sha256(body).hexdigest()])
    headers = {
        "x-partner-id": partner,
        "x-timestamp": str(at_ms),
        "x-signature": base64.b64encode(key.sign(text.encode())).decode(),
        **({"content-type": "application/json"} if body else {}),
    }
    return Request(method, target, headers, body)


def bitnob_request(
    method: str, target: str, body: bytes = b"", *, at_s: int, nonce: str | None = None, secret: str = SECRET
) -> Request:
    nonce = nonce or f"{next(_nonces):032x}"
    text = f"{CLIENT_ID}:{at_s}:{nonce}:".encode() + body
    headers = {
        "x-auth-client": CLIENT_ID,
        "x-auth-timestamp": str(at_s),
        "x-auth-nonce": nonce,
        "x-auth-signature": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
    }
    return Request(method, target, headers, body)


@dataclass
class Partners:
    """Both partners and the control path, asked through `send`; requests are signed at the sandbox's time."""

    sandbox: Sandbox
    send: Callable[[Request], Reply]

    def coinmena(self, method: str, target: str, content: Any = None, **signing: Any) -> Reply:
        body = b"" if content is None else json.dumps(content).encode()
        at_ms = self.sandbox.clock.milliseconds()
        return self.send(coinmena_request(method, target, body, at_ms=at_ms, **signing))

    def bitnob(self, target: str, method: str = "GET") -> Reply:
        return self.send(bitnob_request(method, target, at_s=self.sandbox.clock.seconds()))

    def control(self, method: str, path: str, content: Any = None) -> Any:
        body = b"" if content is None else json.dumps(content).encode()
        reply = self.send(Request(method, f"/control/{path}", {}, body))
        assert reply.status == 200, reply.body
        return reply.json

    def fault(self, action: dict[str, Any], **rule: Any) -> None:
        match = {name: rule.pop(name) for name in ("method", "path", "reference", "client", "query") if name in rule}
        self.control("POST", "faults", {"match": match, "action": action, **rule})

    def fund(self, reference: str, amount: str = "100.00", **changes: Any) -> Reply:
        content = {
            "partner_client_id": "user_12345",
            "asset_id": "USD",
            "amount": amount,
            "partner_order_ref": reference,
        }
        return self.coinmena("POST", "/v1/partner/deposits", {**content, **changes})

    def withdraw(self, reference: str, amount: str = "100.00", **changes: Any) -> Reply:
        content = {
            "partner_client_id": "user_12345",
            "asset_id": "USD",
            "amount": amount,
            "partner_order_ref": reference,
        }
        return self.coinmena("POST", "/v1/partner/withdrawals", {**content, **changes})

    def lookup(self, reference: str) -> Reply:
        return self.coinmena("GET", f"/v1/partner/orders/ref/{reference}")

    def available(self, client: str = "user_12345", asset: str = "USD") -> str:
        reply = self.coinmena("GET", f"/v1/partner/balances/{asset}?partner_client_id={client}")
        text: str = reply.json["result"]["available_balance"]
        return text


class Line:
    """One kept-alive HTTP connection to a sandbox server."""

    def __init__(self, port: int, timeout: float = 60) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __call__(self, request: Request) -> Reply:
        try:
            self.connection.request(request.method, request.target, request.body or None, dict(request.headers))
            answer = self.connection.getresponse()
            return Reply(answer.status, answer.read(), tuple(answer.getheaders()))
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        self.connection.close()
