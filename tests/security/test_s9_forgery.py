"""No other site can have somebody act here, and looking never changes anything (security.md S9)."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from django.db import connection
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import CaptureQueriesContext

from tests.security.addresses import Address
from tests.security.browsers import Browser, drain, undone
from tests.security.pages import Site

pytestmark = pytest.mark.usefixtures("nobody_waits")
TOKEN = "k" * 32
#: What another site can send: nothing, a guess, a token of another browser, its own origin, htmx's mark.
FORGERIES: dict[str, tuple[str, dict[str, str]]] = {
    "no token": ("", {}),
    "a guessed token": ("", {"X-CSRFToken": "a" * 32}),
    "another browser's token": (f"backoffice_csrf={TOKEN}", {"X-CSRFToken": "b" * 32}),
    "another site's origin": (f"backoffice_csrf={TOKEN}", {"X-CSRFToken": TOKEN, "Origin": "https://evil.example"}),
    "an origin that hides": (f"backoffice_csrf={TOKEN}", {"X-CSRFToken": TOKEN, "Origin": "null"}),
    "htmx's mark alone": ("", {"HX-Request": "true"}),
}
#: Browsers post their reports without a token; they change nothing.
WITHOUT_TOKEN = {"policy_report"}


@pytest.fixture(scope="module")
def strict() -> ClientHandler:
    return ClientHandler(enforce_csrf_checks=True)


def posts(site: Site) -> Iterator[tuple[Address, Browser]]:
    return ((address, browser) for address, browser in site.pages("POST") if address.name not in WITHOUT_TOKEN)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_s9_no_form_is_taken_from_elsewhere(site: Site, strict: ClientHandler, forgery: str) -> None:
    cookie, headers = FORGERIES[forgery]
    taken = []
    for address, browser in posts(site):
        client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
        client.handler, client.cookies = strict, SimpleCookie("; ".join(filter(None, (browser.cookies, cookie))))
        with undone():
            status = client.post(site.path(address), headers=headers).status_code
        taken += [] if status == 403 else [f"{address.name}: {status}"]
    assert taken == []


def test_s9_with_its_own_token_a_form_is_taken(site: Site, strict: ClientHandler) -> None:
    """The counterpart: what was refused above was refused for the token alone."""
    refused = []
    for address, browser in posts(site):
        client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
        client.handler = strict
        client.cookies = SimpleCookie(f"{browser.cookies}; backoffice_csrf={TOKEN}")
        with undone():
            answer = client.post(site.path(address), headers={"X-CSRFToken": TOKEN})
            drain(answer)
            refused += [address.name] if b"reload the page" in getattr(answer, "content", b"") else []
    assert refused == []


def test_s9_whoever_is_refused_reads_what_to_do(site: Site, strict: ClientHandler) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    client.handler = strict
    client.cookies = SimpleCookie(next(iter(site.browsers.values())).cookies)
    assert "Go back, reload the page and send it again." in client.post("/accounts/login/").content.decode()


WRITES = re.compile(r'^(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+"?(\w+)"?')
#: Reading the log is an entry of the log; a session notes that its person is there.
MAY_BE_WRITTEN = ("audit_", "accounts_session", "django_session", "shared_cache", "accounts_codeguard")


def test_s9_looking_changes_nothing(site: Site) -> None:
    changed = []
    for address, browser in site.pages("GET"):
        with undone(), CaptureQueriesContext(connection) as said:
            browser.ask("GET", site.path(address))
        tables = {found.group(2) for query in said for found in [WRITES.match(query["sql"])] if found}
        changed += [f"{address.name}: {table}" for table in tables if not table.startswith(MAY_BE_WRITTEN)]
    assert changed == []
