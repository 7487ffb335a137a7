"""One after the other, none of them keeping the rest waiting."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import structlog
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

log = structlog.get_logger(__name__)

_ITS_OWN: Final = (DeadlockDetected, LockNotAvailable, QueryCanceled)
T = TypeVar("T")


def is_its_own(error: OperationalError) -> bool:
    """Tell whether it is the fault of one statement, as a lock that somebody else holds, and the database is there."""
    return isinstance(error.__cause__, _ITS_OWN)


def one_by_one(todo: Iterable[T], do: Callable[[T], bool], *, failed: str) -> int:
    """Do each of ``todo`` and return how many times it did something. Each is its own transaction.

    :param failed: what the log calls one that failed. It is tried again whenever the caller comes back to it.
    :raises OperationalError: when the database is away, for then it is none of them in particular. A lock that somebody
        else holds, a deadlock or a statement that took too long is one of them.
    """
    return sum(_did(one, do, failed) for one in todo)


def _did(one: T, do: Callable[[T], bool], failed: str) -> bool:
    try:
        return do(one)
    except Exception as error:
        if isinstance(error, OperationalError) and not is_its_own(error):
            raise
        log.exception(failed, which=one)
        return False
