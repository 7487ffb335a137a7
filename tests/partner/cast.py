"""What the tests of the partner layer share: a clock that stands still, configurations, exchanges made to measure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backoffice.partner.bitnob.config import BitnobConfig
from backoffice.partner.coinmena.config import CoinmenaConfig, load_private_key
from backoffice.partner.exchange import AnswerHeaders, Exchange, Fault

EXAMPLES = Path(__file__).parent / "examples"
SEED = bytes(range(32))
NOON = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


class StillClock:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self, wall: float = NOON.timestamp()) -> None:
        self.passed = 0.0
        self._began = wall
        self.slept: list[float] = []

    def wall(self) -> float:
        return self._began + self.passed

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


def example(name: str) -> bytes:
    """Return a partner's own JSON example as bytes."""
    return (EXAMPLES / f"{name}.json").read_bytes()


def coinmena_config(base_url: str = "https://external-api.coinmena.com", **changes: Any) -> CoinmenaConfig:
    """Return our account of the worked examples in the contract."""
    return CoinmenaConfig(base_url=base_url, partner_id="partner-1", private_key=load_private_key(SEED), **changes)


def bitnob_config(base_url: str = "https://api.bitnob.com", **changes: Any) -> BitnobConfig:
    """Return our account of the worked examples in the contract."""
    return BitnobConfig(
        base_url=base_url,
        client_id="11111111-2222-4333-8444-555555555555",
        client_secret="sandbox_test_secret_000102030405",
        environment=changes.pop("environment", "sandbox"),
        requests_per_minute=changes.pop("requests_per_minute", 60_000),
        **changes,
    )


def answered(
    status: int | None,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    fault: Fault | None = None,
    sent: bool = True,
) -> Exchange:
    """Return one exchange that ended like this."""
    return Exchange(
        request_id="0" * 32,
        method="POST",
        path="/v1/partner/deposits",
        started_at=NOON,
        duration_seconds=0.1,
        status=status,
        headers=AnswerHeaders(**(headers or {})),
        body=body,
        fault=fault,
        bytes_may_have_been_sent=sent,
    )


def http_answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return a whole HTTP answer as it travels."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
