"""What a person did on a day: theirs, in order; what others did for them; the day of whoever reads."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.audit import services
from backoffice.audit.asking import days
from backoffice.audit.models import Entry
from backoffice.audit.services import record, speaking_for
from backoffice.reconciliation.exceptions.severity import company_zone
from tests.audit.chain import write

pytestmark = pytest.mark.usefixtures("db")
NOON = datetime(2026, 11, 19, 9, tzinfo=UTC)


@pytest.fixture
def as_vera(vera: Person, client: Client) -> Client:
    client.force_login(vera)
    return client


def today() -> str:
    """The day of whoever reads; between 21:00 and midnight UTC it is another than the server's."""
    return datetime.now(company_zone()).date().isoformat()


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is recorded from now on stand at ``moment``."""
    lock = services.lock_head
    real = getattr(at, "real", lock)
    at.real = real  # type: ignore[attr-defined]
    monkeypatch.setattr(services, "lock_head", lambda: (*real()[:2], moment))


@pytest.fixture
def _a_day(db: None, monkeypatch: pytest.MonkeyPatch, maya: Person, omar: Person, lina: Person) -> None:
    """Maya's Thursday, with the evening before, and what others did to her account and for Omar."""
    at(NOON - timedelta(days=1), monkeypatch)
    record("person.signed_out", by=maya, obj=maya)
    at(NOON, monkeypatch)
    record("person.signed_in", by=maya, obj=maya)
    record("access.refused", by=maya, reason="Only managers decide.", result=Entry.Result.REFUSED)
    record("person.role_changed", by=omar, obj=maya, before={"role": "finance"}, after={"role": "auditor"})
    with speaking_for(omar):
        record("approval.given", by=lina, client="user_7")
    monkeypatch.undo()


@pytest.mark.usefixtures("_a_day")
def test_a_day_holds_what_the_person_did_in_order_and_nothing_of_other_days(as_vera: Client, maya: Person) -> None:
    page = as_vera.get(f"/audit/day/?person={maya.pk}&day=2026-11-19").content.decode()

    done = [entry.event for entry in days.done_by(maya, NOON.date())]
    assert done == ["person.signed_in", "access.refused"]
    assert page.index("Signed in") < page.index("Was refused a page or an action") < page.index("Approved another role")
    for words in ("Maya Haddad on 19 Nov", "Only managers decide.", "Omar Saleh", ", Manager", "finance", "auditor"):
        assert words in page
    assert "Signed out" not in page.split("Done that day", 1)[1]


@pytest.mark.usefixtures("_a_day")
def test_what_somebody_did_for_the_person_stands_on_their_day(as_vera: Client, omar: Person) -> None:
    page = as_vera.get(f"/audit/day/?person={omar.pk}&day=2026-11-19").content.decode()
    assert "Lina Aziz for Omar Saleh" in page


def test_a_day_is_that_of_the_readers_zone(maya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    at(datetime(2026, 11, 19, 22, 30, tzinfo=UTC), monkeypatch)
    record("person.signed_in", by=maya)
    for zone, day in (("UTC", 19), ("Asia/Bahrain", 20)):
        with timezone.override(zone):
            assert days.done_by(maya, datetime(2026, 11, day).date()).count() == 1, zone


def test_reading_somebodys_day_is_itself_an_entry(as_vera: Client, vera: Person, maya: Person) -> None:
    address = f"/audit/day/?person={maya.pk}&day=2026-11-19"
    as_vera.get(address)
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person, entry.after) == ("audit.read", vera, {"page": address})


def test_without_a_question_the_page_asks_for_one(as_vera: Client) -> None:
    answer = as_vera.get("/audit/day/")
    assert answer.status_code == 200 and "Choose a person and a day" in answer.content.decode()


@pytest.mark.parametrize(
    "query", ["person=999&day=2026-11-19", "person=x&day=2026-11-19", "person=&day=", "person=1&day=0001-01-01"]
)
def test_a_question_that_names_nobody_or_no_day_is_answered_with_what_is_wrong(as_vera: Client, query: str) -> None:
    assert as_vera.get(f"/audit/day/?{query}").status_code == 400


def test_a_person_s_page_leads_to_their_day(as_vera: Client, maya: Person) -> None:
    address = f"/audit/day/?person={maya.pk}&amp;day={today()}"
    assert f'href="{address}"' in as_vera.get(f"/people/{maya.pk}/").content.decode()


def test_a_day_longer_than_the_page_says_so(as_vera: Client, maya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.audit.asking.pages.MOST_SHOWN", 2)
    write(3, by=maya)
    page = as_vera.get(f"/audit/day/?person={maya.pk}&day={today()}").content.decode()
    assert "more entries than this page shows" in page


def test_a_day_costs_the_same_queries_for_one_entry_and_for_fifty(
    as_vera: Client,
    maya: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    address = f"/audit/day/?person={maya.pk}&day={today()}"
    write(1, by=maya)
    as_vera.get(address)
    with django_assert_max_num_queries(20) as few:
        as_vera.get(address)
    write(50, by=maya)
    with django_assert_num_queries(len(few)):
        as_vera.get(address)


@pytest.mark.parametrize(("name", "status"), [("maya", 403), ("omar", 200), ("vera", 200), ("adam", 200)])
@pytest.mark.parametrize("path", ["/audit/day/", "/audit/events/"])
def test_who_may_ask(request: pytest.FixtureRequest, client: Client, name: str, status: int, path: str) -> None:
    client.force_login(request.getfixturevalue(name))
    assert client.get(path).status_code == status
