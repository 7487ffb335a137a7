"""Freezes as claims, pages and workers ask for them: which are in force, what each of them holds back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, CharField, Count, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Greatest

from backoffice.approvals.models import Request
from backoffice.approvals.states import RequestState
from backoffice.funding.models import Freeze, Kind, Operation, Scope
from backoffice.funding.states import State

#: What a freeze holds back. What is being sent has left already, and what is in review is not sent again.
HELD_STATES: Final = (State.PENDING_APPROVAL, State.APPROVED, State.UNKNOWN)
RELEASE: Final = "release"
MOST_SHOWN: Final = 50
#: `Freeze.restored_at` of a lock, for a query; PostgreSQL passes over the one that is not set.
RESTORED_AT: Final = Greatest("frozen_at", "restored_again_at")


def freezes() -> QuerySet[Freeze]:
    """Return every freeze with what its name and its people are drawn from."""
    return Freeze.objects.select_related("asset", "client", "frozen_by", "release__requested_by")


def in_force() -> QuerySet[Freeze]:
    """Return what is frozen now, oldest first."""
    return freezes().filter(released_at=None).order_by("frozen_at", "id")


def locks_after_restore() -> QuerySet[Freeze]:
    """Return the lock of a restored backup while two people have not released it: one, or none."""
    return in_force().filter(backup_at__isnull=False)


def is_locked_after_restore() -> bool:
    """Tell whether a backup was restored and two people have not released the lock yet."""
    return locks_after_restore().exists()


def restored_at() -> datetime | None:
    """Return when the database was last set back to a backup, whether or not that lock is still in force."""
    newest: datetime | None = Freeze.objects.filter(backup_at__isnull=False).aggregate(at=Max(RESTORED_AT))["at"]
    return newest


def history() -> list[Freeze]:
    """Return the newest freezes that were released."""
    released = freezes().filter(released_at__isnull=False).prefetch_related("release__decisions__decided_by")
    return list(released.order_by("-frozen_at", "-id")[:MOST_SHOWN])


def holding(kind: str, client_id: int | None, asset_id: str | None) -> QuerySet[Freeze]:
    """Return the freezes in force that hold back an operation of this type, client and asset; None is not known yet."""
    holds = Q(scope=Scope.EVERYTHING) | Q(client_id=client_id, client__isnull=False)
    holds |= Q(asset_id=asset_id, asset__isnull=False)
    if kind == Kind.WITHDRAWAL:
        holds |= Q(scope=Scope.MONEY_OUT)
    return in_force().filter(holds)


def is_held(*, besides: Freeze | None = None) -> Exists:
    """Tell of each operation of a query whether a freeze in force holds it back; ``besides`` names one that is not
    asked about."""
    kind = ExpressionWrapper(OuterRef("kind"), output_field=CharField())
    holds = Q(scope=Scope.EVERYTHING) | Q(asset_id=OuterRef("asset_id")) | Q(client_id=OuterRef("client_id"))
    holds |= Q(scope=Scope.MONEY_OUT, held_kind=Kind.WITHDRAWAL)
    asked_about = Freeze.objects.filter(released_at=None)
    if besides is not None:
        asked_about = asked_about.exclude(pk=besides.pk)
    return Exists(asked_about.annotate(held_kind=kind).filter(holds))


def held_by(freeze: Freeze) -> QuerySet[Operation]:
    """Return the operations a freeze holds back, whoever else holds them too, those that wait longest first."""
    waiting = Operation.objects.filter(state__in=HELD_STATES).select_related("client", "asset")
    return waiting.filter(**_scope_of(freeze)).order_by("requested_at", "id")


def being_sent(freeze: Freeze) -> QuerySet[Operation]:
    """Return what of a freeze's scope was claimed before it and is being sent now, which nobody can stop: one for each
    worker at most. Nothing of what was released."""
    sending = Operation.objects.filter(state=State.SUBMITTING).select_related("client", "asset")
    scope = {"pk": None} if freeze.released_at else _scope_of(freeze)
    return sending.filter(**scope).order_by("requested_at", "id")


def _scope_of(freeze: Freeze) -> dict[str, Any]:
    scopes: dict[str, dict[str, Any]] = {
        Scope.EVERYTHING: {},
        Scope.MONEY_OUT: {"kind": Kind.WITHDRAWAL},
        Scope.ASSET: {"asset_id": freeze.asset_id},
        Scope.CLIENT: {"client_id": freeze.client_id},
    }
    return scopes[freeze.scope]


# How much is held ---------------------------------------------------------------------------------------------------


@dataclass
class Held:
    """How many operations a freeze holds back, and what they add up to by asset, in and out apart."""

    count: int = 0
    sums: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def add(self, kind: str, asset_id: str, count: int, total: Decimal) -> None:
        """Count one group of operations in."""
        self.count += count
        by_kind = self.sums.setdefault(asset_id, {})
        by_kind[kind] = by_kind.get(kind, Decimal(0)) + total


def held_by_each(frozen: Iterable[Freeze]) -> dict[int, Held]:
    """Say of each freeze how much it holds back, all of them by one query."""
    frozen = list(frozen)
    held = {freeze.pk: Held() for freeze in frozen}
    clients = [freeze.client_id for freeze in frozen if freeze.client_id]
    whose = Case(When(client_id__in=clients, then=F("client_id")), default=None)
    waiting = Operation.objects.filter(state__in=HELD_STATES).order_by().annotate(whose=whose)
    groups = waiting.values_list("kind", "asset_id", "whose").annotate(count=Count("id"), total=Sum("amount"))
    for kind, asset_id, client_id, count, total in groups if frozen else ():
        for freeze in frozen:
            if _holds(freeze, kind, asset_id, client_id):
                held[freeze.pk].add(kind, asset_id, count, total)
    return held


def leaving_at_once(freeze: Freeze) -> Held:
    """Say how much of what a freeze holds back is approved, so that it is sent as soon as nothing holds it."""
    approved, held = held_by(freeze).filter(state=State.APPROVED), Held()
    groups = approved.order_by().values_list("kind", "asset_id").annotate(count=Count("id"), total=Sum("amount"))
    for kind, asset_id, count, total in groups:
        held.add(kind, asset_id, count, total)
    return held


def being_sent_of_each(frozen: Iterable[Freeze]) -> dict[int, int]:
    """Say of each freeze how many of its payments are being sent now, all of them by one query."""
    frozen = list(frozen)
    sending = Operation.objects.filter(state=State.SUBMITTING).values_list("kind", "asset_id", "client_id")
    payments = list(sending) if frozen else []
    return {freeze.pk: sum(_holds(freeze, *payment) for payment in payments) for freeze in frozen}


def _holds(freeze: Freeze, kind: str, asset_id: str, client_id: int | None) -> bool:
    if freeze.scope == Scope.MONEY_OUT:
        return kind == Kind.WITHDRAWAL
    return (
        freeze.scope == Scope.EVERYTHING
        or (freeze.asset_id is not None and freeze.asset_id == asset_id)
        or (freeze.client_id is not None and freeze.client_id == client_id)
    )


# Requests for a release ---------------------------------------------------------------------------------------------


def key_of(freeze: Freeze, number: int) -> str:
    """Name the ``number``-th request for the release of a freeze; the database reads the freeze's id from it."""
    return f"freeze-{freeze.pk}-{number}"


def freeze_named(key: str) -> int:
    """Return the id of the freeze that a request for a release is about."""
    return int(key.split("-")[1])


def requests_for(freeze: Freeze) -> QuerySet[Request]:
    """Return every request to release a freeze, newest first."""
    about = Request.objects.filter(kind=RELEASE, subject__startswith=f"freeze-{freeze.pk}-")
    return about.select_related("requested_by").order_by("-requested_at", "-id")


def waiting_releases(frozen: Iterable[Freeze], now: datetime) -> dict[int, Request]:
    """Return by freeze the request for its release that waits for a decision, all of them by one query."""
    waiting = Request.objects.filter(kind=RELEASE, state=RequestState.WAITING, valid_until__gt=now)
    known = {freeze.pk for freeze in frozen}
    found = {freeze_named(one.subject): one for one in waiting.select_related("requested_by") if known}
    return {pk: one for pk, one in found.items() if pk in known}
