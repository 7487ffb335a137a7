"""Another connection that holds a lock while a test acts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from django.db import connection, transaction


@contextmanager
def held_elsewhere(hold: Callable[[], object], *, patience: str) -> Iterator[None]:
    """Keep in another transaction what ``hold`` locks; whoever acts meanwhile waits no longer than ``patience``.

    For tests with a database of their own: this connection keeps its patience until it is closed.
    """
    held, done = Event(), Event()

    def keep() -> None:
        with transaction.atomic():
            hold()
            held.set()
            done.wait(20)
        connection.close()

    with ThreadPoolExecutor(1) as elsewhere:
        keeping = elsewhere.submit(keep)
        try:
            assert held.wait(10)
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{patience}'")
            yield
        finally:
            done.set()
        keeping.result()
