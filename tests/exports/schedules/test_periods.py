"""Which days and months have ended, and when their files are due."""

from datetime import UTC, date, datetime

import pytest

from backoffice.exports.models import Every, Schedule
from backoffice.exports.schedules.periods import current_period, day_after, due_at, last_day, newest_due, periods_due

BAHRAIN = "Asia/Bahrain"


@pytest.mark.parametrize(
    ("every", "period", "last", "after"),
    [
        (Every.DAY, date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 1)),
        (Every.MONTH, date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)),
        (Every.MONTH, date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 1)),
        (Every.MONTH, date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_a_period_ends_where_the_next_one_begins(every: Every, period: date, last: date, after: date) -> None:
    assert (last_day(every, period), day_after(every, period)) == (last, after)


@pytest.mark.parametrize(
    ("every", "now", "current", "due"),
    [
        (Every.DAY, datetime(2026, 11, 20, 20, 59, tzinfo=UTC), date(2026, 11, 20), date(2026, 11, 19)),
        (Every.DAY, datetime(2026, 11, 20, 21, 0, tzinfo=UTC), date(2026, 11, 21), date(2026, 11, 19)),
        (Every.DAY, datetime(2026, 11, 20, 22, 59, tzinfo=UTC), date(2026, 11, 21), date(2026, 11, 19)),
        (Every.DAY, datetime(2026, 11, 20, 23, 0, tzinfo=UTC), date(2026, 11, 21), date(2026, 11, 20)),
        (Every.MONTH, datetime(2026, 11, 30, 20, 59, tzinfo=UTC), date(2026, 11, 1), date(2026, 10, 1)),
        (Every.MONTH, datetime(2026, 11, 30, 21, 0, tzinfo=UTC), date(2026, 12, 1), date(2026, 10, 1)),
        (Every.MONTH, datetime(2026, 11, 30, 23, 0, tzinfo=UTC), date(2026, 12, 1), date(2026, 11, 1)),
        (Every.MONTH, datetime(2027, 1, 15, tzinfo=UTC), date(2027, 1, 1), date(2026, 12, 1)),
    ],
)
def test_a_period_ends_at_midnight_of_the_company_and_its_file_is_due_two_hours_later(
    every: Every, now: datetime, current: date, due: date
) -> None:
    assert (current_period(every, BAHRAIN, now), newest_due(every, BAHRAIN, now)) == (current, due)


def test_a_file_is_due_two_hours_into_the_next_day() -> None:
    schedule = Schedule(every=Every.DAY, zone=BAHRAIN, begins=date(2026, 11, 18))
    due = due_at(schedule, date(2026, 11, 18))
    assert due == datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
    assert periods_due(schedule, None, due) == [date(2026, 11, 18)]
    assert periods_due(schedule, date(2026, 11, 18), due) == []
    assert periods_due(schedule, None, datetime(2026, 11, 20, 23, tzinfo=UTC)) == [
        date(2026, 11, d) for d in (18, 19, 20)
    ]
