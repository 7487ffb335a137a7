"""How often we may ask a partner. The limiter shared by all workers lives with the database; these two need none."""

import threading
from typing import Final, Protocol

from backoffice.partner.clock import Clock, SystemClock
from backoffice.partner.errors import RateLimited

_SECONDS_PER_MINUTE: Final = 60.0


class Limiter(Protocol):
    """Hands out permission to send one request."""

    def acquire(self, deadline: float) -> None:
        """Return when one request may be sent. Raises `RateLimited` if not before `deadline` (monotonic seconds)."""
        ...


class NoLimit:
    """Lets every request pass."""

    def acquire(self, deadline: float) -> None:
        """Return at once."""


class TokenBucket:
    """Allow `per_minute` requests a minute and `burst` at once, within this process."""

    def __init__(self, *, per_minute: int, burst: int, clock: Clock | None = None) -> None:
        if per_minute < 1 or burst < 1:
            raise ValueError("a limiter lets at least one request through")
        self._clock = clock or SystemClock()
        self._per_second = per_minute / _SECONDS_PER_MINUTE
        self._burst = burst
        self._tokens = float(burst)
        self._refilled_at = self._clock.monotonic()
        self._lock = threading.Lock()

    def acquire(self, deadline: float) -> None:
        """Wait for a token, or raise `RateLimited` at once if none comes free before `deadline`."""
        wait = self._reserve(deadline)
        if wait > 0:
            self._clock.sleep(wait)

    def _reserve(self, deadline: float) -> float:
        """Take a token, possibly a future one, and return the seconds until it is ours."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._per_second)
            self._refilled_at = now
            wait = max(0.0, (1 - self._tokens) / self._per_second)
            if wait and now + wait > deadline:
                raise RateLimited(retry_after_seconds=wait)
            self._tokens -= 1
            return wait
