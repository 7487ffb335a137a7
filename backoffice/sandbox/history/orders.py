"""CoinMENA orders of the history: money brought in, trades, orders made elsewhere, orders that came to nothing.

None of them carries a reference of ours: what we asked for ourselves comes in through the control path, so that it
agrees with the product's own operations. The last three days hold trades only.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from itertools import cycle
from random import Random
from typing import Final

from backoffice.sandbox.clock import DAY, MICROSECONDS
from backoffice.sandbox.coinmena.api import OWN_ACCOUNT
from backoffice.sandbox.coinmena.directory import Directory
from backoffice.sandbox.coinmena.ledger import FIRST_ORDER_ID, Ledger
from backoffice.sandbox.coinmena.records import EXACT, Asset, Draft, funding_draft
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID, OTHER_PARTNER_ID
from backoffice.sandbox.history.people import Role
from backoffice.sandbox.history.size import Size

FIRST_DEMO_ORDER_ID: Final = 9_030_001
#: Their balances are known to the cent, for whoever shows or tests a story with them.
STEADY_CLIENTS: Final = ("user_12345",)
_QUIET_DAYS: Final = 3
_FEE_RATE: Final = Decimal("0.002")
_SMALLEST_TRADE: Final = Decimal(5)
#: Who brought less than this, in any one asset, does not trade.
_TRADERS_OPENING: Final = Decimal(250)


def write_orders(
    directory: Directory, ledger: Ledger, clients: Sequence[Role], seed: int, size: Size, *, now: int
) -> None:
    """Book the orders of a history in the order of their times."""
    random = Random(f"{seed}:orders")  # noqa: S311 - a story, not a secret
    story = OrderStory(directory, clients, random, now=now, days=size.days)
    first_id = FIRST_ORDER_ID if size.days < 30 else FIRST_DEMO_ORDER_ID
    ledger.place_all([*story.openings(), *story.scripted(), *story.events(size)], first_id=first_id)
    ledger.adjust(
        partner=COINMENA_PARTNER_ID, client=OWN_ACCOUNT, asset="USD", change=Decimal("250000.00"), held=Decimal(0)
    )


class OrderStory:
    """Makes up orders and keeps count of what every client can afford."""

    def __init__(self, directory: Directory, clients: Sequence[Role], random: Random, *, now: int, days: int) -> None:
        self._assets = {asset.asset_id: asset for asset in directory.assets()}
        self._clients = [client for client in clients if client.opening]
        self._active = [client for client in self._clients if client.active and client.id not in STEADY_CLIENTS]
        self._traders = [client for client in self._active if _largest(client.opening) >= _TRADERS_OPENING]
        self._random = random
        self._refusals = cycle(("failed", "rejected"))
        self._now = now
        self._begins = now - days * DAY
        self._balances: dict[tuple[str, str], Decimal] = {}

    def openings(self) -> Iterator[Draft]:
        """Yield the deposits every client brought along, on the first day, entered in an older system."""
        openings = [(role, asset, amount) for role in self._clients for asset, amount in role.opening.items()]
        for number, (role, asset, amount) in enumerate(openings, start=1):
            yield self._kept(
                funding_draft(
                    partner=COINMENA_PARTNER_ID,
                    client=role.id,
                    type="deposit",
                    asset=asset,
                    amount=amount,
                    reference=f"core-{number:06d}",
                    created_at=self._begins + number * 60 * MICROSECONDS,
                )
            )

    def scripted(self) -> Iterator[Draft]:
        """Yield what the steady client traded: bought bitcoin, sold it all again, so that a zero balance stays."""
        day = (self._now - self._begins) // 7
        common = {"partner": COINMENA_PARTNER_ID, "client": "user_12345", "source": "trade", "fee_asset": "USD"}
        yield self._kept(
            Draft(
                **common,
                type="buy",
                debit="1480.35",
                debit_asset="USD",
                credit="0.01500000",
                credit_asset="BTC",
                fee="2.96",
                price="98492.67",
                created_at=self._begins + day,
            )
        )
        yield self._kept(
            Draft(
                **common,
                type="sell",
                debit="0.01500000",
                debit_asset="BTC",
                credit="1502.10",
                credit_asset="USD",
                fee="3.01",
                price="100340.67",
                created_at=self._begins + 2 * day,
            )
        )

    def events(self, size: Size) -> list[Draft]:
        """Return trades, orders made elsewhere and refused ones, in the order of their times."""
        quiet = _QUIET_DAYS * DAY
        makers = [
            *((self._moment(DAY, 0), self._trade) for _ in range(size.trades)),
            *((self._moment(DAY, quiet), self._elsewhere) for _ in range(size.orders_elsewhere)),
            *((self._moment(DAY, quiet), self._refused) for _ in range(size.orders_refused)),
        ]
        makers.sort(key=lambda maker: maker[0])
        events = [make(at) for at, make in makers]
        return [*events, self._of_the_other_partner()]

    def _moment(self, after_begin: int, before_end: int) -> int:
        return self._random.randrange(self._begins + after_begin, self._now - before_end)

    def _trade(self, at: int) -> Draft:
        client = self._random.choice(self._traders)
        base = self._assets[self._random.choice(("BTC", "USDT"))]
        has_base = self._balance(client.id, base.asset_id) > 0
        quote = self._assets[self._random.choice(list(client.opening))]
        if has_base and self._random.random() < 0.45:
            return self._sell(client.id, base, quote, at)
        return self._buy(client.id, base, quote, at)

    def _buy(self, client: str, base: Asset, quote: Asset, at: int) -> Draft:
        """Spend up to a tenth of what is there; if that is next to nothing, the order fails and moves nothing."""
        available = self._balance(client, quote.asset_id)
        paid = _cut(available * self._share(10), quote.precision)
        status = "completed" if paid >= _SMALLEST_TRADE else "failed"
        paid = max(paid, _SMALLEST_TRADE)
        fee, price = _cut(paid * _FEE_RATE, quote.precision), self._price(base, quote)
        return self._trade_draft(
            client, "buy", at, (paid, quote), (_cut((paid - fee) / price, base.precision), base), fee, price, status
        )

    def _sell(self, client: str, base: Asset, quote: Asset, at: int) -> Draft:
        """Sell half of it or more, now and then all of it."""
        available = self._balance(client, base.asset_id)
        sold = available if self._random.random() < 0.3 else _cut(available * self._share(90), base.precision)
        price = self._price(base, quote)
        proceeds = _cut(sold * price, quote.precision)
        fee = _cut(proceeds * _FEE_RATE, quote.precision)
        return self._trade_draft(client, "sell", at, (sold, base), (proceeds - fee, quote), fee, price, "completed")

    def _trade_draft(
        self,
        client: str,
        type: str,
        at: int,
        paid: tuple[Decimal, Asset],
        received: tuple[Decimal, Asset],
        fee: Decimal,
        price: Decimal,
        status: str,
    ) -> Draft:
        quote = paid[1] if type == "buy" else received[1]
        return self._kept(
            Draft(
                partner=COINMENA_PARTNER_ID,
                client=client,
                type=type,
                source="trade",
                status=status,
                debit=str(paid[0]),
                debit_asset=paid[1].asset_id,
                credit=str(received[0]),
                credit_asset=received[1].asset_id,
                fee=str(fee),
                fee_asset=quote.asset_id,
                price=str(price),
                created_at=at,
            )
        )

    def _elsewhere(self, at: int) -> Draft:
        """Fund a client as somebody else would: under a foreign reference, or none at all."""
        client = self._random.choice(self._active)
        reference = f"treasury/{self._random.randrange(10**6):06d}" if self._random.random() < 0.6 else None
        return self._funding(client, at, reference, "completed")

    def _refused(self, at: int) -> Draft:
        """Leave an order that failed or was rejected, its reference used up for nothing."""
        client = self._random.choice(self._active)
        reference = f"core-x{self._random.randrange(10**8):08d}"
        return self._funding(client, at, reference, next(self._refusals))

    def _funding(self, client: Role, at: int, reference: str | None, status: str) -> Draft:
        asset = self._assets[self._random.choice(list(client.opening))]
        amount = Decimal(self._random.randrange(10, 800)) + _cut(Decimal(self._random.random()), asset.precision)
        can_pay_out = asset.withdrawable and self._balance(client.id, asset.asset_id) >= amount
        return self._kept(
            funding_draft(
                partner=COINMENA_PARTNER_ID,
                client=client.id,
                type="withdrawal" if can_pay_out and self._random.random() < 0.4 else "deposit",
                asset=asset.asset_id,
                amount=str(amount),
                reference=reference,
                created_at=at,
                status=status,
            )
        )

    def _of_the_other_partner(self) -> Draft:
        """Return an order that must look to our partner as if it did not exist."""
        return funding_draft(
            partner=OTHER_PARTNER_ID,
            client="user_12345",
            type="deposit",
            asset="USD",
            amount="999.99",
            reference="other-000001",
            created_at=self._now - 5 * DAY,
        )

    def _kept(self, draft: Draft) -> Draft:
        for asset, change in draft.effects():
            self._balances[draft.client, asset] = EXACT.add(self._balance(draft.client, asset), change)
        return draft

    def _balance(self, client: str, asset: str) -> Decimal:
        return self._balances.get((client, asset), Decimal(0))

    def _share(self, percent: int) -> Decimal:
        return Decimal(self._random.randrange(percent // 4, percent)) / 100

    def _price(self, base: Asset, quote: Asset) -> Decimal:
        """Return about what a unit of `base` costs in `quote`, up to five per cent either way."""
        fair = Decimal(base.usd_rate) / Decimal(quote.usd_rate)
        return (fair * self._random.randrange(950, 1050) / 1000).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)


def _cut(amount: Decimal, precision: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-precision), ROUND_DOWN)


def _largest(opening: dict[str, str]) -> Decimal:
    return max(Decimal(amount) for amount in opening.values())
