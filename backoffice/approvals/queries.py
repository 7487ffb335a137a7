"""Requests as the queue and the decision page need them."""

from datetime import datetime
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models import CharField as TextOutput
from django.utils import timezone

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.states import RequestState

WAITING = RequestState.WAITING
#: Which lane a person finds first; whoever neither asks nor decides sees what waits for others.
FIRST_LANES = {str(Role.MANAGER): "for_me", str(Role.FINANCE): "mine"}


def requests() -> QuerySet[Request]:
    """Return every request with the person who asked."""
    return Request.objects.select_related("requested_by", "barred").prefetch_related("decisions__decided_by")


def with_lanes(person: Person, now: datetime) -> QuerySet[Request]:
    """Return the requests, each with its ``lane`` as ``person`` sees it: for_me, mine, others or history."""
    is_open = {"state": WAITING, "valid_until__gt": now}
    mine = When(requested_by=person, then=Value("mine"), **is_open)
    not_for_me = When(barred=person, then=Value("others"), **is_open)
    return requests().annotate(
        lane=_lane(mine, not_for_me, waiting="for_me" if person.is_manager else "others", now=now)
    )


def with_nobodys_lanes() -> QuerySet[Request]:
    """Return the requests as the command line sees them: whatever waits, waits for others."""
    return requests().annotate(lane=_lane(waiting="others", now=timezone.now()))


def _lane(*first: When, waiting: str, now: datetime) -> Case:
    is_open = When(state=WAITING, valid_until__gt=now, then=Value(waiting))
    return Case(*first, is_open, default=Value("history"), output_field=TextOutput())


def in_lane(person: Person, now: datetime, *, is_chosen: bool) -> QuerySet[Any]:
    """Return the rows of the queue: all where a lane is chosen in the address, else what concerns ``person`` first."""
    rows: QuerySet[Any] = with_lanes(person, now)
    return rows if is_chosen else rows.filter(lane=FIRST_LANES.get(person.role, "others"))


def waiting_for(person: Person, now: datetime) -> QuerySet[Request]:
    """Return what ``person`` may decide on now, oldest first; nothing for whoever is no manager."""
    if not person.is_manager:
        return Request.objects.none()
    waiting = requests().filter(state=WAITING, valid_until__gt=now).exclude(Q(requested_by=person) | Q(barred=person))
    return waiting.order_by("requested_at", "id")


def next_after(decided: Request, person: Person, now: datetime) -> Request | None:
    """Return the request to decide on after ``decided``: the next younger one, else the oldest."""
    others = waiting_for(person, now).exclude(pk=decided.pk)
    same_moment = Q(requested_at=decided.requested_at, pk__gt=decided.pk)
    younger = others.filter(Q(requested_at__gt=decided.requested_at) | same_moment).first()
    return younger or others.first()


def older_than(request: Request, waiting: QuerySet[Request]) -> QuerySet[Request]:
    """Keep what stands before ``request`` in the queue."""
    same_moment = Q(requested_at=request.requested_at, pk__lt=request.pk)
    return waiting.filter(Q(requested_at__lt=request.requested_at) | same_moment)


def people_who_can_decide(*not_these: int | None) -> list[Person]:
    """List everybody entitled to decide: active managers other than the one who asks and whoever else is barred."""
    managers = Person.objects.filter(role=Role.MANAGER, is_active=True).exclude(pk__in=[pk for pk in not_these if pk])
    return list(managers.order_by("name", "id"))


def decision_of(request: Request, person: Person) -> Decision | None:
    """Return what ``person`` already decided on ``request``."""
    return Decision.objects.filter(request=request, decided_by=person, taken_back_at=None).first()


def approvals_of(request: Request) -> QuerySet[Decision]:
    """Return the approvals that count: those not taken back."""
    return request.decisions.filter(verdict=Decision.Verdict.APPROVED, taken_back_at=None)


def due_to_expire(now: datetime) -> QuerySet[Request, Any]:
    """Return the requests nobody decided on in time, still marked as waiting."""
    return Request.objects.filter(state=WAITING, valid_until__lte=now).order_by("id")
