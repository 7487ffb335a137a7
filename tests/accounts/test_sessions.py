"""How sessions end: idle, old, changed (S7, S15, S22)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse

from backoffice.accounts.models import Person, Role, Session
from backoffice.accounts.models.session import IDLE_AFTER, LONGEST
from backoffice.audit.models import Entry
from tests.people import reactivate

pytestmark = pytest.mark.usefixtures("db")

PAGE = "/accounts/settings/"
SECOND = timedelta(seconds=1)
BY_ITSELF = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-19T08:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def signed_in(client: Client, maya: Person, clock: time_machine.Traveller) -> Client:
    client.force_login(maya)
    return client


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def assert_ended(client: Client, reason: str) -> None:
    session = client.session.session_key
    answer = client.get(PAGE)
    assert answer["Location"] == f"/accounts/login/?next={PAGE}"
    assert SESSION_KEY not in client.session
    assert not Session.objects.filter(pk=session).exists()
    entry = last_entry()
    assert (entry.event, entry.object_type, entry.reason) == ("person.session_ended", "person", reason)


def test_a_session_ends_after_fifteen_idle_minutes(signed_in: Client, clock: time_machine.Traveller) -> None:
    clock.shift(IDLE_AFTER - SECOND)
    assert signed_in.get(PAGE).status_code == 200
    clock.shift(IDLE_AFTER)
    assert_ended(signed_in, "idle")
    assert "signed out after 15 minutes without activity" in signed_in.get(reverse("account_login")).content.decode()


def test_work_keeps_a_session_alive_until_eight_hours_are_over(
    signed_in: Client, clock: time_machine.Traveller
) -> None:
    for _ in range(int(LONGEST / timedelta(minutes=10)) - 1):
        clock.shift(timedelta(minutes=10))
        assert signed_in.get(PAGE).status_code == 200
    clock.shift(timedelta(minutes=10))
    assert_ended(signed_in, "too old")


def test_a_region_that_polls_keeps_nothing_alive(signed_in: Client, clock: time_machine.Traveller) -> None:
    for _ in range(2):
        clock.shift(timedelta(minutes=7))
        assert signed_in.get(PAGE, **BY_ITSELF).status_code == 200  # type: ignore[arg-type]
    clock.shift(timedelta(minutes=1))
    assert_ended(signed_in, "idle")


def test_a_link_followed_by_htmx_is_activity(signed_in: Client, clock: time_machine.Traveller) -> None:
    for _ in range(4):
        clock.shift(timedelta(minutes=7))
        assert signed_in.get(PAGE, HTTP_HX_BOOSTED="true", **BY_ITSELF).status_code == 200  # type: ignore[arg-type]


def test_activity_is_noted_once_a_minute_only(signed_in: Client, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(seconds=59))
    signed_in.get(PAGE)
    assert signed_in.session["seen_at"] == signed_in.session["signed_in_at"]
    clock.shift(SECOND)
    signed_in.get(PAGE)
    assert signed_in.session["seen_at"] == signed_in.session["signed_in_at"] + 60


def test_another_role_ends_the_session_at_the_next_request(signed_in: Client, maya: Person) -> None:
    session = signed_in.session
    session["role"] = str(Role.MANAGER)
    session.save()
    assert_ended(signed_in, "role changed")


def test_a_closed_account_ends_the_session_at_the_next_request(signed_in: Client, maya: Person) -> None:
    Person.objects.filter(pk=maya.pk).update(is_active=False)
    assert_ended(signed_in, "account closed")
    reactivate(maya)
    assert signed_in.get(PAGE).status_code == 302


def test_another_password_ends_the_session_at_the_next_request(signed_in: Client, maya: Person) -> None:
    maya.set_password("another horse battery")
    maya.save()
    assert signed_in.get(PAGE).status_code == 302
    assert SESSION_KEY not in signed_in.session


def test_a_session_without_its_marks_is_not_trusted(signed_in: Client) -> None:
    session = signed_in.session
    del session["signed_in_at"]
    session.save()
    assert_ended(signed_in, "too old")


def test_htmx_is_sent_to_sign_in_and_back_to_the_page_it_was_on(
    signed_in: Client, clock: time_machine.Traveller
) -> None:
    clock.shift(IDLE_AFTER)
    answer = signed_in.get(
        PAGE, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/orders/?status=failed"}
    )
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Forders%2F%3Fstatus%3Dfailed"
    assert answer.content == b""
    assert "without activity" in signed_in.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_strangers_are_sent_to_sign_in_whatever_the_method(client: Client, db: None, method: str) -> None:
    answer = getattr(client, method)(PAGE)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={PAGE}")


SENT_TO = "/approvals/wdr-2026-1/approve/"
NOT_DONE = "You were signed out, so what you sent was not done. Sign in and look again."


@pytest.mark.parametrize(
    ("came_from", "led_to"),
    [
        ("http://testserver/approvals/wdr-2026-1/?from=list", "/approvals/wdr-2026-1/%3Ffrom%3Dlist"),
        (f"http://testserver{SENT_TO}", "/"),  # the form came again with its error, at the address that takes it
        ("http://testserver/none-such/", "/"),
        ("http://testserver//evil.example/", "/"),
        ("https://evil.example/orders/", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_what_is_sent_signed_out_leads_back_to_the_page_it_came_from_and_is_said_not_to_be_done(
    client: Client, db: None, came_from: str, led_to: str
) -> None:
    answer = client.post(SENT_TO, headers={"Referer": came_from} if came_from else {})
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={led_to}")
    assert NOT_DONE in client.get(answer["Location"]).content.decode()


def test_a_page_opened_signed_out_is_not_said_to_have_been_sent(client: Client, db: None) -> None:
    answer = client.get(PAGE, follow=True)
    assert NOT_DONE not in answer.content.decode()


def test_no_answer_to_somebody_signed_in_is_kept(signed_in: Client) -> None:
    answer = signed_in.get(PAGE)
    assert "no-store" in answer["Cache-Control"]
    assert {"Cookie", "HX-Request"} <= {name.strip() for name in answer["Vary"].split(",")}
