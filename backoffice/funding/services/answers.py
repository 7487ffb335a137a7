"""The columns that every answer has, of an attempt or of a look-up: bounded, exact, ready for the database."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from backoffice.database import clock
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import Evidence

KEPT_BYTES: Final = 64 * 1024
_CODE_LENGTH: Final = 32


def code_text(code: int | str | None) -> str:
    """Return the partner's code as it is stored, cut where the partner sent more than any code has."""
    return "" if code is None else str(code)[:_CODE_LENGTH]


def answer_fields(
    exchange: Exchange | None, *, evidence: Evidence, sentence: str, code: int | str | None = None
) -> dict[str, Any]:
    """Return what is kept of an exchange and of what it proves."""
    fields: dict[str, Any] = {
        "evidence": evidence.value,
        "code": code_text(code),
        "sentence": sentence,
        "recorded_at": clock.now(),
    }
    if exchange is not None:
        fields |= {
            "http_status": exchange.status,
            "raw": exchange.body[:KEPT_BYTES],
            "raw_digest": hashlib.sha256(exchange.body).hexdigest(),
            "partner_date": exchange.partner_date,
            "duration_ms": round(exchange.duration_seconds * 1000),
            "request_id": exchange.request_id,
        }
    return fields


def signed_at(exchange: Exchange) -> datetime | None:
    """Return the timestamp the request carried, or None where nothing was signed."""
    if exchange.signed_timestamp_ms is None:
        return None
    return datetime.fromtimestamp(exchange.signed_timestamp_ms / 1000, UTC)
