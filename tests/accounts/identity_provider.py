"""A small OpenID Connect provider over real HTTP, honest unless a test makes it lie."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "back-office", "only-for-the-tests-of-the-provider"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class IdentityProvider:
    """What the provider knows and says. ``claims`` are laid over the honest ones; None takes one away."""

    def __init__(self, address: str) -> None:
        self.address = self.issuer = address
        self.claims: dict[str, Any] = {}
        self.key: Any = KEY
        self.algorithm, self.key_id, self.published_id = "RS256", "first", "first"
        self.told: dict[str, Any] = {}
        self.status = 200
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.token_forms: list[dict[str, str]] = []

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **self.told,
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
        return {"keys": [{**public, "kid": self.published_id, "use": "sig", "alg": "RS256"}]}

    def authorize(self, query: dict[str, str]) -> str:
        """Sign the person in, and send the browser back with a code."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.token_forms.append(form)
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("client_secret") != CLIENT_SECRET or not proves(form, asked):
            return 400, {"error": "invalid_grant"}
        return self.status, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(asked)}

    def id_token(self, asked: dict[str, str]) -> str:
        honest = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "staff-17",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": asked.get("nonce"),
            "email": "maya@example.com",
            "email_verified": True,
        }
        said = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        return jwt.encode(said, self.key, self.algorithm, headers={"kid": self.key_id})


def proves(form: dict[str, str], asked: dict[str, str]) -> bool:
    """Whether whoever brings the code began the sign-in (PKCE)."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked.get("code_challenge")


def flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def running() -> Iterator[IdentityProvider]:
    """Run a provider on a free port of this machine."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            known.asked.append(at.path)
            if at.path == "/authorize":
                self.answer(302, {}, Location=known.authorize(flat(at.query)))
            elif at.path == "/moved":
                self.answer(302, {}, Location=f"{known.address}/keys")
            elif at.path == "/keys":
                self.answer(known.status, known.keys())
            else:
                self.answer(known.status, known.configuration())

        def do_POST(self) -> None:
            form = flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
            known.asked.append(self.path)
            self.answer(*known.token(form))

        def answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(text)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    known = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
