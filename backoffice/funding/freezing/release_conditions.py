"""What must be true before the lock of a restore is released. Apps above this one know how to tell and register it.

A freeze by a person has no conditions: two others who want it released are enough.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

from backoffice.funding.freezing import freezes
from backoffice.funding.models import Freeze
from backoffice.ui.values import Text

NOT_READ_YET: Final = gettext_noop(
    "A backup was restored, and it may have been sent since. Wait until what CoinMENA did since then is read and "
    "reconciled; the page of the freeze says what is missing."
)


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


def lock_in_the_dark() -> Freeze | None:
    """Return the lock of a restore while it is not known yet what was sent since its backup; None once it is, because
    then the mirror tells what is at the partner, and people end the rest before anybody releases it."""
    lock = freezes.locks_after_restore().first()
    return lock if lock is not None and why_not_released(lock) else None
