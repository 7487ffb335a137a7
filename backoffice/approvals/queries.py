"""Requests as the queue and the decision page need them."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.db.models import CharField as TextOutput
from django.db.models.functions import Coalesce
from django.utils import timezone

from backoffice.accounts.models import NEVER_CAME, Person, Role
from backoffice.approvals.models import Decision, Delegation, Request, RuleKind
from backoffice.approvals.states import RequestState

WAITING = RequestState.WAITING
#: What waits for one person is counted no further than this.
MOST_COUNTED: Final = 1_000
#: Which lane a person finds first; whoever neither asks nor decides sees what waits for others.
FIRST_LANES = {str(Role.MANAGER): "for_me", str(Role.FINANCE): "mine", str(Role.ADMINISTRATOR): "mine"}
#: What concerns people and rules; an administrator proposes it and sees nothing of money.
OF_THE_HOUSE: Final = (str(RuleKind.ACCOUNT), str(RuleKind.RULES))
#: Which kinds a role sees, or all but which.
SEEN: Final = {
    str(Role.ADMINISTRATOR): Q(kind__in=OF_THE_HOUSE),
    str(Role.FINANCE): ~Q(kind=str(RuleKind.ACCOUNT)),
}
#: Not `Q()`, which an "or" leaves out as if it were nothing.
EVERYTHING: Final = ~Q(pk__in=[])


def requests() -> QuerySet[Request]:
    """Return every request with the person who asked and what was decided, oldest decision first."""
    decisions = Decision.objects.select_related("decided_by", "for_person").order_by("decided_at", "id")
    rows: QuerySet[Request] = Request.objects.select_related("requested_by", "barred")
    return rows.prefetch_related(Prefetch("decisions", decisions))


def seen_by(person: Person) -> QuerySet[Request]:
    """Return the requests that concern the role of ``person``."""
    return requests().filter(_concerns(person))


def stoppable_by(person: Person) -> QuerySet[Request]:
    """Return what ``person`` sees, and what they asked for or approved in whatever role: who may keep a thing from
    happening finds it, in the role they have by now too."""
    own = Q(requested_by=person) | Q(_decided_by(person))
    return requests().filter(_concerns(person) | own)


def _concerns(person: Person) -> Q:
    return SEEN.get(person.role, EVERYTHING)


def in_lane(person: Person, now: datetime, lanes: Collection[str] = ()) -> QuerySet[Any]:
    """Return the rows of the queue: those of ``lanes``, as ``person`` sees them, else of the one that is theirs.

    What each lane holds is named by columns: an index is found by them, and not by a lane worked out of a row.
    """
    wanted = lanes or (FIRST_LANES.get(person.role, "others"),)
    held = lanes_of(person, now)
    kept = Q(pk__in=[])
    for lane in wanted:
        kept |= held.get(lane, Q(pk__in=[]))
    return sized(seen_by(person).filter(kept))


def lanes_of(person: Person, now: datetime) -> dict[str, Q]:
    """Say what each lane holds for ``person``; every request is in one of them."""
    is_open = Q(state=WAITING, valid_until__gt=now)
    is_mine, is_out_of_reach = Q(requested_by=person), Q(barred=person) | Q(_decided_by(person))
    not_barred = Q(barred=None) | ~Q(barred=person)
    waiting = is_open & ~is_mine
    return {
        "mine": is_open & is_mine,
        "for_me": waiting & not_barred & ~Q(_decided_by(person)) if person.is_manager else Q(pk__in=[]),
        "others": waiting & is_out_of_reach if person.is_manager else waiting,
        "history": ~Q(state=WAITING) | Q(valid_until__lte=now),
    }


def with_nobodys_lanes() -> QuerySet[Request]:
    """Return the requests as the command line sees them, each with its ``lane``: whatever waits, waits for others."""
    is_open = When(state=WAITING, valid_until__gt=timezone.now(), then=Value("others"))
    lane = Case(is_open, default=Value("history"), output_field=TextOutput())
    rows: QuerySet[Request] = sized(requests()).annotate(lane=lane)
    return rows


def narrowed_to_lanes(rows: QuerySet[Any], lanes: Collection[str]) -> QuerySet[Any]:
    """Keep the rows of ``lanes`` where each says its own; `in_lane` has kept them already where none does."""
    return rows.filter(lane__in=lanes) if "lane" in rows.query.annotations else rows


def sized(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Give each request a ``size`` to be ordered by; what has no amount comes last."""
    given: QuerySet[Any] = rows.annotate(size=Coalesce("amount", Decimal(0)))
    return given


def _decided_by(person: Person) -> Exists:
    return Exists(Decision.objects.filter(request=OuterRef("pk"), decided_by=person, taken_back_at=None))


def waiting_for(person: Person, now: datetime) -> QuerySet[Request]:
    """Return what ``person`` may decide on now, oldest first; nothing for whoever is no manager."""
    if not person.is_manager:
        return Request.objects.none()
    return requests().filter(lanes_of(person, now)["for_me"]).order_by("requested_at", "id")


def counted_for(person: Person, now: datetime) -> QuerySet[Request]:
    """Return what `waiting_for` finds, to be counted: no further than `MOST_COUNTED`."""
    first = waiting_for(person, now).order_by().values("pk")[:MOST_COUNTED]
    return Request.objects.filter(pk__in=first)


def next_after(decided: Request, person: Person, now: datetime) -> Request | None:
    """Return the request to decide on after ``decided``: the next younger one, else the oldest."""
    others = waiting_for(person, now).exclude(pk=decided.pk).prefetch_related(None)
    same_moment = Q(requested_at=decided.requested_at, pk__gt=decided.pk)
    younger = others.filter(Q(requested_at__gt=decided.requested_at) | same_moment).first()
    return younger or others.first()


def older_than(request: Request, waiting: QuerySet[Request]) -> QuerySet[Request]:
    """Keep what stands before ``request`` in the queue."""
    same_moment = Q(requested_at=request.requested_at, pk__lt=request.pk)
    return waiting.filter(Q(requested_at__lt=request.requested_at) | same_moment)


# People ---------------------------------------------------------------------------------------------------------------


def people_who_can_decide(*not_these: int | None) -> list[Person]:
    """List everybody entitled to decide: active managers other than the one who asks and whoever else is barred.

    One who is invited and never came cannot, and a rule that needs them could not be satisfied.
    """
    managers = Person.objects.filter(~NEVER_CAME, role=Role.MANAGER, is_active=True)
    return list(managers.exclude(pk__in=[pk for pk in not_these if pk]).order_by("name", "id"))


def people_still_able(request: Request) -> list[Person]:
    """List who can decide on ``request`` now: everybody entitled who neither has yet nor was spoken for."""
    stands = [one for one in decisions_of(request) if one.taken_back_at is None]
    used = [pk for one in stands for pk in (one.decided_by_id, one.for_person_id)]
    return people_who_can_decide(request.requested_by_id, request.barred_id, *used)


def voices_of(person: Person, request: Request, now: datetime) -> list[Person]:
    """List those who are away, have handed over to ``person`` and may be spoken for on ``request``."""
    if not person.is_manager:
        return []
    used = {one.for_person_id or one.decided_by_id for one in decisions_of(request) if one.taken_back_at is None}
    return [
        one.away
        for one in delegations_to(person, now)
        if one.away.is_manager
        and one.away.is_active
        and one.away_id not in {*used, request.requested_by_id, request.barred_id}
    ]


def delegations_to(person: Person, now: datetime) -> QuerySet[Delegation]:
    """Return what was handed over to ``person`` and is in force at ``now``."""
    in_force = Delegation.objects.in_force_at(now).filter(stand_in=person)
    return in_force.select_related("away", "stand_in").order_by("away__name", "id")


def stands_in_for(person: Person, away: Person, now: datetime) -> bool:
    """Whether ``away`` has handed over to ``person`` and that is in force at ``now``."""
    return delegations_to(person, now).filter(away=away).exists()


def stand_ins(now: datetime) -> dict[int, Delegation]:
    """Return who is away at ``now``, by person, with whoever decides for them."""
    return {one.away_id: one for one in Delegation.objects.in_force_at(now).select_related("stand_in")}


# Decisions ------------------------------------------------------------------------------------------------------------


def decisions_of(request: Request) -> list[Decision]:
    """Return what was decided on ``request``, oldest first, without a query where `requests` has read it."""
    return sorted(request.decisions.all(), key=lambda one: (one.decided_at, one.pk))


def decision_of(request: Request, person: Person) -> Decision | None:
    """Return what ``person`` decided on ``request`` and has not taken back."""
    decisions = Decision.objects.filter(request=request, decided_by=person, taken_back_at=None)
    return decisions.select_related("decided_by", "for_person").first()


def decision_with_voice(request: Request, person: Person) -> Decision | None:
    """Return what was decided on ``request`` in the name of ``person``, by themselves or by their stand-in."""
    spoken = Q(for_person=person) | Q(for_person=None, decided_by=person)
    decisions = Decision.objects.filter(spoken, request=request, taken_back_at=None)
    return decisions.select_related("decided_by", "for_person").first()


def approvals_of(request: Request) -> QuerySet[Decision]:
    """Return the approvals that count: those not taken back, of people who are entitled to one to this day."""
    return request.decisions.filter(
        verdict=Decision.Verdict.APPROVED,
        taken_back_at=None,
        fingerprint=request.fingerprint,
        decided_by__role=Role.MANAGER,
        decided_by__is_active=True,
    )


def counts(decision: Decision) -> bool:
    """Whether an approval is one of those that `approvals_of` finds."""
    is_approval = decision.verdict == Decision.Verdict.APPROVED and decision.taken_back_at is None
    return is_approval and decision.decided_by.is_manager and decision.decided_by.is_active


def due_to_expire(now: datetime) -> QuerySet[Request, Any]:
    """Return the requests nobody decided on in time, still marked as waiting."""
    return Request.objects.filter(state=WAITING, valid_until__lte=now).order_by("id")
