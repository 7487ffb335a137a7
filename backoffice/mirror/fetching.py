"""Ask for several pages at a time and hand them over in order, so that writing a page overlaps with fetching others.

The threads share the partner's client, and with it the one budget of requests; their number is the only concurrency.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from django.db import connections

from backoffice.database import clock

Answer = TypeVar("Answer")

THREADS: Final = 4
#: How many pages may be under way or wait to be written: enough to keep the threads busy while a batch is written.
AHEAD: Final = 24


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Answer]):
    """An answer, the page number it was asked for by, and when it was asked."""

    number: int
    page: Answer
    asked_at: datetime


class Fetchers(Generic[Answer]):
    """A few threads that fetch pages by number while the caller writes those that came."""

    def __init__(self, threads: int = THREADS) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _thread in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def in_order(
        self, fetch: Callable[[int], Answer], numbers: Iterable[int], ahead: int = AHEAD
    ) -> Generator[list[Fetched[Answer]]]:
        """Yield the pages in the order of their numbers, in batches of all that have arrived.

        :raises Exception: what ``fetch`` raised, after every page before that one was yielded.
        """
        waiting: deque[Future[Fetched[Answer]]] = deque()
        left = iter(numbers)
        try:
            while self._refill(waiting, fetch, left, ahead):
                yield _arrived(waiting)
        finally:
            for future in waiting:
                future.cancel()

    def _refill(
        self,
        waiting: "deque[Future[Fetched[Answer]]]",
        fetch: Callable[[int], Answer],
        left: Iterator[int],
        ahead: int,
    ) -> bool:
        while len(waiting) < ahead and (number := next(left, None)) is not None:
            waiting.append(self._submit(fetch, number))
        return bool(waiting)

    def _submit(self, fetch: Callable[[int], Answer], number: int) -> "Future[Fetched[Answer]]":
        future: Future[Fetched[Answer]] = Future()
        self._asked.put(lambda: _run(future, fetch, number))
        return future

    def _work(self) -> None:
        try:
            while (task := self._asked.get()) is not None:
                task()
        finally:
            connections.close_all()  # the budget of requests is kept in the database, so each thread has a connection


def ask(fetch: Callable[[int], Answer], number: int) -> Fetched[Answer]:
    """Fetch one page and note when it was asked for."""
    asked_at = clock.now()
    return Fetched(number, fetch(number), asked_at)


def _run(future: "Future[Fetched[Answer]]", fetch: Callable[[int], Answer], number: int) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(ask(fetch, number))
    except Exception as error:  # noqa: BLE001 - it is raised again where the page is waited for
        future.set_exception(error)


def _arrived(waiting: "deque[Future[Fetched[Answer]]]") -> list[Fetched[Answer]]:
    """Wait for the first page and take along those after it that have arrived without a fault."""
    batch = [waiting.popleft().result()]
    while waiting and waiting[0].done() and waiting[0].exception() is None:
        batch.append(waiting.popleft().result())
    return batch
