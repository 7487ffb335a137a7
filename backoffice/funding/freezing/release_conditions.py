"""What must be true before the lock of a restore is released. Apps above this one know how to tell and register it.

A freeze by a person has no conditions: two others who want it released are enough.
"""

from collections.abc import Callable
from dataclasses import dataclass

from backoffice.funding.models import Freeze
from backoffice.ui.values import Text


@dataclass(frozen=True)
class Examined:
    """One condition, as it stands for one freeze: why it does not hold, empty when it does, and what shows it."""

    text: Text
    why_not: str = ""
    proof: object = ""


Condition = Callable[[Freeze], Examined]
_CONDITIONS: dict[str, Condition] = {}


def register(name: str, condition: Condition) -> None:
    """Demand ``condition`` of every lock of a restore; called from ``AppConfig.ready()``."""
    _CONDITIONS[name] = condition


def examined(freeze: Freeze) -> list[Examined]:
    """Say of each condition whether it holds; none are asked of a freeze by a person, or of what is released."""
    if freeze.backup_at is None or freeze.released_at is not None:
        return []
    return [condition(freeze) for condition in _CONDITIONS.values()]


def why_not_released(freeze: Freeze) -> str:
    """Say why nobody can release this freeze yet; empty when two people can."""
    return " ".join(one.why_not for one in examined(freeze) if one.why_not)
