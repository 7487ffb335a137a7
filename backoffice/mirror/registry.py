"""Which mirrors there are and how each is read now. Apps register theirs when they are ready; commands ask here."""

from collections.abc import Callable
from typing import Final

from backoffice.mirror.models import Mirror, SyncRun

Sync = Callable[[], SyncRun]
_SYNCS: Final[dict[Mirror, Sync]] = {}


def register(mirror: Mirror, sync: Sync) -> None:
    """Name the function that reads ``mirror`` once and returns its run."""
    _SYNCS[mirror] = sync


def registered() -> dict[Mirror, Sync]:
    """Return every mirror with its function, in the order they are to be read."""
    return {mirror: _SYNCS[mirror] for mirror in Mirror if mirror in _SYNCS}
