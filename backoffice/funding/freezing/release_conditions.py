"""What must be true before the lock of a restore is released. Apps above this one know how to tell and register it.

A freeze by a person has no conditions: two others who want it released are enough.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from backoffice.funding.freezing import freezes
from backoffice.funding.models import Freeze, Operation
from backoffice.funding.states import State
from backoffice.ui.values import Link, Text

NOT_READ_YET: Final = gettext_noop(
    "A backup was restored, and it may have been sent since. Wait until what CoinMENA did since then is read and "
    "reconciled; the page of the freeze says what is missing."
)
NOT_KNOWN_YET: Final = gettext_noop(
    "A backup was restored, and this payment may have been made since. Wait until what CoinMENA did since then is read "
    "and reconciled; the page of the freeze says what is missing."
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
    return [*_registered(freeze), doubts_ended()]


def _registered(freeze: Freeze) -> list[Examined]:
    return [condition(freeze) for condition in _CONDITIONS.values()]


def doubts_ended() -> Examined:
    """Tell whether nothing is in doubt any more. What the backup holds in doubt may have been ended and tried again
    since; looked up under the lock it is paid, failed or in review, and is not sent again at the release."""
    text = _("Nothing is in doubt; workers look up what is, and send nothing")
    count = doubtful().count()
    if not count:
        return Examined(text)
    found = Link(_("In doubt"), f"{reverse('funding:list')}?{urlencode({'state': State.UNKNOWN})}")
    why_not = ngettext(
        "%(n)d operation is in doubt: workers look it up.",
        "%(n)d operations are in doubt: workers look them up.",
        count,
    )
    return Examined(text, why_not % {"n": count}, found)


def doubtful() -> QuerySet[Operation]:
    """Return what was claimed and has not ended; under the lock of a restore, nothing is claimed anew."""
    return Operation.objects.filter(state__in=(State.SUBMITTING, State.UNKNOWN))


def why_not_released(freeze: Freeze) -> str:
    """Say why nobody can release this freeze yet; empty when two people can."""
    return " ".join(one.why_not for one in examined(freeze) if one.why_not)


def is_in_the_dark() -> bool:
    """Tell whether a backup was restored and it is not known yet what was sent since.

    Until then nothing is ended and nothing is asked for anew. Once it is known, the mirror tells what is at the
    partner: equal payments are asked about, and people end the rest before anybody releases the lock.
    """
    lock = freezes.locks_after_restore().first()
    return lock is not None and any(one.why_not for one in _registered(lock))
