import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from backoffice.database import clock
from backoffice.mirror.limits import DatabaseBucket
from backoffice.mirror.models import RateBucket
from backoffice.partner.errors import RateLimited

#: The buckets here fill up by one token a minute, so that a slow machine does not fill them while a test runs.
SOON = 0.001


def soon() -> float:
    return time.monotonic() + SOON


def test_it_lets_a_burst_through_at_once_and_refuses_the_next_one(committed: str) -> None:
    bucket = DatabaseBucket("bitnob", per_minute=1, burst=3)
    for _time in range(3):
        bucket.acquire(soon())

    with pytest.raises(RateLimited):
        bucket.acquire(soon())


def test_it_takes_nothing_from_the_budget_when_it_refuses(committed: str) -> None:
    bucket = DatabaseBucket("bitnob", per_minute=1, burst=1)
    bucket.acquire(soon())
    left = RateBucket.objects.get().tokens

    for _time in range(5):
        with pytest.raises(RateLimited):
            bucket.acquire(soon())

    assert RateBucket.objects.get().tokens == left


def test_what_was_written_while_the_clock_ran_ahead_fills_from_now_on(committed: str) -> None:
    ahead = clock.now() + timedelta(hours=1)
    RateBucket.objects.create(partner="bitnob", tokens=-2, refilled_at=ahead)
    bucket = DatabaseBucket("bitnob", per_minute=1, burst=1)

    with pytest.raises(RateLimited):
        bucket.acquire(soon())

    stored = RateBucket.objects.get()
    assert (stored.tokens, stored.refilled_at <= clock.now()) == (-2, True), "no sooner, no fuller"


def test_a_bucket_that_is_full_lets_through_whatever_it_is_dated(committed: str) -> None:
    RateBucket.objects.create(partner="bitnob", tokens=2, refilled_at=clock.now() + timedelta(hours=1))
    bucket = DatabaseBucket("bitnob", per_minute=1, burst=2)
    for _time in range(2):
        bucket.acquire(soon())

    with pytest.raises(RateLimited):
        bucket.acquire(soon())


def test_it_asks_the_database_once_for_several_requests(committed: str, django_assert_num_queries: Any) -> None:
    bucket = DatabaseBucket("coinmena", per_minute=1, burst=20, at_a_time=10)

    with django_assert_num_queries(2):
        for _time in range(20):
            bucket.acquire(soon())

    with pytest.raises(RateLimited):
        bucket.acquire(soon())


def test_it_waits_for_a_token_that_comes_before_the_deadline(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, slept = DatabaseBucket("bitnob", per_minute=1, burst=1), list[float]()
    monkeypatch.setattr("backoffice.mirror.limits.time.sleep", slept.append)
    bucket.acquire(soon())

    bucket.acquire(time.monotonic() + 600)

    [seconds] = slept
    assert 1 < seconds <= 60


def test_it_keeps_one_budget_for_each_partner(committed: str) -> None:
    DatabaseBucket("bitnob", per_minute=1, burst=1).acquire(soon())

    DatabaseBucket("coinmena", per_minute=1, burst=1).acquire(soon())


def test_it_shares_one_budget_among_workers(committed: str) -> None:
    bucket, let_through = DatabaseBucket("bitnob", per_minute=1, burst=5), list[int]()

    def work(number: int) -> None:
        try:
            for _time in range(4):
                bucket.acquire(soon())
                let_through.append(number)
        except RateLimited:
            pass
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(let_through) == 5


def test_it_refuses_to_ask_a_partner_from_inside_a_transaction(committed: str) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        DatabaseBucket("bitnob", per_minute=1, burst=1).acquire(soon())
