"""How often we may ask a partner, counted in the database, so that every worker and web process shares one budget."""

import time
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from backoffice.partner.errors import RateLimited

SECONDS_PER_MINUTE: Final = 60.0

# One statement takes a token, perhaps a future one. `clock_timestamp()` and not `now()`: after a wait for the row's
# lock the bucket has filled up further. No row comes back when the token would only be there after the deadline.
_TAKE: Final = """
    INSERT INTO mirror_ratebucket AS bucket (partner, tokens, refilled_at)
    VALUES (%(partner)s, %(burst)s - 1, clock_timestamp())
    ON CONFLICT (partner) DO UPDATE SET
        tokens = least(%(burst)s, bucket.tokens
            + greatest(0, extract(epoch FROM clock_timestamp() - bucket.refilled_at)) * %(per_second)s) - 1,
        refilled_at = clock_timestamp()
    WHERE least(%(burst)s, bucket.tokens
            + greatest(0, extract(epoch FROM clock_timestamp() - bucket.refilled_at)) * %(per_second)s) - 1
        >= -%(patience)s * %(per_second)s
    RETURNING tokens
"""


@dataclass(frozen=True, slots=True)
class DatabaseBucket:
    """A token bucket on the row of one ``partner``: ``per_minute`` requests a minute, ``burst`` of them at once."""

    partner: str
    per_minute: int
    burst: int

    def acquire(self, deadline: float) -> None:
        """Return when one request may be sent.

        :param deadline: in monotonic seconds.
        :raises RateLimited: at once, when the budget has nothing free before ``deadline``.
        :raises RuntimeError: inside a transaction: no partner is called from one, and the bucket's row would stay
            locked for everybody until it ends.
        """
        wait = self._take(max(0.0, deadline - time.monotonic()))
        if wait > 0:
            time.sleep(wait)

    def _take(self, patience: float) -> float:
        """Take a token and return the seconds until it is ours."""
        values: dict[str, str | float] = {
            "partner": self.partner,
            "burst": float(self.burst),
            "per_second": self._per_second,
            "patience": patience,
        }
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(_TAKE, values)
            row = cursor.fetchone()
        if row is None:
            raise RateLimited(retry_after_seconds=patience)
        return max(0.0, -float(row[0]) / self._per_second)

    @property
    def _per_second(self) -> float:
        return self.per_minute / SECONDS_PER_MINUTE
