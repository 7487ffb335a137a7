"""One worker that works until it is asked to stop, whatever happens to the database meanwhile.

The library's worker ends when it loses a connection, and when it was held for so long that another took it for dead.
Both happen to a product that runs for years: a database is restarted, a machine sleeps. So it begins again.
"""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

from backoffice.database.checks import refuse_to_start_unarmed
from backoffice.worker.starting import look_around, wind_up
from backoffice.worker.stopping import ask_to_stop

#: More than there are lanes of jobs that take minutes, and readings that a slow partner holds up, together: what moves
#: money always finds a slot. Sends that it holds up may be in all of those at once: a look-up, the first to follow,
#: then waits until one of them has ended, within the deadline of a request as a rule.
CONCURRENT_JOBS: Final = 12
SECONDS_TO_FINISH: Final = 50  # a send has a total deadline of 25 s; whoever is stopped lets it end
BEGINS_AGAIN_AFTER_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


async def work(name: str) -> None:
    """Work under ``name`` until SIGTERM or SIGINT, then finish what moves money, end what can wait, and return.

    :raises ImproperlyConfigured: when the database has lost what makes it safe.
    """
    stop = _stop_signal()
    # Python's own takes fewer threads than we take jobs where there is one processor; some are for the starts.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * CONCURRENT_JOBS))
    while not stop.is_set():
        try:
            await sync_to_async(_check_database, thread_sensitive=False)()
            await _work_or_stop(name, stop)
        except ImproperlyConfigured:
            raise
        except Exception as error:  # noqa: BLE001 - whatever ended the library's worker, the work is still to be done
            log.warning("worker_broke_off", worker=name, because=str(error).strip() or repr(error))
        if not stop.is_set():
            await _pause(stop)
    await sync_to_async(_wind_up, thread_sensitive=False)()


def _stop_signal() -> asyncio.Event:
    """Return what SIGTERM and SIGINT set once. The second one has its usual effect, for whoever cannot wait."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def heed() -> None:
        ask_to_stop()
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heed)
    return stop


def _wind_up() -> None:
    """Say that the work ends. A database that is away then keeps nobody from stopping."""
    try:
        wind_up()
    except DatabaseError as error:
        log.warning("worker_ended_unsaid", because=str(error).strip())
    finally:
        connection.close()


def _check_database() -> None:
    """Look before the library's pool does, which backs off ever longer while there is no database."""
    try:
        refuse_to_start_unarmed()
        look_around()
    finally:
        connection.close()


async def _work_or_stop(name: str, stop: asyncio.Event) -> None:
    """Work until the library's worker ends by itself, or until the stop, which lets it finish what it has begun."""
    working, stopping = asyncio.create_task(_work(name)), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _work(name: str) -> None:
    connector = _connector()
    with app.replace_connector(connector):
        async with app.open_async():
            await app.run_worker_async(
                name=name,
                concurrency=CONCURRENT_JOBS,
                shutdown_graceful_timeout=SECONDS_TO_FINISH,
                install_signal_handlers=False,
            )


def _connector() -> PsycopgConnector:
    """Return what the library's worker reaches the database by: a pool of its own, as patient as ours."""
    patience: dict[str, Any] = {name: settings.POOL[name] for name in ("timeout", "reconnect_timeout")}
    return PsycopgConnector(kwargs=connector_params(), **patience)


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), BEGINS_AGAIN_AFTER_SECONDS)
