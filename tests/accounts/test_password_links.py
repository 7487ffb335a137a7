"""A forgotten password and the first one, by a link: once, for a while, telling nobody anything (S17, S18, S19)."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person, Role, Session
from backoffice.accounts.passwords import invitation_link, reset_link
from backoffice.accounts.passwords.links import LinkOver, read_link
from backoffice.audit.models import Entry
from tests.accounts.post import handed_over, link_in, written
from tests.factors import enrol

pytestmark = pytest.mark.usefixtures("db")

FORGOTTEN = "/accounts/password/forgotten/"
SET = "/accounts/password/set/"
NEW = "tulip marble kettle"


@pytest.fixture
def nour() -> Person:
    """Is invited and has no password yet."""
    return Person.objects.create_person(email="nour@example.com", name="Nour Saab", role=Role.FINANCE)


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def token_of(link: str) -> str:
    return link.rstrip("/").rsplit("/", 1)[1]


def ask(client: Client, email: str, **extra: Any) -> Any:
    return client.post(FORGOTTEN, {"email": email}, **extra)


def body_of(answer: Any) -> str:
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    return re.sub(r'"X-CSRFToken": "\w+"', "", page)


def open_link(client: Client, link: str) -> Any:
    """Open a link as a browser does: it leads on to an address that says nothing."""
    return client.get(path_of(link), follow=True)


def set_password(client: Client, link: str, password: str = NEW) -> Any:
    open_link(client, link)
    return client.post(SET, {"password": password})


def has_password(person: Person, password: str) -> bool:
    return Person.objects.get(pk=person.pk).check_password(password)


def test_s18_a_forgotten_password_is_set_by_a_link(client: Client, maya: Person) -> None:
    ask(client, "Maya@Example.com")
    (message,) = written()
    assert message.to == ["maya@example.com"]
    link = link_in(message)
    assert "maya@example.com" in open_link(client, link).content.decode()
    answer = client.post(SET, {"password": NEW}, follow=True)
    assert "Your password is set. Sign in with it." in answer.content.decode()
    assert has_password(maya, NEW)
    assert [entry.event for entry in Entry.objects.filter(object_id=str(maya.pk)).order_by("number")] == [
        "person.reset_asked",
        "person.password_reset",
    ]


def test_s18_known_unknown_closed_and_invited_people_get_the_same_answer(
    client: Client, maya: Person, nour: Person
) -> None:
    Person.objects.create_person(
        email="gone@example.com", name="Gone", role="finance", password="x" * 20, is_active=False
    )
    seen = {}
    for email in ("maya@example.com", "gone@example.com", "nour@example.com", "nobody@example.com"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = ask(client, email)
        seen[email] = (answer.status_code, body_of(answer).replace(email, ""), len(queries))
    assert len(set(seen.values())) == 1, seen
    assert [message.to for message in written()] == [["maya@example.com"]]


def test_s18_the_request_itself_looks_nobody_up_to_answer(client: Client, maya: Person) -> None:
    ask(client, "maya@example.com")
    ask(client, "nobody@example.com")
    assert handed_over() == [
        ("accounts.answer_reset", {"email": "maya@example.com"}),
        ("accounts.answer_reset", {"email": "nobody@example.com"}),
    ]


def test_s26_no_job_and_no_log_entry_holds_a_link(client: Client, maya: Person) -> None:
    ask(client, "maya@example.com")
    token = token_of(link_in(written()[0]))
    assert token not in str(handed_over())
    assert not [entry for entry in Entry.objects.all() if token in entry.canonical]


@pytest.mark.parametrize("email", ["maya@example.com", "nobody@example.com"])
def test_s18_one_account_is_asked_for_five_times_in_half_an_hour(client: Client, maya: Person, email: str) -> None:
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        for number in range(5):
            assert ask(client, email, REMOTE_ADDR=f"192.0.2.{number}").status_code == 200
        answer = ask(client, email.upper(), REMOTE_ADDR="192.0.2.77")
        assert answer.status_code == 429
        assert "Too many tries" in answer.content.decode()
        assert len(handed_over()) == 5
        clock.shift(30 * 60 + 1)
        assert ask(client, email).status_code == 200


def test_s18_one_address_asks_twenty_times_and_locks_nobody_else_out(client: Client, maya: Person) -> None:
    for number in range(20):
        assert ask(client, f"person{number}@example.com").status_code == 200
    assert ask(client, "person99@example.com").status_code == 429
    assert ask(client, "maya@example.com", REMOTE_ADDR="198.51.100.9").status_code == 200


@pytest.mark.parametrize(
    "email", ["", "maya", "maya@example.com\nBcc: x@evil.example", "a" * 300 + "@example.com", "\0@x.y"]
)
def test_s18_no_address_at_all_is_said_to_be_none(client: Client, email: str) -> None:
    assert ask(client, email).status_code == 422
    assert handed_over() == []


def test_s17_the_link_begins_with_the_fixed_address_whatever_the_request_calls_itself(
    client: Client, maya: Person, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://office.example.com"
    ask(client, "maya@example.com", HTTP_HOST="localhost", HTTP_X_FORWARDED_HOST="evil.example")
    (message,) = written()
    assert re.findall(r"https?://[^/\s]+", str(message.body)) == ["https://office.example.com"]
    assert ask(client, "maya@example.com", HTTP_HOST="evil.example").status_code == 400


def test_s18_a_link_works_once(client: Client, maya: Person) -> None:
    link = reset_link(maya)
    assert set_password(client, link).status_code == 302
    for answer in (open_link(client, link), set_password(client, link, "another fine kettle drum")):
        assert answer.status_code == 410
        assert "This link does not work any more" in answer.content.decode()
    assert has_password(maya, NEW)


def test_s18_opening_a_link_uses_nothing_up(client: Client, maya: Person) -> None:
    link = reset_link(maya)
    for _ in range(3):
        assert open_link(client, link).status_code == 200
    assert set_password(client, link).status_code == 302


@pytest.mark.parametrize(
    ("make", "valid_for"), [(reset_link, timedelta(minutes=30)), (invitation_link, timedelta(days=7))]
)
def test_s18_a_link_is_valid_for_a_while(client: Client, maya: Person, make: Any, valid_for: timedelta) -> None:
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        link = make(maya)
        clock.shift(valid_for - timedelta(seconds=1))
        assert open_link(client, link).status_code == 200
        clock.shift(timedelta(seconds=2))
        assert open_link(client, link).status_code == 410
        assert set_password(client, link).status_code == 410


@pytest.mark.parametrize(
    "changes",
    [{"email": "maya.new@example.com"}, {"is_active": False}, {"password": "!"}, {"last_login": "2026-11-20T00:00Z"}],
)
def test_s18_a_change_of_the_account_ends_the_link(client: Client, maya: Person, changes: dict[str, Any]) -> None:
    link = reset_link(maya)
    Person.objects.filter(pk=maya.pk).update(**changes)
    assert open_link(client, link).status_code == 410


@pytest.mark.parametrize("token", ["x", "none-such", "eyJ9:1abc:zzz", "%00", "a" * 5_000, "\u202e", "..%2f"])
def test_s18_a_made_up_link_opens_nothing(client: Client, maya: Person, token: str) -> None:
    assert client.get(f"/accounts/password/set/{token}/").status_code in (404, 410)


def test_s18_a_link_of_one_person_sets_no_password_of_another(client: Client, maya: Person, omar: Person) -> None:
    head, rest = token_of(reset_link(maya)).split(":", 1)
    forged = token_of(reset_link(omar)).split(":", 1)[0] + ":" + rest
    with pytest.raises(LinkOver):
        read_link(forged)
    assert head
    assert not has_password(omar, NEW)


def test_s19_a_reset_signs_nobody_in_and_leaves_the_second_factor_alone(client: Client, maya: Person) -> None:
    enrol(maya)
    before = list(Authenticator.objects.filter(user=maya).values())
    set_password(client, reset_link(maya))
    assert SESSION_KEY not in client.session
    assert not Session.objects.filter(person=maya).exists()
    assert list(Authenticator.objects.filter(user=maya).values()) == before
    assert client.get("/accounts/settings/").status_code == 302


def test_s7_a_reset_ends_every_session_of_the_person(client: Client, maya: Person) -> None:
    client.force_login(maya)
    set_password(Client(), reset_link(maya))
    assert client.get("/accounts/settings/").status_code == 302


def test_s18_the_person_is_told_of_a_reset(client: Client, maya: Person) -> None:
    set_password(client, reset_link(maya))
    assert [message.subject for message in written()] == ["Your password for the back office was changed"]


def test_s21_a_weak_password_is_refused_and_the_link_goes_on_working(client: Client, maya: Person) -> None:
    link = reset_link(maya)
    answer = set_password(client, link, "maya haddad maya")
    assert answer.status_code == 422
    assert "guessed too soon" in answer.content.decode()
    assert set_password(client, link).status_code == 302


def test_an_invited_person_sets_their_first_password(client: Client, nour: Person) -> None:
    link = invitation_link(nour)
    assert "set up your second factor" in open_link(client, link).content.decode()
    assert set_password(client, link).status_code == 302
    assert has_password(nour, NEW)
    assert Entry.objects.get(object_id=str(nour.pk)).event == "person.password_first_set"
    assert set_password(client, link, "another fine kettle drum").status_code == 410


def test_an_invitation_that_ran_out_is_not_renewed_by_forgetting_the_password(client: Client, nour: Person) -> None:
    ask(client, nour.email)
    assert written() == []


def test_s26_the_page_that_takes_the_password_has_nothing_of_the_link_in_its_address(
    client: Client, maya: Person
) -> None:
    link = reset_link(maya)
    answer = open_link(client, link)
    assert answer.redirect_chain == [(SET, 302)]
    assert token_of(link) not in answer.content.decode()
    assert token_of(link) not in str(dict(client.session))
    for page in (answer, client.get(path_of(link)), Client().get(SET)):
        assert "no-store" in page["Cache-Control"]


def test_s18_only_the_browser_that_followed_the_link_sets_the_password(client: Client, maya: Person) -> None:
    open_link(client, reset_link(maya))
    stranger = Client()
    assert stranger.post(SET, {"password": NEW}).status_code == 410
    assert client.post(SET, {"password": NEW}).status_code == 302
    assert client.post(SET, {"password": "another fine kettle drum"}).status_code == 410


def test_s22_a_session_planted_before_the_link_is_followed_knows_nothing_of_it(client: Client, maya: Person) -> None:
    planted = client.session
    planted["planted"] = "yes"
    planted.save()
    victim, attacker = Client(), Client()
    for browser in (victim, attacker):
        browser.cookies["backoffice_session"] = str(planted.session_key)
    open_link(victim, reset_link(maya))
    assert attacker.post(SET, {"password": NEW}).status_code == 410
    assert victim.post(SET, {"password": NEW}).status_code == 302


def test_whoever_is_signed_in_here_is_signed_out_by_it(client: Client, maya: Person, omar: Person) -> None:
    for someone in (maya, omar):
        client.force_login(someone)
        answer = set_password(client, reset_link(Person.objects.get(pk=maya.pk)), f"tulip marble kettle {someone.pk}")
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
        assert SESSION_KEY not in client.session
        assert "Your password is set." in client.get("/accounts/login/").content.decode()


def test_extra_fields_change_nothing(client: Client, maya: Person, omar: Person) -> None:
    open_link(client, reset_link(maya))
    client.post(SET, {"password": NEW, "role": "administrator", "person": omar.pk, "email": "x@y.z"})
    maya.refresh_from_db()
    assert (maya.role, maya.email) == ("finance", "maya@example.com")
    assert not has_password(omar, NEW)
