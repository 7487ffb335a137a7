"""One function says why not: tables of where a request stands against who would decide (security.md S4, S5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals import services
from backoffice.approvals.absences import services as absences
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict, Reason, why_not_decide
from backoffice.audit.models import Entry
from backoffice.database import clock
from tests.approvals.conftest import HandOver
from tests.approving import approve
from tests.people import give_role

pytestmark = pytest.mark.usefixtures("db")


@dataclass(frozen=True)
class Cast:
    """Everybody who might try."""

    maya: Person
    omar: Person
    lina: Person
    rami: Person
    vera: Person
    adam: Person
    hand_over: HandOver


@pytest.fixture
def cast(
    of_two: Request,
    rami: Person,
    maya: Person,
    omar: Person,
    lina: Person,
    vera: Person,
    adam: Person,
    hand_over: HandOver,
) -> Cast:
    return Cast(maya, omar, lina, rami, vera, adam, hand_over)


def wait(_asked: Request, _cast: Cast) -> None:
    """Nobody does anything."""


def approve_once(asked: Request, cast: Cast) -> None:
    approve(asked, cast.omar)


def approve_for_omar(asked: Request, cast: Cast) -> None:
    handed_over = cast.hand_over(cast.omar, cast.rami)
    approve(asked, cast.rami, for_person=cast.omar)
    absences.end(delegation_id=handed_over.pk, by=cast.omar)


def approve_twice(asked: Request, cast: Cast) -> None:
    approve(asked, cast.omar)
    approve(asked, cast.rami)


def take_back(asked: Request, cast: Cast) -> None:
    approve(asked, cast.omar)
    services.take_back(request_id=asked.pk, by=cast.omar)


def take_back_the_last(asked: Request, cast: Cast) -> None:
    approve_twice(asked, cast)
    services.take_back(request_id=asked.pk, by=cast.rami)


def reject(asked: Request, cast: Cast) -> None:
    services.reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="other", note="No.", by=cast.omar)


def cancel(asked: Request, cast: Cast) -> None:
    services.cancel(request_id=asked.pk, by=cast.maya)


#: What happened; then what Lina, Lina for Omar, Omar and Rami are told. An empty code means: go on.
TABLE: list[tuple[Callable[[Request, Cast], None], tuple[str, str, str, str]]] = [
    (wait, ("", "", "", "")),
    (approve_once, ("", "voice_used", "decided_by_you", "")),
    (approve_for_omar, ("", "voice_used", "voice_used", "decided_by_you")),
    (take_back, ("", "", "", "")),
    (approve_twice, ("already_decided",) * 4),
    (take_back_the_last, ("already_decided",) * 4),
    (reject, ("already_decided",) * 4),
    (cancel, ("already_decided",) * 4),
]


@pytest.mark.parametrize(("happened", "told"), TABLE, ids=[one.__name__ for one, _told in TABLE])
def test_what_each_manager_is_told_in_each_state(
    happened: Callable[[Request, Cast], None], told: tuple[str, ...], of_two: Request, cast: Cast
) -> None:
    happened(of_two, cast)
    cast.hand_over(cast.omar, cast.lina)

    assert told == (
        told_to(cast.lina, of_two),
        told_to(cast.lina, of_two, for_person=cast.omar),
        told_to(cast.omar, of_two),
        told_to(cast.rami, of_two),
    )


def test_nobody_decides_when_time_is_over(of_two: Request, cast: Cast) -> None:
    cast.hand_over(cast.omar, cast.lina)

    for voice in (None, cast.omar):
        assert told_to(cast.lina, of_two, for_person=voice, after=timedelta(hours=25)) == "expired"


@pytest.mark.parametrize(
    ("name", "code"),
    [("maya", "own_request"), ("vera", "not_a_manager"), ("adam", "not_a_manager")],
)
def test_whoever_is_no_manager_or_asked_is_told_so_and_who_can(
    of_two: Request, cast: Cast, name: str, code: str
) -> None:
    reason = why_not_decide(getattr(cast, name), of_two, clock.now())

    assert reason is not None
    assert (reason.code, reason.is_conflict) == (code, False)
    assert reason.who_can == ("Lina Aziz", "Omar Saleh", "Rami Nasser")
    assert "Lina Aziz or Omar Saleh or Rami Nasser can, until" in reason.sentence


def test_whoever_has_approved_is_told_who_else_has_to(of_two: Request, cast: Cast) -> None:
    approve(of_two, cast.omar)

    reason = why_not_decide(cast.omar, fresh(of_two), clock.now())

    assert reason is not None and reason.who_can == ("Lina Aziz", "Rami Nasser")
    assert "You approved this on" in reason.sentence and "somebody else as well" in reason.sentence


def test_whoever_was_spoken_for_is_not_named_as_somebody_who_still_can(of_two: Request, cast: Cast) -> None:
    approve_for_omar(of_two, cast)

    reason = why_not_decide(cast.maya, fresh(of_two), clock.now())

    assert reason is not None and reason.who_can == ("Lina Aziz",)


@pytest.mark.parametrize("name", ["maya", "vera"])
@pytest.mark.parametrize(
    ("happened", "ended"),
    [
        (approve_twice, "Rami Nasser has approved this already."),
        (reject, "Omar Saleh has rejected this already."),
        (cancel, "Maya Haddad has cancelled this request."),
    ],
)
def test_nobody_is_told_who_can_decide_on_what_is_over(
    happened: Callable[[Request, Cast], None], ended: str, name: str, of_two: Request, cast: Cast
) -> None:
    happened(of_two, cast)

    reason = why_not_decide(getattr(cast, name), fresh(of_two), clock.now())

    assert reason is not None and (reason.is_conflict, reason.who_can) == (False, ())
    assert reason.sentence.endswith(ended)


def test_nobody_is_told_who_can_decide_on_what_ran_out(of_two: Request, cast: Cast) -> None:
    reason = why_not_decide(cast.maya, of_two, clock.now() + timedelta(hours=25))

    assert reason is not None and reason.who_can == ()
    assert reason.sentence.endswith("It can be asked for again.")


def test_a_closed_account_decides_on_nothing(of_two: Request, cast: Cast) -> None:
    cast.omar.is_active = False

    assert told_to(cast.omar, of_two) == "deactivated"


# Whose voice (S4) -----------------------------------------------------------------------------------------------------


def hand_nothing_over(_cast: Cast) -> None:
    """Nobody is away."""


def hand_over_and_end(cast: Cast) -> None:
    absences.end(delegation_id=cast.hand_over(cast.omar, cast.lina).pk, by=cast.omar)


def hand_over_to_another(cast: Cast) -> None:
    cast.hand_over(cast.omar, cast.rami)


def hand_over_and_lose_the_role(cast: Cast) -> None:
    cast.hand_over(cast.omar, cast.lina)
    give_role(cast.omar, Role.FINANCE)


@pytest.mark.usefixtures("enough_managers")
@pytest.mark.parametrize(
    ("happened", "code"),
    [
        (hand_nothing_over, "no_delegation"),
        (hand_over_and_end, "no_delegation"),
        (hand_over_to_another, "no_delegation"),
        (hand_over_and_lose_the_role, "voice_lost"),
    ],
)
def test_s4_a_voice_that_was_not_handed_over_or_is_lost_is_not_used(
    happened: Callable[[Cast], None], code: str, of_two: Request, cast: Cast
) -> None:
    happened(cast)

    assert told_to(cast.lina, of_two, for_person=cast.omar) == code
    with pytest.raises(Refused, match="in your own name"):
        approve(of_two, cast.lina, for_person=cast.omar)
    refused = Entry.objects.get(event="approval.refused")
    has_handed_over = code == "voice_lost"
    assert refused.result == "refused"
    assert refused.whose == ("Lina Aziz for Omar Saleh" if has_handed_over else "Lina Aziz"), "nobody is named as away"
    assert refused.after.get("spoken_for") == (None if has_handed_over else "Omar Saleh")


def test_s4_nobody_decides_for_whoever_asked(of_two: Request, cast: Cast) -> None:
    """Maya became a manager, went away and handed over: it is her own request all the same."""
    give_role(cast.maya, Role.MANAGER)
    cast.maya.refresh_from_db()
    cast.hand_over(cast.maya, cast.lina)

    with pytest.raises(Refused, match=r"cannot decide on this for Maya Haddad.*own request"):
        approve(of_two, cast.lina, for_person=cast.maya)
    approve(of_two, cast.lina)


def test_two_people_and_two_voices_make_two_approvals(of_two: Request, cast: Cast) -> None:
    cast.hand_over(cast.omar, cast.lina)
    approve(of_two, cast.lina, for_person=cast.omar)
    assert fresh(of_two).state == "waiting"

    with pytest.raises(Conflict, match="You approved this"):
        approve(of_two, cast.lina)
    with pytest.raises(Conflict, match="Lina Aziz has approved this for you already"):
        approve(of_two, cast.omar)

    approve(of_two, cast.rami)
    assert fresh(of_two).state == "approved"


@pytest.mark.usefixtures("enough_managers")
def test_an_approval_of_somebody_who_is_no_manager_any_more_counts_no_more(of_two: Request, cast: Cast) -> None:
    approve(of_two, cast.omar)
    give_role(cast.omar, Role.FINANCE)

    approve(of_two, cast.lina)
    assert fresh(of_two).state == "waiting"

    approve(of_two, cast.rami)
    assert fresh(of_two).state == "approved"


def told_to(
    person: Person, asked: Request, *, for_person: Person | None = None, after: timedelta = timedelta(0)
) -> str:
    away = Person.objects.get(pk=for_person.pk) if for_person else None
    reason: Reason | None = why_not_decide(person, fresh(asked), clock.now() + after, for_person=away)
    return reason.code if reason else ""


def fresh(asked: Request) -> Request:
    return Request.objects.get(pk=asked.pk)
