"""Whether this process was asked to stop.

What moves money is finished then. A reading may be minutes long: it ends between two requests, so that nobody has to
kill the worker, and whoever reads next goes on with it.
"""

from threading import Event
from typing import Final

_asked: Final = Event()


class Stopping(Exception):
    """Work ends here because its process was asked to stop; what it kept until then stays."""


def ask_to_stop() -> None:
    """Have everything that calls `stop_if_asked` end at its next call, in whichever thread."""
    _asked.set()


def stop_if_asked() -> None:
    """Return where work may go on. Called before each request of a reading.

    :raises Stopping: once this process was asked to stop.
    """
    if _asked.is_set():
        raise Stopping
