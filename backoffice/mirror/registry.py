"""Which mirrors there are and how each is read now. Apps register theirs when they are ready; commands ask here."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from backoffice.mirror import runs
from backoffice.mirror.models import Mirror, SyncRun

Sync = Callable[[], SyncRun]
#: Says in a sentence for staff why a mirror may not be read now; empty when it may.
WhyNot = Callable[[], str]
_SYNCS: Final[dict[Mirror, Sync]] = {}
_GUARDS: Final[dict[Mirror, WhyNot]] = {}


def register(mirror: Mirror, sync: Sync) -> None:
    """Name the function that reads ``mirror`` once and returns its run."""
    _SYNCS[mirror] = sync


def guard(mirrors: Iterable[Mirror], why_not: WhyNot) -> None:
    """Have ``why_not`` asked before each reading of ``mirrors``: an app above the mirror may know what speaks against
    one."""
    _GUARDS.update(dict.fromkeys(mirrors, why_not))


def why_not_read(mirror: Mirror) -> str:
    """Say why ``mirror``, and what else is read of its rows, may not be read now; empty when it may."""
    guarded = _GUARDS.get(mirror)
    return guarded() if guarded else ""


def registered() -> dict[Mirror, Sync]:
    """Return every mirror with what reads it, in the order they are to be read."""
    return {mirror: partial(read, mirror) for mirror in Mirror if mirror in _SYNCS}


def read(mirror: Mirror) -> SyncRun:
    """Read ``mirror`` once; a failed run that says why where it may not be read.

    :raises AlreadyRunning: when another process reads this mirror.
    """
    sentence = why_not_read(mirror)
    return runs.keep_out(mirror, sentence) if sentence else _SYNCS[mirror]()
