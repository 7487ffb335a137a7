"""Why an exception is one: the tests of what was last found, and one sentence.

A source that keeps findings of its own kind registers how it tells them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from backoffice.reconciliation.comparing.explanation import sentence_of, tests_of
from backoffice.reconciliation.exceptions.feeds import NO_LONGER_LISTED
from backoffice.reconciliation.exceptions.queries import newest_finding, newest_sighting
from backoffice.reconciliation.models import ExceptionItem, Finding, Source


@dataclass(frozen=True)
class Told:
    """The sentence, the tests in order, and the finding they were made on where there is one."""

    sentence: str = ""
    tests: list[Any] = field(default_factory=list)
    finding: Finding | None = None


_tellers: dict[Source, Callable[[ExceptionItem], Told]] = {}


def register(source: Source, teller: Callable[[ExceptionItem], Told]) -> None:
    """Have the exceptions of a source told by ``teller``; called from ``AppConfig.ready()``."""
    _tellers[source] = teller


def told_of(item: ExceptionItem) -> Told:
    """Explain one exception."""
    teller = _tellers.get(Source(item.source), by_its_finding)
    return teller(item)


def by_its_finding(item: ExceptionItem) -> Told:
    """Explain it by its newest finding."""
    finding = newest_finding(item)
    sighting = newest_sighting(item)
    if sighting is not None and sighting.verdict == NO_LONGER_LISTED:
        return Told(_("CoinMENA no longer lists this order."))
    if finding is None:
        return Told()
    return Told(sentence_of(finding, finding.run), tests_of(finding, finding.run), finding)
