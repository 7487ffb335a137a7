"""How often we may ask a partner, counted in the database, so that every worker and web process shares one budget."""

import threading
import time
from typing import Final

from django.db import Error, connection

from backoffice.partner.errors import RateLimited

SECONDS_PER_MINUTE: Final = 60.0

# One statement takes tokens, perhaps future ones. `clock_timestamp()` and not `now()`: after a wait for the row's
# lock the bucket has filled up further. No row comes back when they would only be there after the deadline.
_TAKE: Final = """
    INSERT INTO mirror_ratebucket AS bucket (partner, tokens, refilled_at)
    VALUES (%(partner)s, %(burst)s - %(wanted)s, clock_timestamp())
    ON CONFLICT (partner) DO UPDATE SET
        tokens = least(%(burst)s, bucket.tokens
            + greatest(0, extract(epoch FROM clock_timestamp() - bucket.refilled_at)) * %(per_second)s) - %(wanted)s,
        refilled_at = clock_timestamp()
    WHERE least(%(burst)s, bucket.tokens
            + greatest(0, extract(epoch FROM clock_timestamp() - bucket.refilled_at)) * %(per_second)s) - %(wanted)s
        >= -%(patience)s * %(per_second)s
    RETURNING tokens
"""
# What is dated ahead was written while the clock ran ahead. It fills from now on, and not only once that moment comes.
_FILL_FROM_NOW: Final = """
    UPDATE mirror_ratebucket SET refilled_at = clock_timestamp()
    WHERE partner = %(partner)s AND refilled_at > clock_timestamp()
"""


class DatabaseBucket:
    """A token bucket on the row of one partner: ``per_minute`` requests a minute, ``burst`` of them at once.

    ``at_a_time`` tokens are taken with one statement and used up by this process, where the budget is so large that a
    statement for each request would cost more than it saves.
    """

    def __init__(self, partner: str, *, per_minute: int, burst: int, at_a_time: int = 1) -> None:
        if not 1 <= at_a_time <= burst:
            raise ValueError("a bucket holds at least what is taken at a time")
        self._partner = partner
        self._per_second = per_minute / SECONDS_PER_MINUTE
        self._burst = burst
        self._at_a_time = at_a_time
        self._in_hand = 0
        self._lock = threading.Lock()

    def acquire(self, deadline: float) -> None:
        """Return when one request may be sent.

        :param deadline: in monotonic seconds.
        :raises RateLimited: at once, when the budget has nothing free before ``deadline``.
        :raises RuntimeError: inside a transaction: no partner is called from one, and the bucket's row would stay
            locked for everybody until it ends.
        :raises Error: when the database is in trouble. Its connection is closed: the next statement of whoever asked
            may be the one that writes down that nothing was sent.
        """
        check_outside_transaction()
        if self._had_one_in_hand():
            return
        wait = self._taken(max(0.0, deadline - time.monotonic()))
        if wait > 0:
            time.sleep(wait)

    def _had_one_in_hand(self) -> bool:
        with self._lock:
            if not self._in_hand:
                return False
            self._in_hand -= 1
            return True

    def _taken(self, patience: float) -> float:
        try:
            return self._take(patience)
        except Error:
            connection.close()
            raise

    def _take(self, patience: float) -> float:
        """Take tokens, keep what is not needed now, and return the seconds until they are ours."""
        values: dict[str, str | float] = {
            "partner": self._partner,
            "burst": float(self._burst),
            "wanted": float(self._at_a_time),
            "per_second": self._per_second,
            "patience": patience,
        }
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, values)
            row = cursor.fetchone()
            if row is None:
                cursor.execute(_FILL_FROM_NOW, values)
        if row is None:
            raise RateLimited(retry_after_seconds=patience)
        with self._lock:
            self._in_hand += self._at_a_time - 1
        return max(0.0, -float(row[0]) / self._per_second)


def check_outside_transaction() -> None:
    """Refuse to go on inside a transaction, except the one a test wraps itself in, as ``atomic(durable=True)`` does.

    Asking that function instead would cost two more round trips for every request to a partner.

    :raises RuntimeError: with what to do about it.
    """
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("A partner is called outside of transactions: end the surrounding atomic() first.")
