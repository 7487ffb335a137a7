"""Ages, spans and moments in words."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from backoffice.ui.times import Freshness, MomentStyle, age, duration, freshness, moment

NOW = datetime(2026, 11, 19, 11, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (400, "6 min 40 s"),
        (3_600, "1 h"),
        (11_520, "3 h 12 min"),
        (86_400, "1 d"),
        (601_200, "6 d 23 h"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(8, "8 s"), (125, "2 min"), (3_599, "59 min"), (11_520, "3 h 12 min")])
def test_an_age_under_an_hour_is_said_in_one_unit(seconds: float, said: str) -> None:
    assert age(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        (0, Freshness.OK),
        (119, Freshness.OK),
        (120, Freshness.AGING),
        (899, Freshness.AGING),
        (900, Freshness.STALE),
    ],
)
def test_an_age_changes_state_exactly_at_its_bounds(seconds: int, state: Freshness) -> None:
    assert freshness(NOW - timedelta(seconds=seconds), NOW) is state


def test_what_was_never_read_is_out_of_date() -> None:
    assert freshness(None, NOW) is Freshness.STALE


@pytest.mark.parametrize(
    ("style", "said"),
    [
        (MomentStyle.DEFAULT, ("19 Nov, 14:31:52", "+03")),
        (MomentStyle.SHORT, ("19 Nov, 14:31", "+03")),
        (MomentStyle.TIME, ("14:31:52", "+03")),
        (MomentStyle.DAY, ("19 Nov", "")),
    ],
)
def test_a_moment_is_said_in_the_persons_zone(style: MomentStyle, said: tuple[str, str]) -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("Asia/Bahrain"):
        assert moment(datetime(2026, 11, 19, 11, 31, 52, tzinfo=UTC), style) == said


def test_another_year_is_named() -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("Asia/Bahrain"):
        assert moment(datetime(2025, 12, 31, 21, 0, tzinfo=UTC))[0] == "1 Jan, 00:00:00"
        assert moment(datetime(2025, 12, 31, 20, 59, tzinfo=UTC))[0] == "31 Dec 2025, 23:59:00"
