"""Bitnob transactions of the history: every documented type and state, and some that are not documented."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final
from uuid import UUID

from backoffice.sandbox.bitnob.ledger import BitnobLedger, reversal_of
from backoffice.sandbox.bitnob.records import COMPANY_ID, Transaction
from backoffice.sandbox.clock import DAY, MICROSECONDS

_CHAINS: Final = {"USDT": "tron", "USDC": "base", "BTC": "bitcoin", "ETH": "ethereum"}
#: What the accounts hold before the history begins, in the smallest unit: enough for every debit in it.
_OPENINGS: Final = {
    "BTC": 450_000_000,
    "ETH": 95_000_000_000_000_000_000,
    "NGN": 9_800_000_000,
    "USD": 40_000_000,
    "USDC": 380_000_000_000,
    "USDT": 640_000_000_000,
}
#: What a transaction of each currency moves at most.
_LARGEST: Final = {
    "BTC": 3_000_000,
    "ETH": 2_000_000_000_000_000_000,
    "NGN": 90_000_000,
    "USD": 250_000,
    "USDC": 2_500_000_000,
    "USDT": 5_000_000_000,
}
_WITHDRAWAL_FEES: Final = {"BTC": 1_500, "ETH": 2_100_000_000_000_000, "USDC": 500_000, "USDT": 1_000_000}
_YOUNG: Final = 2 * DAY


def write_transactions(ledger: BitnobLedger, seed: int, count: int, *, now: int, days: int) -> None:
    """Open the accounts and store `count` transactions over so many days, the newest a few minutes old."""
    random = Random(f"{seed}:transactions")  # noqa: S311 - a story, not a secret
    story = TransactionStory(random, now)
    begins = now - days * DAY
    for currency, opening in _OPENINGS.items():
        ledger.open_account(
            account_id=story.new_id(), currency=currency, opening=opening, created_at=begins - 30 * DAY + 531_010
        )
    moments = sorted(random.randrange(begins, now - 120 * MICROSECONDS) for _ in range(count))
    ledger.add(list(story.told(moments)))


class TransactionStory:
    """Makes up transactions, some of them in pairs."""

    def __init__(self, random: Random, now: int) -> None:
        self._random = random
        self._now = now
        self._tellers: dict[Callable[[int], list[Transaction]], int] = {
            self._deposit: 34,
            self._withdrawal: 27,
            self._failed_withdrawal: 1,
            self._p2p_transfer: 10,
            self._swap: 7,
            self._trade: 6,
            self._fx_rebalancing: 3,
            self._fee_only: 4,
            self._card_topup: 4,
            self._reversed_withdrawal: 3,
            self._trade_hold: 3,
        }

    def told(self, moments: list[int]) -> Iterator[Transaction]:
        """Yield one transaction for each moment: every kind once, then as chance has it, at last what is on its way."""
        *moments, detected, pending, created, in_progress, held = moments
        tellers, weights = list(self._tellers), list(self._tellers.values())
        in_turn = list(tellers)
        while moments:
            teller = in_turn.pop() if in_turn else self._random.choices(tellers, weights)[0]
            rows = teller(moments[0])[: len(moments)]
            del moments[: len(rows)]
            yield from rows
        yield self._deposit_row(detected, "DEPOSIT_DETECTED", "PENDING")
        yield self._deposit_row(pending, "DEPOSIT_PENDING", "IN_PROGRESS")
        yield self._withdrawal_row(created, "WITHDRAWAL_INITIATED", "PENDING")
        yield self._withdrawal_row(in_progress, "WITHDRAWAL_INITIATED", "IN_PROGRESS")
        yield from self._trade_hold(held)

    def new_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _deposit(self, at: int) -> list[Transaction]:
        return [self._deposit_row(at, "DEPOSIT_CONFIRMED", "SETTLED")]

    def _deposit_row(self, at: int, type: str, state: str) -> Transaction:
        """A deposit on a blockchain; a few are simulated, as a sandbox's are."""
        currency = self._random.choice(("USDT", "USDT", "USDC", "BTC", "ETH"))
        units, digest = self._units(currency), f"{self._random.getrandbits(256):064x}"
        metadata = {
            "address": f"{_CHAINS[currency]}-{digest[:24]}",
            "chain": _CHAINS[currency],
            "channel": "onchain",
            "company_id": COMPANY_ID,
            "deposit_type": "onchain",
            "explorer_url": f"https://explorer.invalid/tx/{digest}",
            "tx_hash": digest,
            "original_amount": str(units),
            "settlement_type": "deposit",
            "is_simulated": self._random.random() < 0.06,
        }
        if currency == "BTC":
            metadata["btc_spot_price"] = f"{self._random.randrange(90_000, 105_000)}.10"
        reference = f"RCV_{digest[:12].upper()}"
        return self._row(at, type, state, currency, units, reference, metadata, idempotency_key=f"dep-{digest[:8]}")

    def _withdrawal(self, at: int) -> list[Transaction]:
        return [self._withdrawal_row(at, "WITHDRAWAL_INITIATED", self._late_state(at))]

    def _failed_withdrawal(self, at: int) -> list[Transaction]:
        return [self._withdrawal_row(at, "WITHDRAWAL_FAILED", "FAILED")]

    def _withdrawal_row(self, at: int, type: str, state: str) -> Transaction:
        currency = self._random.choice(("USDT", "USDT", "USDC", "BTC", "ETH"))
        metadata = {"channel": "onchain", "chain": _CHAINS[currency], "side": "debit"}
        reference = f"wd_{self._random.getrandbits(32):08x}"
        fee = _WITHDRAWAL_FEES[currency]
        return self._row(at, type, state, currency, -self._units(currency), reference, metadata, fee=fee)

    def _reversed_withdrawal(self, at: int) -> list[Transaction]:
        """A withdrawal that had settled and was taken back: the row turns REVERSED, another row returns the money."""
        row = self._withdrawal_row(at, "WITHDRAWAL_INITIATED", "REVERSED")
        row = replace(row, updated_at=min(at + DAY, self._now))
        return [row, reversal_of(row, transaction_id=self.new_id(), at=row.updated_at)]

    def _p2p_transfer(self, at: int) -> list[Transaction]:
        currency = self._random.choice(("NGN", "USDT"))
        units = self._units(currency) * self._random.choice((1, -1))
        reference = f"p2p_{self._random.getrandbits(40):010x}"
        return [self._row(at // 1_000 * 1_000, "P2P_TRANSFER", self._late_state(at), currency, units, reference)]

    def _swap(self, at: int) -> list[Transaction]:
        """Both legs of an exchange inside Bitnob: one reference, one trade, two transactions."""
        return self._two_legs(at, "SWAP_INTERNAL", "SWAP_INTERNAL", "swap")

    def _trade(self, at: int) -> list[Transaction]:
        """Both legs of a trade, under types the partner's list does not name."""
        return self._two_legs(at, "TRADE_DEBIT", "TRADE_CREDIT", "trd")

    def _two_legs(self, at: int, out_type: str, in_type: str, prefix: str) -> list[Transaction]:
        trade_id, reference = self.new_id(), f"{prefix}_{self._random.getrandbits(40):010x}"
        sold = self._units("USDT")
        bought = sold // 985
        metadata = {"btc_spot_price": "98500.00", "order_id": self.new_id()}
        out_leg = self._row(at, out_type, "SETTLED", "USDT", -sold, reference, metadata, trade_id=trade_id)
        in_leg = self._row(at + 3, in_type, "SETTLED", "BTC", bought, reference, metadata, trade_id=trade_id)
        return [out_leg, in_leg]

    def _trade_hold(self, at: int) -> list[Transaction]:
        """Money set aside for an open order."""
        metadata = {
            "hold_id": self.new_id(),
            "hold_type": "trade",
            "order_id": self.new_id(),
            "order_side": "buy",
            "side": "debit",
        }
        state = "PENDING" if self._now - at < _YOUNG else "FAILED"
        reference = f"hold_{self._random.getrandbits(40):010x}"
        return [self._row(at, "TRADE_DEBIT", state, "USDC", -self._units("USDC"), reference, metadata, trade_id="")]

    def _fx_rebalancing(self, at: int) -> list[Transaction]:
        units = self._units("USD") * self._random.choice((1, -1))
        reference = f"fx_{self._random.getrandbits(40):010x}"
        return [self._row(at // 1_000 * 1_000, "FX_REBALANCING", "SETTLED", "USD", units, reference)]

    def _fee_only(self, at: int) -> list[Transaction]:
        reference = f"fee_{self._random.getrandbits(40):010x}"
        return [self._row(at, "FEE_ONLY", "SETTLED", "USDT", -self._random.randrange(1, 900_000), reference)]

    def _card_topup(self, at: int) -> list[Transaction]:
        reference = f"card_{self._random.getrandbits(40):010x}"
        return [self._row(at, "CARD_TOPUP", self._late_state(at), "USD", -self._units("USD"), reference, fee=100)]

    def _late_state(self, at: int) -> str:
        """Return where something on its way is by now: an older one has ended, mostly well."""
        if self._now - at < _YOUNG:
            return self._random.choice(("PENDING", "IN_PROGRESS", "IN_PROGRESS", "SETTLED"))
        return "FAILED" if self._random.random() < 0.08 else "SETTLED"

    def _units(self, currency: str) -> int:
        return self._random.randrange(_LARGEST[currency] // 500, _LARGEST[currency])

    def _row(
        self,
        at: int,
        type: str,
        state: str,
        currency: str,
        units: int,
        reference: str,
        metadata: dict[str, Any] | None = None,
        **others: Any,
    ) -> Transaction:
        took = self._random.randrange(1, 900) * MICROSECONDS if state != "PENDING" else 0
        return Transaction(
            transaction_id=self.new_id(),
            currency=currency,
            type=type,
            state=state,
            amount=units,
            reference=reference,
            metadata=metadata or {},
            created_at=at,
            updated_at=min(at + took, self._now),
            **others,
        )
