"""Signing in and out: one answer for everybody, limits that hold, every event in the log (S14, S18, S22)."""

from typing import Any

import pytest
import time_machine
from allauth.account import urls as library
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.password_validation import validate_password
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person, Session
from backoffice.accounts.public_password import PUBLIC_PASSWORD
from backoffice.audit.models import Entry

pytestmark = pytest.mark.usefixtures("db")

PASSWORD = "correct horse battery"


def sign_in(client: Client, email: str = "maya@example.com", password: str = PASSWORD, **extra: str) -> int:
    answer = client.post(reverse("account_login"), {"login": email, "password": password, **extra})
    return answer.status_code


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def test_a_person_signs_in_and_the_log_says_so(client: Client, maya: Person) -> None:
    answer = client.post(reverse("account_login"), {"login": "Maya@Example.com", "password": PASSWORD}, follow=False)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    entry = last_entry()
    assert (entry.event, entry.person, entry.role, entry.result) == ("person.signed_in", maya, "finance", "done")
    assert entry.address == "127.0.0.1"
    assert entry.request_id == answer["X-Request-ID"]


def test_the_page_asks_for_e_mail_and_password_only(client: Client, db: None) -> None:
    page = client.get(reverse("account_login")).content.decode()
    assert "Work e-mail" in page
    assert "Password" in page
    for absent in ("Sign up", "signup", "Forgot your", "Remember", "/reset"):
        assert absent not in page


def test_a_new_session_begins_at_sign_in(client: Client, maya: Person) -> None:
    client.get(reverse("account_login"))
    planted = client.session
    planted["planted"] = "yes"
    planted.save()
    client.cookies["backoffice_session"] = planted.session_key or ""
    sign_in(client)
    assert client.session.session_key != planted.session_key
    assert not Session.objects.filter(pk=planted.session_key).exists()


def test_known_and_unknown_people_get_the_same_answer(client: Client, maya: Person) -> None:
    def answer(email: str) -> tuple[int, str]:
        response = client.post(reverse("account_login"), {"login": email, "password": "not the right one"})
        page = response.content.decode()
        return response.status_code, page.split("<footer>")[0].replace(email, "").split("csrfmiddlewaretoken")[1][150:]

    Person.objects.create_person(email="gone@example.com", name="Gone", role="finance", is_active=False)
    assert answer("maya@example.com") == answer("nobody@example.com") == answer("gone@example.com")
    assert answer("maya@example.com")[0] == 422


def test_a_closed_account_with_the_right_password_is_answered_like_an_unknown_one(client: Client, maya: Person) -> None:
    Person.objects.update(is_active=False)
    response = client.post(reverse("account_login"), {"login": maya.email, "password": PASSWORD})
    assert response.status_code == 422
    assert "The e-mail address or the password is not right." in response.content.decode()
    assert SESSION_KEY not in client.session


def test_a_failed_try_is_written_down_without_the_password(client: Client, maya: Person) -> None:
    sign_in(client, password="my secret passphrase")
    entry = last_entry()
    assert (entry.event, entry.result, entry.person) == ("person.sign_in_failed", "refused", None)
    assert (entry.object_type, entry.object_id) == ("person", str(maya.pk))
    assert entry.after == {"email": "maya@example.com"}
    assert "secret" not in entry.canonical


@pytest.mark.parametrize("email", ["maya@example.com", "nobody@example.com"])
def test_ten_failures_pause_the_account_for_half_an_hour(client: Client, maya: Person, email: str) -> None:
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        for _ in range(10):
            assert sign_in(client, email, "wrong wrong wrong") == 422
        response = client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
        assert response.status_code == 422
        assert "Too many tries. Wait 30 minutes" in response.content.decode()
        assert last_entry().event == "person.sign_in_blocked"
        clock.shift(30 * 60 + 1)
        assert sign_in(client, "maya@example.com") == 302


def test_guessing_on_is_not_written_down_again_and_again(client: Client, maya: Person) -> None:
    for _ in range(14):
        sign_in(client, password="wrong wrong wrong")
    assert Entry.objects.filter(event="person.sign_in_failed").count() == 10
    assert Entry.objects.filter(event="person.sign_in_blocked").count() == 1


def test_one_address_cannot_pause_account_after_account(client: Client, maya: Person) -> None:
    for number in range(31):
        sign_in(client, f"person{number}@example.com", "wrong wrong wrong")
    assert last_entry().event == "person.sign_in_blocked"
    assert Entry.objects.filter(event="person.sign_in_failed").count() == 30


def test_a_good_sign_in_is_no_failure(client: Client, maya: Person) -> None:
    for _ in range(12):
        assert sign_in(client) == 302
        client.post(reverse("account_logout"))


def test_the_limits_are_kept_in_the_shared_database(db: None) -> None:
    assert isinstance(caches["default"], DatabaseCache)


def test_the_demo_password_opens_the_demo_on_its_own_machine(client: Client, maya: Person) -> None:
    maya.set_password(PUBLIC_PASSWORD)
    maya.save()
    assert sign_in(client, password=PUBLIC_PASSWORD) == 302


@pytest.mark.parametrize(
    ("is_demo", "where"),
    [
        (False, {}),
        (True, {"REMOTE_ADDR": "192.0.2.7"}),
        (True, {"REMOTE_ADDR": "::ffff:192.0.2.7"}),
        (True, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        (True, {"REMOTE_ADDR": ""}),
    ],
)
def test_the_demo_password_opens_nothing_else(
    client: Client, maya: Person, settings: Settings, is_demo: bool, where: dict[str, str]
) -> None:
    maya.set_password(PUBLIC_PASSWORD)
    maya.save()
    settings.DEMO = is_demo
    extra: dict[str, Any] = {**where}
    answer = client.post(reverse("account_login"), {"login": maya.email, "password": PUBLIC_PASSWORD}, **extra)
    assert answer.status_code == 422
    assert "work in the demo only" in answer.content.decode()
    assert SESSION_KEY not in client.session
    assert last_entry().event == "person.sign_in_failed"


@pytest.mark.parametrize(
    ("proxies", "told", "believed"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "6.6.6.6, 198.51.100.9", "198.51.100.9"),
        (2, "6.6.6.6, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        (1, "not an address", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (3, "6.6.6.6", "127.0.0.1"),
        (1, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_the_log_believes_our_own_proxies_only(
    client: Client, maya: Person, settings: Settings, proxies: int, told: str, believed: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    client.post(reverse("account_login"), {"login": maya.email, "password": PASSWORD}, HTTP_X_FORWARDED_FOR=told)
    assert last_entry().event == "person.signed_in"
    assert last_entry().address == believed


def test_one_address_behind_our_proxy_cannot_lock_the_others_out(
    client: Client, maya: Person, settings: Settings
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    for number in range(31):
        answer = {"login": f"person{number}@example.com", "password": "wrong wrong wrong"}
        client.post(reverse("account_login"), answer, HTTP_X_FORWARDED_FOR=f"10.9.9.{number}, 198.51.100.9")
    assert last_entry().event == "person.sign_in_blocked"
    right = {"login": maya.email, "password": PASSWORD}
    assert client.post(reverse("account_login"), right, HTTP_X_FORWARDED_FOR="198.51.100.10").status_code == 302


def test_a_flood_from_one_address_is_turned_away(client: Client, db: None) -> None:
    for _ in range(60):
        client.post(reverse("account_login"), {})
    response = client.post(reverse("account_login"), {})
    assert response.status_code == 429
    assert "Too many tries" in response.content.decode()


def test_signing_out_ends_the_session_on_the_server(client: Client, maya: Person) -> None:
    sign_in(client)
    session = client.session.session_key
    response = client.post(reverse("account_logout"))
    assert response["Location"] == reverse("account_login")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert not Session.objects.filter(pk=session).exists()
    entry = last_entry()
    assert (entry.event, entry.person) == ("person.signed_out", maya)


def test_a_link_cannot_sign_anybody_out(client: Client, maya: Person) -> None:
    sign_in(client)
    assert client.get(reverse("account_logout")).status_code == 405
    assert SESSION_KEY in client.session


def test_signing_in_leads_on_to_the_page_that_was_asked_for(client: Client, maya: Person) -> None:
    answer = client.get("/accounts/settings/?a=b")
    assert answer["Location"] == "/accounts/login/?next=/accounts/settings/%3Fa%3Db"
    assert 'name="next" value="/accounts/settings/?a=b"' in client.get(answer["Location"]).content.decode()
    answer = client.post("/accounts/login/", {"login": maya.email, "password": PASSWORD, "next": "/accounts/settings/"})
    assert answer["Location"] == "/accounts/settings/"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "http:evil.example",
        "https:///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "\thttps://evil.example",
        " https://evil.example",
        "https:/\\evil.example",
        "https://testserver@evil.example",
        "https://evil.example/testserver",
        "https://testserver.evil.example",
        "ftp://testserver/",
        "http://[::1",
        "\x00//evil.example",
        "//evil.example%2f..",
        "https://evil.example\\@testserver",
        "vbscript:x",
        "blob:https://evil.example/x",
        "http://evil。example",
        "//⁄evil.example",
        "h\nttps://evil.example",
        "/%09/evil.example\r\nX: y",
        "https:evil.example",
    ],
)
def test_signing_in_never_leads_off_the_site(client: Client, maya: Person, address: str) -> None:
    answer = client.post("/accounts/login/", {"login": maya.email, "password": PASSWORD, "next": address})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith(("//", "/\\"))
    assert "\n" not in answer["Location"]


def test_no_other_page_of_the_sign_in_library_has_an_address(db: None) -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert names & {pattern.name for pattern in library.urlpatterns} == {"account_login", "account_logout"}
    for name in ("account_signup", "account_reset_password", "account_email", "account_change_password"):
        with pytest.raises(NoReverseMatch):
            reverse(name)


@pytest.mark.parametrize(
    "path", ["signup/", "password/reset/", "email/", "password/change/", "inactive/", "2fa/", "social/"]
)
def test_nobody_finds_such_a_page_by_hand(client: Client, maya: Person, path: str) -> None:
    client.force_login(maya)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_extra_fields_change_nothing(client: Client, maya: Person) -> None:
    sign_in(client, role="administrator", is_staff="on", remember="on", email="adam@example.com", user="1")
    maya.refresh_from_db()
    assert maya.role == "finance"
    assert client.session.get_expire_at_browser_close()


@pytest.mark.parametrize(
    "password",
    ["short", "fourteen chars", "maya haddad maya", "maya@example.com"],
)
def test_a_weak_password_is_refused(maya: Person, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, maya)


@pytest.mark.parametrize("password", ["correct horse battery", "زهرة وجدار وسكين", "tulip marble kettle " * 6])
def test_any_long_password_is_taken(maya: Person, password: str) -> None:
    validate_password(password, maya)
