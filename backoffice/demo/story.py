"""What the demo's people did in the weeks before today: a plan, the same every time, told relative to now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

DAYS: Final = 35
RETURNING: Final = {
    "user_12345": ("USD", "1000.00"),
    "user_31190": ("USD", "2350.00"),
    "user_40022": ("SAR", "1200.00"),
    "user_51777": ("AED", "640.00"),
    "user_60318": ("BHD", "250.750"),
    "user_81450": ("USD", "900.00"),
    "user_20871": ("USD", "500.00"),
    "user_72904": ("AED", "12000.00"),
}
DEPOSIT_REASONS: Final = ("Bank transfer received, statement line", "Card settlement, batch", "Client top-up, slip")
PAYOUT_REASONS: Final = ("Client payout, request", "Refund agreed, ticket", "Payout to own account, request")


@dataclass(frozen=True)
class Deed:
    """One operation of the story. ``ending`` says how it ended, or what went wrong with it at the partner."""

    kind: str
    client: str
    asset: str
    amount: Decimal
    asked_at: datetime
    reason: str
    ending: str = "completed"
    manager: str = "omar"

    @property
    def is_sent(self) -> bool:
        return self.ending not in ("pending", "half_approved", "rejected")

    @property
    def counts(self) -> bool:
        """Whether it moved money, or still may."""
        return self.ending not in ("rejected", "refused")

    @property
    def decided_at(self) -> datetime:
        """When a manager decided, for a withdrawal; deposits need nobody."""
        return self.asked_at + timedelta(minutes=26) if self.kind == "withdrawal" else self.asked_at

    @property
    def first_decided_at(self) -> datetime:
        """When the first of two managers did."""
        return self.asked_at + (self.decided_at - self.asked_at) / 2

    @property
    def sent_at(self) -> datetime:
        return self.decided_at + timedelta(seconds=1)


def tell(now: datetime) -> list[Deed]:
    """Tell the whole story, oldest first: ordinary weeks, a day with exceptions, what waits today.

    :param now: the moment in the company's zone, so that people work in office hours.
    """
    deeds = [*ordinary_weeks(now), *day_with_exceptions(now), *waiting(now)]
    return sorted(deeds, key=lambda deed: deed.asked_at)


def ordinary_weeks(now: datetime) -> Iterator[Deed]:
    random = Random(7)  # noqa: S311  (a story, not a secret)
    for days_ago in range(DAYS, 1, -1):
        for _ in range(random.choice((3, 4, 5, 6))):
            yield ordinary(random, office_opens(now, days_ago) + timedelta(minutes=random.randrange(480)))


def office_opens(now: datetime, days_ago: int) -> datetime:
    """Return nine in the morning of a day in the company's zone."""
    return (now - timedelta(days=days_ago)).replace(hour=9, minute=0, second=0, microsecond=0)


def ordinary(random: Random, asked_at: datetime) -> Deed:
    client = random.choice(sorted(RETURNING))
    asset, unit = RETURNING[client]
    kind = random.choices(("deposit", "withdrawal"), (4, 1))[0]
    times = random.choice((1, 2, 3, 5, 8)) if kind == "deposit" else 1
    reasons = DEPOSIT_REASONS if kind == "deposit" else PAYOUT_REASONS
    return Deed(
        kind=kind,
        client=client,
        asset=asset,
        amount=Decimal(unit) * times,
        asked_at=asked_at,
        reason=f"{random.choice(reasons)} {random.randrange(1000, 9999)}",
        ending="rejected" if kind == "withdrawal" and random.random() < 0.08 else "completed",
        manager=random.choice(("omar", "lina")),
    )


def day_with_exceptions(now: datetime) -> Iterator[Deed]:
    """Tell of yesterday, when the partner's books and ours came apart in every way they can."""
    plan = (
        ("deposit", "user_31190", "USD", "500.00", "Bank transfer received, statement line 2190", "amount_corrected"),
        ("withdrawal", "user_51777", "AED", "450.00", "Client payout, request 8790", "status_changed"),
        ("deposit", "user_81450", "USD", "1750.00", "Card settlement, batch 4410", "vanished"),
        ("deposit", "user_12345", "USD", "1250.00", "Bank transfer received, statement line 2198", "completed"),
        ("withdrawal", "user_81450", "USD", "25000.00", "Payout to own account, request 8802", "refused"),
        ("deposit", "user_60318", "BHD", "250.750", "Bank transfer received, statement line 2201", "completed"),
        ("deposit", "user_40022", "SAR", "1200.00", "Bank transfer received, statement line 2203", "other_asset"),
        ("deposit", "user_20871", "USD", "640.00", "Card settlement, batch 4417", "other_client"),
        ("deposit", "user_31190", "USD", "320.00", "Bank transfer received, statement line 2207", "other_type"),
        ("deposit", "user_60318", "BHD", "125.500", "Client top-up, slip 3155", "booked_twice"),
        ("deposit", "user_51777", "AED", "900.00", "Client top-up, slip 3158", "pending_there"),
    )
    for place, (kind, client, asset, amount, reason, ending) in enumerate(plan):
        asked_at = office_opens(now, 1) + timedelta(minutes=35 * place + 11)
        yield Deed(kind, client, asset, Decimal(amount), asked_at, reason, ending)


def waiting(now: datetime) -> Iterator[Deed]:
    """Tell what waits for managers this morning: two that need both of them, one half way, some small ones alike."""
    plan = (
        (192, "user_12345", "USD", "12500.00", "Client payout, request 8841", "pending"),
        (65, "user_72904", "AED", "86000.00", "Payout to own account, request 8846", "half_approved"),
        (48, "user_31190", "USD", "180.00", "Refund agreed, ticket 7102", "pending"),
        (47, "user_81450", "USD", "210.00", "Refund agreed, ticket 7103", "pending"),
        (46, "user_12345", "USD", "150.00", "Refund agreed, ticket 7104", "pending"),
        (44, "user_20871", "USD", "190.00", "Refund agreed, ticket 7106", "pending"),
        (43, "user_31190", "USD", "165.00", "Refund agreed, ticket 7107", "pending"),
        (22, "user_60318", "BHD", "1875.000", "Client payout, request 8850", "pending"),
    )
    for minutes, client, asset, amount, reason, ending in plan:
        asked_at = now - timedelta(minutes=minutes)
        yield Deed("withdrawal", client, asset, Decimal(amount), asked_at, reason, ending)
