"""What must have been looked at before a worker takes its first job, each time it begins anew, and what is done once it
has ended its last.

Apps above register what they know; whatever is found there is theirs to deal with.
"""

from collections.abc import Callable
from typing import Final

_LOOKS: Final[dict[str, Callable[[], object]]] = {}
_ENDS: Final[dict[str, Callable[[], object]]] = {}


def register(name: str, look: Callable[[], object]) -> None:
    """Have ``look`` called before the first job; called from ``AppConfig.ready()``."""
    _LOOKS[name] = look


def register_end(name: str, act: Callable[[], object]) -> None:
    """Have ``act`` called after the last job of a worker that was asked to stop."""
    _ENDS[name] = act


def wind_up() -> None:
    """Call everything that is registered for the end."""
    for act in _ENDS.values():
        act()


def look_around() -> None:
    """Call everything that is registered, in the order of registration."""
    for look in _LOOKS.values():
        look()
