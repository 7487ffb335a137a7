"""A passkey in software: makes and uses keys as a browser and a device would, well or badly."""

import base64
import json
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

AAGUID = bytes(16)
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class SoftPasskey:
    """One device, one key. `verifies`: whether it asks for a fingerprint or PIN; `counter`: how often it was used."""

    site: str = "testserver"
    scheme: str = "https"
    verifies: bool = True
    counter: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: token_bytes(16))

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.site}"

    def register(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.create`."""
        public_key = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))  # type: ignore[no-untyped-call]
        attested = AAGUID + struct.pack(">H", len(self.credential_id)) + self.credential_id + public_key
        data = self.authenticator_data(ATTESTED) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self.client_data("webauthn.create", options["publicKey"]["challenge"])
        return self.answer({"attestationObject": text(attestation), "clientDataJSON": text(client_data)})

    def use(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.get`."""
        self.counter += 1
        data = self.authenticator_data()
        client_data = self.client_data("webauthn.get", options["publicKey"]["challenge"])
        signature = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self.answer(
            {"authenticatorData": text(data), "clientDataJSON": text(client_data), "signature": text(signature)}
        )

    def authenticator_data(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return sha256(self.site.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def answer(self, response: dict[str, str]) -> str:
        identifier = text(self.credential_id)
        return json.dumps({"id": identifier, "rawId": identifier, "type": "public-key", "response": response})
