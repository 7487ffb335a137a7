"""Both partners in the tests: the sandbox as a process of its own, spoken to over real HTTP, and its control path.

Use the fixture ``partners``: it begins every test with empty books and points the settings at the sandbox.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import Any, Final
from urllib.parse import quote

import pytest
import requests
from pytest_django.fixtures import Settings

from backoffice.mirror.partners import forget_clients

ROOT: Final = Path(__file__).resolve().parent.parent
_START_SECONDS: Final = 30
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:[0-9]+")
_ANSWER_SECONDS: Final = 60
#: Longer than any test: `up` ends it.
_DOWN_SECONDS: Final = 600


@dataclass
class Partners:
    """The control path of a running sandbox. Amounts go in and come out as the partner's own texts."""

    address: str
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def reset(self, history: str = "none", seed: int = 1) -> None:
        """Empty the books, the faults, the clock and the settings; begin with a history if one is named."""
        self.control("POST", "reset", {"history": history, "seed": seed})

    def fault(
        self, kind: str, *, match: dict[str, Any] | None = None, nth: int = 1, times: int | None = 1, **action: Any
    ) -> int:
        """Make requests that fit ``match`` go wrong, from the ``nth`` on, ``times`` times; return the fault's id."""
        rule = {"match": match or {}, "action": {"kind": kind, **action}, "nth": nth, "times": times}
        return int(self.control("POST", "faults", rule)["id"])

    def clear_faults(self) -> list[dict[str, Any]]:
        """Take all faults away and return them, each with how often it ``fired``."""
        return list(self.control("DELETE", "faults")["faults"])

    def ledger(self, **narrowed: str) -> dict[str, Any]:
        """Return what really happened at the partners: orders, arrivals, balances, movements, transactions.

        :param narrowed: ``reference``, ``client`` or ``after`` (an order id).
        """
        return self.control("GET", "ledger", params=narrowed)

    def orders_under(self, reference: str) -> list[dict[str, Any]]:
        """Return the orders the partner holds under one reference; more than one means money was doubled."""
        return list(self.ledger(reference=reference)["orders"])

    def balance(self, client: str, asset: str) -> Decimal:
        """Return what a client really has."""
        balance = self.ledger(client=client)["balances"][client].get(asset)
        return Decimal(balance["balance"]) if balance else Decimal(0)

    def requests_made(self) -> Any:
        """Return how many requests came in, as the sandbox counts them."""
        return self.ledger()["requests"]

    def make_client(self, partner_client_id: str, **details: Any) -> dict[str, Any]:
        """Register a client: ``status``, ``active``, ``country_id``, ``first_name``, ``last_name``."""
        made = self.control("POST", "clients", {"partner_client_id": partner_client_id, **details})
        return dict(made["clients"][0])

    def set_client(self, partner_client_id: str, **details: Any) -> dict[str, Any]:
        """Change a client behind our back: ``status``, ``active``, ``country_id``, names."""
        return self.control("POST", f"clients/{quote(partner_client_id, safe='')}", details)

    def set_asset(self, asset_id: str, **flags: bool) -> dict[str, Any]:
        """Change ``published``, ``depositable`` or ``withdrawable`` of an asset."""
        return self.control("POST", f"assets/{asset_id}", flags)

    def make_order(
        self, client: str, type: str = "deposit", asset: str = "USD", amount: str = "100.00", **details: Any
    ) -> dict[str, Any]:
        """Book an order made elsewhere: ``reference``, ``status``, ``created_at``, ``unknown_client``, ``overdraw``.

        It is ten minutes old unless ``created_at`` says otherwise, because a sync leaves the last two minutes alone.
        """
        details.setdefault("created_at", minutes_ago(10))
        order = {"client": client, "type": type, "asset": asset, "amount": amount, **details}
        made = self.control("POST", "orders", order)
        return dict(made["orders"][0])

    def make_orders(self, count: int, days: int = 30, seed: int = 1) -> None:
        """Book many orders at once, spread over the last ``days``."""
        self.control("POST", "orders", {"bulk": {"count": count, "days": days, "seed": seed}})

    def change_order(self, order_id: int, **changes: Any) -> dict[str, Any]:
        """Change an order that is there: ``status``, ``amount``, or ``hidden=True`` to make it vanish."""
        return self.control("POST", f"orders/{order_id}", changes)

    def make_transaction(
        self, *, currency: str = "USDT", amount: str = "1000000", state: str = "SETTLED", **details: Any
    ) -> dict[str, Any]:
        """Book one of Bitnob's transactions; ``amount`` in the smallest unit."""
        named = {"type": "DEPOSIT_CONFIRMED", "reference": "RCV_TEST", **details}
        named |= {"currency": currency, "amount": amount, "state": state}
        made = self.control("POST", "transactions", named)
        return dict(made["transactions"][0])

    def move_transaction(self, transaction_id: str, state: str, **details: Any) -> list[dict[str, Any]]:
        """Put a transaction into another state and return the rows that changed or came."""
        moved = self.control("POST", f"transactions/{transaction_id}/state", {"state": state, **details})
        return list(moved["transactions"])

    def adjust(self, client: str, asset: str, *, change: str = "0", held: str = "0") -> None:
        """Move a balance without an order: ``change`` adds, ``held`` is what cannot be withdrawn."""
        self.control("POST", "adjustments", {"client": client, "asset": asset, "change": change, "held": held})

    def clock(self, offset_seconds: float) -> None:
        """Put the partners' clock ahead of ours, or behind it below zero."""
        self.control("POST", "clock", {"offset_seconds": offset_seconds})

    def settings(self, **switches: Any) -> None:
        """Change what the partners' documents leave open, such as ``latency_ms`` or ``order_shape``."""
        self.control("POST", "settings", switches)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse every new connection inside the block; the control path keeps the one it has."""
        self.control("POST", "down", {"seconds": _DOWN_SECONDS})
        try:
            yield
        finally:
            self.control("POST", "down", {"seconds": 0})

    def control(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, params: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask the control path and return its answer; what it refuses fails the test with its sentence."""
        answer = self._session.request(
            method,
            f"{self.address}/control/{path}",
            params=params,
            json=body,
            timeout=_ANSWER_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json() or {})

    def close(self) -> None:
        self._session.close()


def minutes_ago(minutes: float) -> str:
    """Return an instant as the control path takes it."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def running_sandbox(*options: str, module: str = "backoffice.sandbox") -> Iterator[Partners]:
    """Run the sandbox in a process of its own on a free loopback port, and end it after the block.

    :param module: what is run instead by tests that need a sandbox of their own making.
    """
    command = [sys.executable, "-m", module, "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        running = Partners(_address_of(process))
        yield running
        running.close()
    finally:
        process.terminate()
        process.communicate(timeout=_START_SECONDS)


def _address_of(process: "subprocess.Popen[str]") -> str:
    """Return the address the sandbox says it listens at. One that says nothing in time is killed."""
    assert process.stdout is not None
    impatience = Timer(_START_SECONDS, process.kill)
    impatience.start()
    try:
        said = process.stdout.readline()
    finally:
        impatience.cancel()
    found = _ADDRESS.search(said)
    assert found, f"The sandbox did not start; it said {said!r}."
    return found.group()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Partners]:
    """The sandbox every test of this process shares; tests use ``partners``."""
    with running_sandbox() as running:
        yield running


@pytest.fixture
def partners(sandbox: Partners, settings: Settings) -> Iterator[Partners]:
    """Both partners with empty books (assets only), and the settings pointed at them."""
    sandbox.reset()
    settings.COINMENA_BASE_URL = settings.BITNOB_BASE_URL = sandbox.address
    forget_clients()
    yield sandbox
    forget_clients()
