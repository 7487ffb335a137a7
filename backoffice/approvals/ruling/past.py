"""What was asked for in the past, as rules look at it. Money is asked for in an app above, which registers its own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from django.urls import reverse

from backoffice.approvals.matching import Facts
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.ruling.kinds import MONEY


@dataclass(frozen=True, slots=True)
class PastFact:
    """One thing that was asked for: ``subject`` names it, ``facts`` are what the rules saw at that moment."""

    subject: str
    at: datetime
    facts: Facts


class Past(Protocol):
    """Something that knows what was asked for."""

    def facts(self, since: datetime, until: datetime, limit: int) -> list[PastFact]:
        """Return what was asked for in ``[since, until)``, the newest ``limit`` of it, in one query."""

    def url(self, subject: str) -> str:
        """Return the address of what was asked for."""


class RequestsOfOtherKinds:
    """What was asked for and is no money: closings, releases, files, accounts, rules, reopenings."""

    kinds: Final[Collection[str]] = tuple(kind.value for kind in RuleKind if kind not in MONEY)

    def facts(self, since: datetime, until: datetime, limit: int) -> list[PastFact]:
        asked = Request.objects.filter(kind__in=self.kinds, requested_at__gte=since, requested_at__lt=until)
        rows = asked.order_by("-requested_at", "-id").values_list("subject", "requested_at", "kind")[:limit]
        return [PastFact(subject, at, Facts(kind=kind)) for subject, at, kind in rows]

    def url(self, subject: str) -> str:
        return reverse("approvals:detail", args=[subject])


_pasts: dict[str, Past] = {"requests": RequestsOfOtherKinds()}


def register(name: str, past: Past) -> None:
    """Make a part of the past known, ``operations`` for what is money; called from ``AppConfig.ready()``."""
    _pasts[name] = past


def url_of(one: PastFact) -> str:
    """Return the address of what was asked for."""
    part = "operations" if one.facts.kind in MONEY else "requests"
    return _pasts[part].url(one.subject)


def pasts() -> list[Past]:
    """Return everything that knows a part of the past."""
    return list(_pasts.values())
