"""Which requests one person may approve together: alike, few, small in sum, and nothing odd about any of them.

Alike: of one kind and asset, under the same version of the same rule, which asks for one person. Small: what they come
to in sum stays below what two people would have to approve at once. Whatever is odd is lifted out, to be read alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Final

from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals import queries
from backoffice.approvals.models import Request, Rule, RuleSetState
from backoffice.approvals.policies import not_known_yet
from backoffice.approvals.subjects import ChangedByThePartner, KnowsWhatIsUnusual, is_known, subject_of
from backoffice.money import Money

MOST_ROWS: Final = 50
#: How many of the oldest are looked at to find that many ordinary ones.
LOOKED_AT: Final = 60
FEWEST_ROWS: Final = 2
#: An amount this many times larger or smaller than the middle one of its set is odd.
FAR_OFF: Final = 3


@dataclass(frozen=True)
class Alike:
    """What requests have in common that may be approved together."""

    kind: str
    asset: str
    rule: str
    rule_version: int


@dataclass(frozen=True)
class Waiting:
    """Requests that are alike: how many there are and what they come to."""

    alike: Alike
    count: int
    total: Decimal
    limit: Decimal | None

    @property
    def is_possible(self) -> bool:
        """Whether it is known from where on two people would have to approve."""
        return self.limit is not None


@dataclass(frozen=True)
class Together:
    """What is approved with one look: ``rows``, oldest first. ``lifted`` are the odd ones, each with the reason;
    ``later`` counts those that come next, since these are enough at once."""

    alike: Alike
    rows: tuple[Request, ...]
    lifted: tuple[tuple[Request, str], ...]
    later: int
    limit: Decimal

    @property
    def total(self) -> Decimal:
        """What the rows come to."""
        return sum((one.amount or Decimal(0) for one in self.rows), Decimal(0))

    @property
    def total_text(self) -> str:
        return str(Money(self.total, self.alike.asset))


def sets_for(person: Person, now: datetime) -> list[Waiting]:
    """Return the sets of requests ``person`` may decide on that are alike, the largest first."""
    groups = (
        _candidates(person, now)
        .order_by()
        .values("kind", "asset", "rule", "rule_version")
        .annotate(count=Count("pk"), total=Sum("amount"))
        .filter(count__gte=FEWEST_ROWS)
    )
    ordered = groups.order_by("-count", "kind", "asset", "rule", "rule_version")
    return [
        Waiting(alike, group["count"], group["total"], limit_of(alike))
        for group in ordered
        if is_fit(alike := Alike(group["kind"], group["asset"], group["rule"], group["rule_version"]))
    ]


def together(person: Person, alike: Alike, now: datetime) -> Together | None:
    """Return what ``person`` may approve at once of what is ``alike``; None where no limit is known for it."""
    limit = limit_of(alike) if is_fit(alike) else None
    if limit is None:
        return None
    waiting = _candidates(person, now).filter(
        kind=alike.kind, asset=alike.asset, rule=alike.rule, rule_version=alike.rule_version
    )
    looked_at = list(waiting[:LOOKED_AT])
    reasons = odd_ones(looked_at)
    rows = _as_many_as_fit([one for one in looked_at if one.subject not in reasons], limit)
    lifted = tuple((one, reasons[one.subject]) for one in looked_at if one.subject in reasons)
    return Together(alike, rows, lifted, waiting.count() - len(rows) - len(lifted), limit)


def limit_of(alike: Alike) -> Decimal | None:
    """Return the amount, of one or of a client's day, from which on the live rules want two people; None where no rule
    says so for this asset."""
    pinned = Rule.objects.filter(rule_set__version=alike.rule_version, name=alike.rule).values("kind")
    bands = Rule.objects.filter(rule_set__state=RuleSetState.LIVE, kind__in=pinned, asset=alike.asset)
    of_two = bands.filter(people_needed__gt=1)
    found: Decimal | None = of_two.aggregate(least=Min(Least("at_least", "day_total_from")))["least"]
    return found


def is_fit(alike: Alike) -> bool:
    """Whether it is known what is odd about requests of this kind, without the partner being asked about each."""
    if not is_known(alike.kind):
        return False
    subject = subject_of(Request(kind=alike.kind))
    return isinstance(subject, KnowsWhatIsUnusual) and not isinstance(subject, ChangedByThePartner)


def odd_ones(requests: Sequence[Request]) -> dict[str, str]:
    """Say why some of ``requests`` should be read alone, by their subject."""
    if not requests:
        return {}
    subject = subject_of(requests[0])
    if not isinstance(subject, KnowsWhatIsUnusual):  # `is_fit` has said so before
        raise TypeError(f"nobody knows what is unusual about a request of the kind {requests[0].kind}")
    unknown = not_known_yet(requests[0])
    if unknown is not None:
        return {one.subject: unknown.sentence for one in requests}
    current = subject.current_fingerprints(requests)
    changed = {
        one.subject: _("Its content is not what was asked for.")
        for one in requests
        if current.get(one.subject) != one.fingerprint
    }
    return {**_far_off(requests), **subject.unusual(requests), **changed}


def _candidates(person: Person, now: datetime) -> QuerySet[Request]:
    return queries.waiting_for(person, now).filter(people_needed=1, amount__gt=0)


def _as_many_as_fit(ordinary: Sequence[Request], limit: Decimal) -> tuple[Request, ...]:
    rows: list[Request] = []
    total = Decimal(0)
    for one in ordinary[:MOST_ROWS]:
        total += one.amount or Decimal(0)
        if total >= limit:
            break
        rows.append(one)
    return tuple(rows)


def _far_off(requests: Sequence[Request]) -> dict[str, str]:
    middle = median([one.amount for one in requests if one.amount])
    sentence = _("Its amount is far from the middle of these, %(amount)s.")
    return {
        one.subject: sentence % {"amount": Money(middle, one.asset)}
        for one in requests
        if one.amount and not middle / FAR_OFF <= one.amount <= middle * FAR_OFF
    }
