"""Handing over: between managers, by whoever is away or an administrator, never twice, never on (security.md S4)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.models.person import company_time_zone
from backoffice.accounts.policies import Refused
from backoffice.accounts.step_up import FactorForm
from backoffice.approvals.absences import services
from backoffice.approvals.absences.forms import AbsenceForm
from backoffice.approvals.absences.policies import Absence, NotPossible
from backoffice.approvals.models import Decision, Delegation, Request, Rule
from backoffice.approvals.ruling.forms import SubmitForm
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.funding.closing.forms import ClosingForm
from backoffice.funding.freezing.forms import ReleaseForm
from backoffice.funding.needed import who_can_today
from backoffice.people.forms import InviteForm, RoleForm
from tests import approving
from tests.approvals.conftest import HandOver, absence
from tests.factors import with_code

pytestmark = pytest.mark.usefixtures("db")


def make(planned: Absence, by: Person) -> Delegation:
    proof = approving.shown(by, services.fingerprint_of(planned), clock.now())
    return services.hand_over(planned, by=by, proof=proof, reason="On leave")


@pytest.mark.parametrize("by", ["omar", "adam"])
def test_whoever_is_away_or_an_administrator_hands_over_and_the_log_names_both(
    omar: Person, lina: Person, adam: Person, by: str
) -> None:
    maker = {"omar": omar, "adam": adam}[by]

    make(absence(omar, lina), maker)

    entry = Entry.objects.get(event="delegation.made")
    assert (entry.person, entry.reason) == (maker, "On leave")
    assert entry.after is not None and (entry.after["away"], entry.after["stand_in"]) == ("Omar Saleh", "Lina Aziz")


@pytest.mark.parametrize("by", ["lina", "maya", "vera"])
def test_nobody_else_hands_over_what_a_manager_decides(
    omar: Person, lina: Person, maya: Person, vera: Person, by: str
) -> None:
    with pytest.raises(Refused, match="Only Omar Saleh or an administrator"):
        make(absence(omar, lina), {"lina": lina, "maya": maya, "vera": vera}[by])
    assert Entry.objects.get(event="delegation.refused").result == "refused"


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (lambda omar, lina, maya: absence(omar, omar), "Nobody stands in for themselves"),
        (lambda omar, lina, maya: absence(omar, maya), "Maya Haddad is no manager"),
        (lambda omar, lina, maya: absence(omar, lina, days=-1), "comes before"),
        (lambda omar, lina, maya: absence(omar, lina, starts=timedelta(days=-2)), "The first day is over"),
        (lambda omar, lina, maya: absence(omar, lina, days=120), "at most three months"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    plan: Callable[..., Absence], sentence: str, omar: Person, lina: Person, maya: Person
) -> None:
    with pytest.raises(NotPossible, match=sentence):
        make(plan(omar, lina, maya), omar)
    assert not Delegation.objects.exists()


@pytest.mark.parametrize(
    ("away", "stand_in", "starts", "sentence"),
    [
        ("omar", "rami", 1, "has handed over to Lina Aziz until .* already"),
        ("rami", "omar", 1, "Omar Saleh is away then"),
        ("lina", "rami", 1, "Lina Aziz decides for Omar Saleh"),
        ("omar", "rami", 4, ""),
        ("lina", "rami", 4, ""),
        ("rami", "lina", 1, ""),
    ],
)
def test_nobody_is_away_twice_and_nothing_is_handed_on(
    of_two: Request, rami: Person, omar: Person, lina: Person, away: str, stand_in: str, starts: int, sentence: str
) -> None:
    """Omar has handed over to Lina for three days."""
    people = {"omar": omar, "lina": lina, "rami": rami}
    make(absence(omar, lina), omar)
    planned = absence(people[away], people[stand_in], starts=timedelta(days=starts))

    if not sentence:
        make(planned, people[away])
        return
    with pytest.raises(NotPossible, match=sentence):
        make(planned, people[away])


def test_it_is_ended_by_those_it_is_about_and_once(
    omar: Person, lina: Person, adam: Person, maya: Person, hand_over: HandOver
) -> None:
    for by in (omar, lina, adam):
        made = hand_over(omar, lina)
        with pytest.raises(Refused, match="Only Omar Saleh, Lina Aziz or an administrator"):
            services.end(delegation_id=made.pk, by=maya)
        services.end(delegation_id=made.pk, by=by)
        with pytest.raises(NotPossible, match="over already"):
            services.end(delegation_id=made.pk, by=by)
    assert Entry.objects.filter(event="delegation.ended").count() == 3


# The database ---------------------------------------------------------------------------------------------------------


def row(planned: Absence, by: Person, proof: Proof | None = None, **details: Any) -> Delegation:
    now = clock.now()
    proof = proof or approving.shown(by, services.fingerprint_of(planned), now)
    return Delegation.objects.create(
        away=planned.away,
        stand_in=planned.stand_in,
        begins_at=planned.begins_at,
        ends_at=planned.ends_at,
        made_by=by,
        made_at=now,
        made_with=proof,
        **details,
    )


def test_s4_the_database_refuses_a_hand_over_without_right_people_or_proof(
    omar: Person, lina: Person, maya: Person, vera: Person
) -> None:
    planned = absence(omar, lina)
    of_something_else = approving.shown(omar, "f" * 64, clock.now())
    of_somebody_else = approving.shown(lina, services.fingerprint_of(planned), clock.now())
    for attempt in (
        partial(row, planned, lina),
        partial(row, planned, vera),
        partial(row, absence(omar, maya), omar),
        partial(row, absence(maya, lina), maya),
        partial(row, planned, omar, proof=of_something_else),
        partial(row, planned, omar, proof=of_somebody_else),
    ):
        with pytest.raises(DatabaseError, match="without the right or a fresh proof"), transaction.atomic():
            attempt()
    row(planned, omar)


def test_the_database_lets_nobody_be_away_twice(omar: Person, lina: Person, of_two: Request, rami: Person) -> None:
    row(absence(omar, lina), omar)

    with pytest.raises(DatabaseError, match="one_stand_in_at_a_time"):
        row(absence(omar, rami, starts=timedelta(days=1)), omar)


def test_s4_the_database_refuses_a_voice_that_was_handed_back(
    asked: Request, omar: Person, lina: Person, hand_over: HandOver
) -> None:
    """Even with a moment of decision that lies before the end."""
    made = hand_over(omar, lina)
    before = clock.now()
    services.end(delegation_id=made.pk, by=omar)

    with pytest.raises(DatabaseError, match="nobody handed over"):
        Decision.objects.create(
            request=asked,
            requested_by=asked.requested_by,
            decided_by=lina,
            for_person=omar,
            verdict="approved",
            fingerprint=asked.fingerprint,
            proof=approving.shown(lina, asked.fingerprint, before),
            decided_at=before,
        )


@pytest.mark.parametrize("who", ["decided_by", "for_person"])
def test_s4_the_database_lets_only_managers_decide_and_be_spoken_for(
    asked: Request, omar: Person, lina: Person, vera: Person, hand_over: HandOver, who: str
) -> None:
    hand_over(omar, lina)
    decided_by, for_person = (vera, None) if who == "decided_by" else (lina, omar)
    if who == "for_person":
        Person.objects.filter(pk=omar.pk).update(is_active=False)

    with pytest.raises(DatabaseError, match="no manager"):
        Decision.objects.create(
            request=asked,
            requested_by=asked.requested_by,
            decided_by=decided_by,
            for_person=for_person,
            verdict="approved",
            fingerprint=asked.fingerprint,
            proof=approving.shown(decided_by, asked.fingerprint, clock.now()),
            decided_at=clock.now(),
        )


# The pages ------------------------------------------------------------------------------------------------------------


def days(first: int = 0, last: int = 3) -> dict[str, str]:
    """Name days as somebody in the company's zone types them."""
    today = timezone.localdate(timezone=ZoneInfo(company_time_zone()))
    return {
        "first_day": (today + timedelta(days=first)).isoformat(),
        "last_day": (today + timedelta(days=last)).isoformat(),
    }


def test_a_manager_hands_over_with_a_code_and_everybody_sees_it(
    client: Browser, omar: Person, lina: Person, vera: Person
) -> None:
    client.force_login(omar)
    said = with_code(omar, stand_in=lina.pk, reason="On leave", **days())

    page = client.post("/approvals/absences/new/", said, follow=True).content.decode()

    assert "Lina Aziz decides for Omar Saleh." in page and "On leave" in page
    made = Delegation.objects.get()
    assert made.begins_at.astimezone(ZoneInfo(omar.time_zone)).hour == 0
    assert made.ends_at - made.begins_at == timedelta(days=4)
    client.force_login(vera)
    assert "Omar Saleh" in client.get("/approvals/absences/").content.decode()
    client.force_login(lina)
    assert "you can decide for them until" in client.get("/approvals/").content.decode()


def test_an_administrator_chooses_who_is_away(client: Browser, adam: Person, omar: Person, lina: Person) -> None:
    client.force_login(adam)
    said = with_code(adam, away=omar.pk, stand_in=lina.pk, **days())

    assert client.post("/approvals/absences/new/", said).status_code == 302
    assert Delegation.objects.get().away == omar


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"code": "000000"}, ""),
        ({"code": ""}, "Type the six digits"),
        ({"first_day": "2020-01-01"}, "The first day is over"),
        ({"first_day": "tomorrow"}, "Write a day as"),
        ({"last_day": "9999-12-31"}, "Choose a day between the years 2000 and 2100."),
        ({"first_day": "0001-01-01"}, "Choose a day between the years 2000 and 2100."),
        ({"stand_in": "999999"}, "Select a valid choice"),
    ],
)
def test_a_mistake_keeps_what_was_typed(
    client: Browser, omar: Person, lina: Person, changed: dict[str, str], sentence: str
) -> None:
    client.force_login(omar)
    said = {**with_code(omar, stand_in=lina.pk, reason="On leave until Monday", **days()), **changed}

    answer = client.post("/approvals/absences/new/", said)

    assert answer.status_code == 422
    assert "On leave until Monday" in answer.content.decode() and sentence in answer.content.decode()
    assert not Delegation.objects.exists()


def test_s6_a_manager_cannot_hand_over_for_another_by_a_forged_field(
    client: Browser, omar: Person, lina: Person
) -> None:
    client.force_login(lina)
    said = with_code(lina, away=omar.pk, made_by=omar.pk, stand_in=omar.pk, **days())

    client.post("/approvals/absences/new/", said)

    assert Delegation.objects.get().away == lina


def test_ending_asks_first_and_counts_at_once(
    client: Browser, asked: Request, omar: Person, lina: Person, hand_over: HandOver
) -> None:
    made = hand_over(omar, lina)
    client.force_login(lina)
    assert "For Omar Saleh" in client.get(f"/approvals/{asked.subject}/").content.decode()
    address = f"/approvals/absences/{made.pk}/end/"
    assert "End the absence of Omar Saleh?" in client.get(address).content.decode()

    assert client.post(address).status_code == 302

    assert "For Omar Saleh" not in client.get(f"/approvals/{asked.subject}/").content.decode()
    assert client.post(address).status_code == 409


def test_the_decision_page_lets_a_stand_in_choose_and_names_both_afterwards(
    client: Browser, asked: Request, omar: Person, lina: Person, hand_over: HandOver
) -> None:
    """The request waited before Omar went away."""
    hand_over(omar, lina)
    client.force_login(lina)
    address = f"/approvals/{asked.subject}/"

    said = with_code(lina, fingerprint=asked.fingerprint, speak_as=str(omar.pk), note="Checked for Omar.")
    page = client.post(f"{address}approve/", said, follow=True).content.decode()

    assert "Lina Aziz for Omar Saleh has approved this already." in page
    decided = Decision.objects.get()
    assert (decided.decided_by, decided.for_person) == (lina, omar)
    entries = Entry.objects.filter(event__in=["approval.given", "operation.approved"])
    assert {entry.whose for entry in entries} == {"Lina Aziz for Omar Saleh"}


@pytest.mark.parametrize("forged", ["999999999", "-1", "²", "9" * 40, "maya", "' OR 1=1"])
def test_s6_a_forged_voice_is_an_error_of_the_form(client: Browser, asked: Request, lina: Person, forged: str) -> None:
    client.force_login(lina)
    said = with_code(lina, fingerprint=asked.fingerprint, speak_as=forged)

    answer = client.post(f"/approvals/{asked.subject}/approve/", said)

    assert answer.status_code == 422
    assert not Decision.objects.exists()


def test_s4_a_forged_voice_of_somebody_real_is_refused(
    client: Browser, asked: Request, lina: Person, omar: Person, maya: Person
) -> None:
    client.force_login(lina)
    for voice in (omar, maya):
        said = with_code(lina, fingerprint=asked.fingerprint, speak_as=str(voice.pk))
        assert client.post(f"/approvals/{asked.subject}/approve/", said).status_code == 403
    assert Entry.objects.filter(event="approval.refused", person=lina).count() == 2
    assert not Decision.objects.exists()


@pytest.mark.parametrize("form", [AbsenceForm, ReleaseForm, ClosingForm, SubmitForm, InviteForm, RoleForm])
def test_mistakes_are_listed_in_the_order_of_the_page_with_the_code_last(form: type[FactorForm]) -> None:
    typed = [name for name in form.field_order or () if name in form.base_fields]

    assert typed and "code" not in typed
    assert set(form.base_fields) - set(typed) <= {"code", "credential", "fingerprint", "token", "seen", "raised_at"}


@pytest.mark.parametrize(
    ("people_needed", "said"),
    [
        (1, "Lina Aziz can approve it today. Omar Saleh is away."),
        (2, "Only Lina Aziz can approve it today and 2 are needed. Omar Saleh is away."),
        (
            3,
            "Only Lina Aziz can approve it and 3 are needed: an administrator has to invite a manager."
            " Omar Saleh is away.",
        ),
    ],
)
def test_whoever_is_about_to_ask_is_told_who_is_away(
    maya: Person, omar: Person, lina: Person, hand_over: HandOver, people_needed: int, said: str
) -> None:
    hand_over(omar, lina)
    assert who_can_today(Rule(people_needed=people_needed), maya) == said
