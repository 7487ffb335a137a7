"""Bundles that nobody's product made: what somebody would hand an auditor."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import FIRST_HASH

Row = dict[str, Any]
NO_WORDS = ("role", "delegate_of", "address", "request_id", "object_type", "object_id", "client", "reason")


def entries(count: int, who: str = "Maya Haddad") -> list[Row]:
    """A chain of entries that is whole in itself."""
    made: list[Row] = []
    for number in range(1, count + 1):
        prev = made[-1]["hash"] if made else FIRST_HASH
        row = {
            **dict.fromkeys(NO_WORDS, ""),
            **{"number": number, "at": "2026-11-21T10:00:00.000000Z", "event": "audit.read", "person_id": None},
            **{"who": who, "before": None, "after": None, "result": "done", "version": 1, "prev": prev},
        }
        made.append({"canonical": canonical_text(row), "hash": digest(canonical_text(row)), "row": row})
    return made


def seals(log: list[Row], key: Ed25519PrivateKey) -> list[Row]:
    """A seal of each entry, signed by a key."""
    made: list[Row] = []
    for number, entry in enumerate(log, 1):
        prev = made[-1]["hash"] if made else FIRST_HASH
        row = {"version": 1, "number": number, "entry": number, "count": 1, "head_hash": entry["hash"], "prev": prev}
        row |= {"at": "2026-11-21T10:05:00.000000Z", "key_id": digest_of(key)}
        text = canonical_text(row)
        signature = base64.b64encode(key.sign(text.encode())).decode()
        made.append({"canonical": text, "hash": digest(text), "signature": signature, "file": None, "row": row})
    return made


def digest_of(key: Ed25519PrivateKey) -> str:
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def lines(rows: list[Row]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def bundle(path: Path, log: list[Row], sealed: list[Row], key: Ed25519PrivateKey | None, **more: Any) -> Path:
    """Write a bundle; ``more`` goes over what it says of itself, ``entries`` over its entries."""
    text = more.pop("entries", lines(log))
    about = {"made_at": "2026-11-21T11:00:00.000000Z", "has_second_place": False, "set_aside": [], "guards": []}
    head = {"number": len(log), "hash": log[-1]["hash"]}
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("log.json", json.dumps({**about, "head": head, **more}))
        file.writestr("keys.json", json.dumps({"keys": {digest_of(key): public(key)} if key else {}}))
        file.writestr("seals.jsonl", lines(sealed))
        file.writestr("entries.jsonl", text)
    return path
