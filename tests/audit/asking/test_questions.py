"""Questions a person keeps: theirs alone, of pages they may open, under names of their own."""

import pytest
from django.test import Client

from backoffice.accounts.models import Person
from backoffice.audit.asking import questions
from backoffice.audit.asking.questions import MOST, NotKept, asked_at, keep_question, questions_of
from backoffice.audit.models import Entry, SavedQuestion

pytestmark = pytest.mark.usefixtures("db")
REFUSED = "/audit/?result=refused&page=abc&sort=number"


@pytest.fixture
def as_vera(vera: Person, client: Client) -> Client:
    client.force_login(vera)
    return client


def test_a_question_is_kept_without_the_page_it_was_on_and_asked_again(as_vera: Client, vera: Person) -> None:
    answer = as_vera.post("/audit/questions/", {"name": "Refused", "address": REFUSED}, follow=True)

    question = SavedQuestion.objects.get()
    assert (question.person, question.address) == (vera, "/audit/?result=refused&sort=number")
    page = answer.content.decode()
    assert "Question kept." in page
    assert 'href="/audit/?result=refused&amp;sort=number"' in page
    entry = Entry.objects.get(event="question.kept")
    assert (entry.person, entry.after) == (vera, {"name": "Refused", "page": question.address})


def test_a_question_is_forgotten(as_vera: Client, vera: Person) -> None:
    kept = keep_question(name="Refused", asked=asked_at(REFUSED, vera), by=vera)
    as_vera.post(f"/audit/questions/{kept.pk}/forget/")
    assert not SavedQuestion.objects.exists()
    assert Entry.objects.get(event="question.forgotten").before == {"name": "Refused", "page": kept.address}


def test_s2_nobody_sees_or_forgets_somebody_elses(as_vera: Client, omar: Person) -> None:
    kept = keep_question(name="Omar's own", asked=asked_at(REFUSED, omar), by=omar)
    assert f"/audit/questions/{kept.pk}/forget/" not in as_vera.get("/audit/").content.decode()
    assert as_vera.post(f"/audit/questions/{kept.pk}/forget/").status_code == 404
    assert as_vera.post("/audit/questions/999/forget/").status_code == 404
    assert SavedQuestion.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example/audit/", "//elsewhere.example/audit/", "/people/", "/nothing/", "", "javascript:1"],
)
def test_only_pages_of_the_log_are_kept(as_vera: Client, vera: Person, address: str) -> None:
    with pytest.raises(NotKept):
        asked_at(address, vera)
    assert as_vera.post("/audit/questions/", {"name": "x", "address": address}).headers["Location"] == "/"
    assert not SavedQuestion.objects.exists()


def test_what_a_role_cannot_open_it_does_not_keep(maya: Person, adam: Person) -> None:
    assert asked_at("/audit/who-funded-what/?asset=USD", maya).address == "/audit/who-funded-what/?asset=USD"
    for person, address in ((maya, "/audit/"), (adam, "/audit/who-funded-what/")):
        with pytest.raises(NotKept):
            asked_at(address, person)


def test_a_name_is_used_once_and_is_needed(as_vera: Client, vera: Person) -> None:
    asked = asked_at(REFUSED, vera)
    keep_question(name="Refused", asked=asked, by=vera)
    with pytest.raises(NotKept, match="under this name"):
        keep_question(name="Refused", asked=asked, by=vera)
    page = as_vera.post("/audit/questions/", {"name": " ", "address": REFUSED}, follow=True).content.decode()
    assert "Give the question a name" in page
    assert SavedQuestion.objects.count() == 1


def test_there_is_room_for_so_many(vera: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST == 50
    monkeypatch.setattr(questions, "MOST", 1)
    asked = asked_at(REFUSED, vera)
    keep_question(name="One", asked=asked, by=vera)
    with pytest.raises(NotKept, match="room"):
        keep_question(name="Two", asked=asked, by=vera)
    assert [one.name for one in questions_of(vera)] == ["One"]


def test_a_day_and_who_funded_what_offer_to_be_kept(as_vera: Client, vera: Person) -> None:
    for address in (f"/audit/day/?person={vera.pk}&day=2026-11-19", "/audit/who-funded-what/?asset=USD"):
        assert "Name of the question" in as_vera.get(address).content.decode(), address
