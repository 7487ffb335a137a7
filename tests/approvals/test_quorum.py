"""Two people: who has, who has to, and what the page and the queue say of it."""

import pytest
from django.test import Client as Browser
from django.utils.html import strip_tags

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision, Request
from backoffice.audit.models import Entry
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from tests.approvals.conftest import HandOver
from tests.approving import approve
from tests.factors import with_code, wrong_code_of

pytestmark = pytest.mark.usefixtures("db")


def test_the_first_of_two_is_written_down_and_nothing_moves(of_two: Request, omar: Person) -> None:
    approve(of_two, omar, note="Seen the letter.")

    assert Request.objects.get(pk=of_two.pk).state == "waiting"
    assert Operation.objects.get().state == State.PENDING_APPROVAL
    entry = Entry.objects.get(event="approval.given")
    assert entry.after is not None and entry.after["approvals"] == "1 of 2"
    assert (entry.person, entry.reason, entry.object_id) == (omar, "Seen the letter.", of_two.subject)


def test_the_second_of_two_lets_it_go(of_two: Request, omar: Person, lina: Person) -> None:
    approve(of_two, omar)
    approve(of_two, lina)

    assert Operation.objects.get().state == State.APPROVED
    told = [entry.after["approvals"] for entry in Entry.objects.filter(event="approval.given") if entry.after]
    assert told == ["1 of 2", "2 of 2"]


def test_one_rejection_ends_it_whoever_has_approved(
    client: Browser, of_two: Request, omar: Person, lina: Person
) -> None:
    approve(of_two, omar)
    client.force_login(lina)
    said = {"fingerprint": of_two.fingerprint, "reason_code": "suspicious", "reason": "The letter is forged."}

    client.post(f"/approvals/{of_two.subject}/reject/", said)

    assert Operation.objects.get().state == State.REJECTED


def test_page_and_queue_say_who_has_and_how_many_are_missing(
    client: Browser, of_two: Request, omar: Person, lina: Person
) -> None:
    address = f"/approvals/{of_two.subject}/"
    client.force_login(lina)
    assert "2 other people have to approve; nobody has yet." in client.get(address).content.decode()

    approve(of_two, omar)

    page = client.get(address).content.decode()
    assert "1 of 2 has approved: Omar Saleh at" in page and "1 more needed." in page
    queue = client.get("/approvals/").content.decode()
    assert "1 of 2" in queue and "Omar Saleh at" in queue


def test_what_one_has_approved_leaves_their_queue_and_waits_for_others(
    client: Browser, of_two: Request, omar: Person, lina: Person
) -> None:
    approve(of_two, omar)

    seen = {}
    for person in (omar, lina):
        client.force_login(person)
        seen[person.name] = [
            of_two.subject in client.get(f"/approvals/{lane}").content.decode() for lane in ("", "?lane=others")
        ]

    assert seen == {"Omar Saleh": [False, True], "Lina Aziz": [True, False]}


def test_the_page_of_who_has_approved_offers_no_second_approval(client: Browser, of_two: Request, omar: Person) -> None:
    approve(of_two, omar)
    client.force_login(omar)

    page = client.get(f"/approvals/{of_two.subject}/").content.decode()

    assert "You approved this on" in page and "Take my approval back" in page
    assert "/approve/" not in page


def test_it_says_when_fewer_can_than_have_to(
    client: Browser, of_two: Request, omar: Person, lina: Person, rami: Person
) -> None:
    Person.objects.filter(pk__in=[lina.pk, rami.pk]).update(is_active=False)
    client.force_login(omar)

    page = client.get(f"/approvals/{of_two.subject}/").content.decode()

    assert "It needs 2 more, and 1 can: an administrator has to invite a manager, or it expires." in page


def test_who_is_away_is_shown_with_their_stand_in(
    client: Browser, of_two: Request, omar: Person, lina: Person, hand_over: HandOver
) -> None:
    hand_over(omar, lina)
    client.force_login(lina)

    page = client.get(f"/approvals/{of_two.subject}/").content.decode()

    assert "Away; Lina Aziz decides for them until" in page and "Decide as" in page


# The code -------------------------------------------------------------------------------------------------------------


def test_s20_the_field_repeats_what_the_code_is_good_for(client: Browser, asked: Request, omar: Person) -> None:
    client.force_login(omar)

    page = client.get(f"/approvals/{asked.subject}/").content.decode()

    assert "Good for this one decision only: " in page
    hint = page.split("Good for this one decision only: ")[1].split("</div>")[0]
    assert strip_tags(hint) == "withdrawal, 500.00 USD, Noura Al Khalifa."


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "wrong"])
def test_s20_without_the_right_code_nothing_is_approved_and_the_note_is_kept(
    client: Browser, asked: Request, omar: Person, code: str
) -> None:
    client.force_login(omar)
    code = wrong_code_of(omar) if code == "wrong" else code
    said = {"fingerprint": asked.fingerprint, "note": "Payout confirmed.", "code": code}

    answer = client.post(f"/approvals/{asked.subject}/approve/", said)

    assert answer.status_code == 422 and "Payout confirmed." in answer.content.decode()
    assert not Decision.objects.exists()


def test_s20_a_code_of_another_person_is_refused(client: Browser, asked: Request, omar: Person, lina: Person) -> None:
    client.force_login(omar)

    answer = client.post(f"/approvals/{asked.subject}/approve/", with_code(lina, fingerprint=asked.fingerprint))

    assert answer.status_code == 422
    assert not Decision.objects.exists()


@pytest.mark.parametrize("who", ["maya", "vera"])
def test_s4_a_right_code_is_not_used_up_by_a_refusal(
    client: Browser, asked: Request, omar: Person, maya: Person, vera: Person, who: str
) -> None:
    person = {"maya": maya, "vera": vera}[who]
    client.force_login(person)
    said = with_code(person, fingerprint=asked.fingerprint)

    for _again in range(2):
        assert client.post(f"/approvals/{asked.subject}/approve/", said).status_code == 403

    assert with_code(person)["code"] == said["code"]


def test_a_check_that_asks_to_be_looked_at_asks_for_a_note(
    client: Browser, asked: Request, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.approvals.pages.note_hint", lambda _preview: "Needed here: 1 check asks.")
    client.force_login(omar)
    address = f"/approvals/{asked.subject}/"
    assert "Needed here: 1 check asks." in client.get(address).content.decode()
    said = with_code(omar, fingerprint=asked.fingerprint)

    refused = client.post(f"{address}approve/", said)

    assert refused.status_code == 422 and "why you approve all the same" in refused.content.decode()
    assert client.post(f"{address}approve/", {**said, "note": "The client rang."}).status_code == 302


@pytest.mark.parametrize(
    "extra",
    [
        {"state": "approved", "people_needed": "1"},
        {"approved_by": "1", "decided_by": "1", "requested_by": "1", "role": "manager", "is_staff": "on"},
        {"amount": "1.00", "reference": "wd-2026-zzzzzzzz", "proof": "1", "proof_id": "1", "for_person": "1"},
        {"form-TOTAL_FORMS": "2", "request_id": "1", "flags": "none", "verdict": "approved"},
    ],
)
def test_s6_extra_fields_change_nothing(client: Browser, of_two: Request, omar: Person, extra: dict[str, str]) -> None:
    client.force_login(omar)

    client.post(f"/approvals/{of_two.subject}/approve/", with_code(omar, fingerprint=of_two.fingerprint, **extra))

    decided = Decision.objects.get(request=of_two)
    assert (decided.decided_by, decided.for_person) == (omar, None)
    after = Request.objects.get(pk=of_two.pk)
    assert (after.state, after.amount, after.people_needed) == ("waiting", of_two.amount, 2)


def test_the_first_of_two_approvals_is_not_told_as_the_end(client: Browser, of_two: Request, omar: Person) -> None:
    client.force_login(omar)

    said = with_code(omar, fingerprint=of_two.fingerprint)
    page = client.post(f"/approvals/{of_two.subject}/approve/", said, follow=True).content.decode()

    assert "Your approval of 12,500.00 USD counts. It needs somebody else as well." in page
    assert "12,500.00 USD approved." not in page


def test_taking_an_approval_back_asks_in_one_plain_question(client: Browser, of_two: Request, omar: Person) -> None:
    approve(of_two, omar)
    client.force_login(omar)

    page = client.get(f"/approvals/{of_two.subject}/take-back/").content.decode()

    assert "Take back your approval of" in page
    assert ">Take my approval back</button>" in page
