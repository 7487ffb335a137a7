"""Hand over the decisions of a manager who is away, and end it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.policies import Refused
from backoffice.approvals.absences.policies import Absence, NotPossible, check_can_end, check_can_hand_over
from backoffice.approvals.models import Delegation
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock


def fingerprint_of(planned: Absence) -> str:
    """Return the digest of what is handed over. The database computes the same of the row before it takes it."""
    moments = [str(int(at.timestamp()) * 1_000_000 + at.microsecond) for at in (planned.begins_at, planned.ends_at)]
    content = ":".join(["delegation", str(planned.away.pk), str(planned.stand_in.pk), *moments])
    return hashlib.sha256(content.encode()).hexdigest()


def check_before_proof(planned: Absence, *, by: Person) -> None:
    """Refuse what may not be handed over, and write the refusal down, before a code is used up for it.

    :raises Refused, NotPossible: as `hand_over`.
    """
    with _refusals_recorded(planned, by):
        check_can_hand_over(by, planned, clock.now())


def hand_over(planned: Absence, *, by: Person, proof: Proof, reason: str = "") -> Delegation:
    """Let ``planned.stand_in`` decide for ``planned.away``, on what waits already too.

    :param proof: the second factor ``by`` has just shown for `fingerprint_of` this.
    :raises Refused: for whoever may not hand over what that manager decides.
    :raises NotPossible: when the people or the time do not fit.
    """
    with _refusals_recorded(planned, by), transaction.atomic():
        _lock(planned.away, planned.stand_in)
        now = clock.now()
        check_can_hand_over(by, _as_they_are_now(planned), now)
        delegation = Delegation.objects.create(
            away=planned.away,
            stand_in=planned.stand_in,
            begins_at=planned.begins_at,
            ends_at=planned.ends_at,
            reason=reason,
            made_by=by,
            made_at=now,
            made_with=proof,
        )
        record("delegation.made", by=by, obj=delegation, after=_told(planned), reason=reason)
        return delegation


def end(*, delegation_id: int, by: Person) -> Delegation:
    """End it before its time: from this moment nobody decides with it any more.

    :raises Refused: for anybody but the two people concerned and administrators.
    :raises NotPossible: when it is over already.
    """
    with transaction.atomic():
        delegations = Delegation.objects.select_for_update(of=("self",)).select_related("away", "stand_in")
        delegation, now = delegations.get(pk=delegation_id), clock.now()
        check_can_end(by, delegation, now)
        delegation.ended_at, delegation.ended_by = now, by
        delegation.save(update_fields=["ended_at", "ended_by"])
        after = {"away": delegation.away.name, "stand_in": delegation.stand_in.name, "ended_at": now.isoformat()}
        record("delegation.ended", by=by, obj=delegation, after=after)
        return delegation


def _lock(*people: Person) -> None:
    """Keep the people as they are, and whoever else hands over to or from them waiting, until this is committed."""
    locked = Person.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in people]).order_by("pk")
    list(locked.values_list("pk"))


def _as_they_are_now(planned: Absence) -> Absence:
    people = Person.objects.in_bulk([planned.away.pk, planned.stand_in.pk])
    return Absence(
        away=people[planned.away.pk],
        stand_in=people[planned.stand_in.pk],
        begins_at=planned.begins_at,
        ends_at=planned.ends_at,
    )


def _told(planned: Absence) -> dict[str, str]:
    return {
        "away": planned.away.name,
        "stand_in": planned.stand_in.name,
        "begins_at": planned.begins_at.isoformat(),
        "ends_at": planned.ends_at.isoformat(),
    }


@contextmanager
def _refusals_recorded(planned: Absence, by: Person) -> Iterator[None]:
    """Write a refusal to the audit log after the refused transaction is undone."""
    try:
        yield
    except (Refused, NotPossible) as refusal:
        record("delegation.refused", by=by, after=_told(planned), reason=str(refusal), result=Entry.Result.REFUSED)
        raise
