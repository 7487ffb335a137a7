"""How often a partner is asked."""

import threading

import pytest

from backoffice.partner.errors import RateLimited
from backoffice.partner.limits import NoLimit, TokenBucket
from tests.partner.cast import StillClock


def test_a_burst_passes_at_once_and_then_the_pace_holds() -> None:
    clock = StillClock()
    bucket = TokenBucket(per_minute=60, burst=3, clock=clock)

    for _ in range(5):
        bucket.acquire(deadline=100)

    assert clock.slept == [1.0, 1.0]


def test_an_idle_minute_saves_up_no_more_than_a_burst() -> None:
    clock = StillClock()
    bucket = TokenBucket(per_minute=60, burst=2, clock=clock)
    clock.passed = 60

    for _ in range(3):
        bucket.acquire(deadline=100)

    assert clock.slept == [1.0]


def test_it_refuses_at_once_when_the_deadline_comes_first() -> None:
    clock = StillClock()
    bucket = TokenBucket(per_minute=6, burst=1, clock=clock)
    bucket.acquire(deadline=5)

    with pytest.raises(RateLimited) as refused:
        bucket.acquire(deadline=5)

    assert refused.value.retry_after_seconds == 10
    assert clock.slept == []


def test_a_refusal_uses_nothing_up() -> None:
    clock = StillClock()
    bucket = TokenBucket(per_minute=6, burst=1, clock=clock)
    bucket.acquire(deadline=5)
    for _ in range(10):
        with pytest.raises(RateLimited):
            bucket.acquire(deadline=5)

    bucket.acquire(deadline=100)

    assert clock.slept == [10.0]


def test_threads_share_one_budget() -> None:
    clock = StillClock()
    bucket = TokenBucket(per_minute=1, burst=10, clock=clock)
    refused: list[RateLimited] = []

    def ask() -> None:
        try:
            bucket.acquire(deadline=1)
        except RateLimited as error:
            refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 15


@pytest.mark.parametrize(("per_minute", "burst"), [(0, 1), (1, 0)])
def test_a_limiter_that_lets_nothing_through_is_a_mistake(per_minute: int, burst: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        TokenBucket(per_minute=per_minute, burst=burst)


def test_without_a_limit_everything_passes() -> None:
    for _ in range(1000):
        NoLimit().acquire(deadline=0)
