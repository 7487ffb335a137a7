import threading

import pytest
from django.utils import timezone

from backoffice.database import clock
from backoffice.mirror.fetching import Fetchers

PATIENCE = 60


@pytest.fixture(autouse=True)
def without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here needs a database, so this machine's clock stands in for its."""
    monkeypatch.setattr(clock, "now", timezone.now)


def test_it_hands_pages_over_in_order_whichever_comes_first() -> None:
    second_came = threading.Event()

    def fetch(number: int) -> int:
        if number == 1:
            assert second_came.wait(PATIENCE)
        if number == 2:
            second_came.set()
        return number * 10

    with Fetchers[int]() as fetchers:
        fetched = [one for batch in fetchers.in_order(fetch, range(1, 8)) for one in batch]

    assert [(one.number, one.page) for one in fetched] == [(number, number * 10) for number in range(1, 8)]


def test_it_asks_for_several_pages_at_a_time() -> None:
    together = threading.Barrier(4)

    def fetch(number: int) -> int:
        together.wait(PATIENCE)
        return number

    with Fetchers[int]() as fetchers:
        assert sum(len(batch) for batch in fetchers.in_order(fetch, range(8))) == 8


def test_it_hands_over_everything_before_the_page_that_failed() -> None:
    def fetch(number: int) -> int:
        if number == 3:
            raise ValueError("no page 3")
        return number

    seen = list[int]()
    with Fetchers[int]() as fetchers, pytest.raises(ValueError, match="no page 3"):
        for batch in fetchers.in_order(fetch, range(1, 20)):
            seen += [one.number for one in batch]

    assert seen == [1, 2]


def test_it_asks_for_no_more_pages_once_nobody_wants_them() -> None:
    asked = list[int]()

    def fetch(number: int) -> int:
        asked.append(number)
        return number

    with Fetchers[int]() as fetchers:
        pages = fetchers.in_order(fetch, range(10_000), ahead=6)
        next(pages)
        pages.close()

    assert len(asked) < 50
