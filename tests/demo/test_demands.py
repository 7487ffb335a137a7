"""The demo's past is as the rules would have demanded it on the day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from backoffice.approvals.matching import Rulebook
from backoffice.demo.demands import demanded
from backoffice.demo.story import Deed, tell
from tests.ruling import rule

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOOK = Rulebook(
    [
        rule("withdrawal"),
        rule("withdrawal", "Large", asset="USD", at_least=Decimal(10000), people_needed=2),
        rule("withdrawal", "Many in a day", asset="USD", day_total_from=Decimal(1000), people_needed=2),
    ],
    {},
)


def deed(amount: str, hours: float = 0, kind: str = "withdrawal", ending: str = "completed") -> Deed:
    return Deed(kind, "user_1", "USD", Decimal(amount), MORNING + timedelta(hours=hours), "Payout", ending)


def rules_of(*deeds: Deed) -> list[str]:
    return [gate.name if gate else "" for _deed, gate in demanded(deeds, BOOK)]


def test_each_deed_is_gated_by_the_most_demanding_rule_of_its_day() -> None:
    assert rules_of(deed("10"), deed("10000"), deed("10", kind="deposit")) == ["Every withdrawal", "Large", ""]


@pytest.mark.parametrize(
    ("ending", "hours", "name"),
    [
        ("completed", 1, "Many in a day"),
        ("pending", 1, "Many in a day"),
        ("half_approved", 1, "Many in a day"),
        ("rejected", 1, "Every withdrawal"),
        ("refused", 1, "Every withdrawal"),
        ("completed", 26, "Every withdrawal"),
    ],
)
def test_the_total_of_a_day_counts_what_moved_or_waits(ending: str, hours: float, name: str) -> None:
    assert rules_of(deed("600", ending=ending), deed("400", hours))[1] == name


def test_the_story_has_something_for_every_tab_of_the_queue() -> None:
    endings = [one.ending for one in tell(MORNING)]
    assert endings.count("half_approved") == 1 and endings.count("pending") >= 6
    assert "rejected" in endings and "refused" in endings
