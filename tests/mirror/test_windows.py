from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.mirror.windows import Plan, Window

SECONDS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
WINDOWS = st.tuples(SECONDS, SECONDS).map(lambda ends: Window(min(ends), max(ends)))
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def window(first_hour: int, last_hour: int) -> Window:
    return Window(NOON + timedelta(hours=first_hour), NOON + timedelta(hours=last_hour))


@given(whole=WINDOWS.filter(lambda one: one.is_divisible))
def test_halves_leave_no_gap_and_get_shorter(whole: Window) -> None:
    first, second = whole.halves()

    assert (first.start, first.end, second.end) == (whole.start, second.start, whole.end)
    assert first != whole != second


def test_a_second_and_the_whole_list_cannot_be_cut() -> None:
    assert not Window(NOON, NOON + timedelta(seconds=1)).is_divisible
    assert not Window().is_divisible
    with pytest.raises(ValueError, match="no middle"):
        Window().halves()


@given(
    windows=st.lists(WINDOWS, max_size=4),
    doubtful=st.lists(WINDOWS, max_size=4),
    page=st.integers(0, 9),
    total=st.none() | st.integers(0, 9),
)
def test_a_plan_is_read_back_as_it_was_kept(
    windows: list[Window], doubtful: list[Window], page: int, total: int | None
) -> None:
    plan = Plan(tuple(windows), tuple(doubtful), page=page, rows=page, total=total, end=NOON)

    assert Plan.from_json(plan.as_json()) == plan


def test_an_empty_checkpoint_is_an_empty_plan() -> None:
    assert Plan.from_json({}) == Plan(())


def test_a_new_run_reads_what_was_begun_then_what_was_doubtful_then_what_is_new() -> None:
    left = Plan((window(0, 1),), (window(2, 3),), page=4, rows=400, total=500)

    plan = left.followed_by(window(5, 6))

    assert plan.windows == (window(0, 1), window(2, 3), window(5, 6))
    assert (plan.page, plan.doubtful, plan.end) == (4, (), window(5, 6).end)


def test_many_doubtful_windows_are_read_again_as_one() -> None:
    left = Plan((), tuple(window(hour, hour + 1) for hour in range(20)))

    assert left.followed_by(window(30, 31)).windows == (window(0, 20), window(30, 31))


def test_a_window_that_is_left_takes_its_progress_with_it() -> None:
    plan = Plan((window(0, 1), window(1, 2)), page=3, rows=300, total=400, retries=1)

    assert plan.proven() == Plan((window(1, 2),))
    assert plan.doubted() == Plan((window(1, 2),), (window(0, 1),))
    assert plan.split().windows[-1] == window(1, 2)
