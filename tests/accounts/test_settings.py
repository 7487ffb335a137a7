"""A person's own account: the zone of their times, and nothing else."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry

pytestmark = pytest.mark.usefixtures("db")

PAGE = "/accounts/settings/"


def test_a_person_chooses_the_zone_of_their_times(client: Client, maya: Person) -> None:
    client.force_login(maya)
    answer = client.post(PAGE, {"time_zone": "Europe/Berlin"}, follow=True)
    assert "Times are shown in Europe/Berlin." in answer.content.decode()
    assert "Europe/Berlin, UTC+" in answer.content.decode()
    maya.refresh_from_db()
    assert maya.time_zone == "Europe/Berlin"
    entry = Entry.objects.get(event="person.zone_chosen")
    assert (entry.person, entry.before, entry.after) == (
        maya,
        {"time_zone": "Asia/Bahrain"},
        {"time_zone": "Europe/Berlin"},
    )


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Asia/Bahrain\0", "x" * 10_000])
def test_an_unknown_zone_is_refused_and_changes_nothing(client: Client, maya: Person, zone: str) -> None:
    client.force_login(maya)
    answer = client.post(PAGE, {"time_zone": zone})
    assert answer.status_code == 422
    maya.refresh_from_db()
    assert maya.time_zone == "Asia/Bahrain"


def test_no_extra_field_is_taken(client: Client, maya: Person) -> None:
    client.force_login(maya)
    client.post(PAGE, {"time_zone": "UTC", "role": "administrator", "name": "Root", "is_active": "", "email": "x@y.z"})
    maya.refresh_from_db()
    assert (maya.role, maya.name, maya.is_active, maya.email) == ("finance", "Maya Haddad", True, "maya@example.com")


def test_the_page_says_who_one_is(client: Client, maya: Person) -> None:
    client.force_login(maya)
    page = client.get(PAGE).content.decode()
    assert "Maya Haddad" in page
    assert "maya@example.com" in page


def test_a_new_person_sees_times_in_the_zone_of_the_company(settings: Settings) -> None:
    settings.COMPANY_TIME_ZONE = "Europe/London"
    nour = Person.objects.create_person(email="nour@example.com", name="Nour Saab", role=Role.FINANCE)
    assert nour.time_zone == "Europe/London"
