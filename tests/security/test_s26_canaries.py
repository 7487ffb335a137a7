"""No secret turns up where it does not belong: not in a log, a page, a file, the database, a job (security.md S26)."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from pytest_django.fixtures import Settings

from backoffice.accounts.factors import codes
from backoffice.accounts.models import Person
from backoffice.clients.services import NotRead, look_up_client
from backoffice.mirror.partners import bitnob, coinmena, forget_clients
from tests.factors import code_of
from tests.security.browsers import Who, undone
from tests.security.logs import written_logs
from tests.security.pages import Site, text_of

pytestmark = pytest.mark.usefixtures("nobody_waits")
SEED = b"canary-seed-of-coinmena-32-bytes"
PASSWORD = "canary password 7391 of maya"
CANARIES = {
    "SECRET_KEY": "canary-secret-key-0123456789-0123456789-0123456789-abcdef",
    "COINMENA_PRIVATE_KEY": base64.b64encode(SEED).decode(),
    "BITNOB_CLIENT_SECRET": "canary-bitnob-secret-5b1c",
    "AUDIT_SEAL_KEY": base64.b64encode(b"canary-seal-key-of-the-audit-log").decode(),
    "EMAIL_HOST_PASSWORD": "canary-mail-password-77aa",
}
DATABASE_PASSWORD = "canary-database-password-91fe"


@pytest.fixture
def canaries(db: None, settings: Settings, maya: Person) -> Iterator[dict[str, str]]:
    """Every secret the product holds, planted so that it would be known anywhere."""
    for name, secret in CANARIES.items():
        setattr(settings, name, secret)
    forget_clients()
    maya.set_password(PASSWORD)
    maya.save()
    code_of(maya)
    authenticator = codes.authenticator_of(maya)
    assert authenticator is not None
    planted = {**CANARIES, "password": PASSWORD, "code seed": codes.secret_of(authenticator)}
    yield {**planted, "seed": SEED.decode(), "seed in hexadecimal": SEED.hex()}
    forget_clients()


def found_in(text: str, canaries: dict[str, str]) -> list[str]:
    return [name for name, secret in canaries.items() if secret in text]


def signed_in_as(maya: Person) -> Client:
    """Sign in as people do, after a wrong password and a wrong code."""
    client = Client()
    client.post("/accounts/login/", {"login": maya.email, "password": f"{PASSWORD} wrong"})
    client.post("/accounts/login/", {"login": maya.email, "password": PASSWORD})
    client.post("/accounts/factor/", {"code": "000000"})
    client.post("/accounts/factor/", {"code": code_of(maya)})
    return client


def test_s26_no_page_file_or_log_holds_a_secret(canaries: dict[str, str], maya: Person, site: Site) -> None:
    told = {}
    with written_logs() as lines:
        client = signed_in_as(maya)
        canaries["session"] = client.cookies["backoffice_session"].value
        canaries["forgery"] = (
            client.cookies["backoffice_csrf"].value if "backoffice_csrf" in client.cookies else "-" * 32
        )
        for method in ("GET", "POST"):
            for address, browser in site.pages(method):
                told[f"{method} {address.name}"] = found_in(page_of(site, browser, method, address), canaries)
        told["logs"] = found_in(lines.getvalue(), canaries)
    assert {place: names for place, names in told.items() if names} == {}
    assert lines.getvalue()


def page_of(site: Site, browser: Any, method: str, address: Any) -> str:
    """Everything an answer says, but for the cookies that are its secrets' own place."""
    with undone():
        answer = browser.ask(method, site.path(address))
    headers = " ".join(f"{name}: {text}" for name, text in answer.headers.items())
    return text_of(answer) + headers


def test_s26_an_exception_tells_no_secret(
    canaries: dict[str, str], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_args: Any) -> None:
        held = {"key": django_settings.COINMENA_PRIVATE_KEY, "secret": django_settings.BITNOB_CLIENT_SECRET}
        raise RuntimeError(f"a client with {len(held)} keys fell over")

    monkeypatch.setattr("backoffice.dashboard.views.render_page", fall)
    browser = site.browsers[Who.FINANCE]
    browser.client.raise_request_exception = False
    with written_logs() as lines:
        page = text_of(browser.ask("GET", "/"))
    assert found_in(page + lines.getvalue(), canaries) == []
    assert "a client with 2 keys fell over" in lines.getvalue()
    assert "fell over" not in page


def test_s26_djangos_own_report_blanks_them_all(
    canaries: dict[str, str], rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is shown or sent it here; were it ever switched on, it would still say nothing."""
    monkeypatch.setitem(django_settings.DATABASES["default"], "PASSWORD", DATABASE_PASSWORD)
    safe = str(SafeExceptionReporterFilter().get_safe_settings())
    report = ExceptionReporter(rf.get("/"), RuntimeError, RuntimeError("x"), None).get_traceback_text()
    assert found_in(safe + report, {**canaries, "database": DATABASE_PASSWORD}) == []


@pytest.mark.parametrize("make", [coinmena, bitnob])
def test_s26_no_client_of_a_partner_says_its_key(canaries: dict[str, str], make: Any) -> None:
    client = make()
    said = repr(client) + str(client) + repr(vars(client)) + repr(django_settings)
    assert found_in(said, canaries) == []


def test_s26_no_exchange_with_a_partner_leaves_a_key(canaries: dict[str, str], maya: Person) -> None:
    """Nobody answers at the partners' address here: the request fails with all it held."""
    with written_logs() as lines, suppress(NotRead):
        look_up_client("user_12345", by=maya)
    assert found_in(lines.getvalue() + everything_stored(), canaries) == []


def everything_stored() -> str:
    """The whole database as text: entries, jobs, sessions, caches, people."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        rows: list[str] = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608  (a name the database gave)
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


def test_s26_the_database_holds_no_secret_in_clear(canaries: dict[str, str], maya: Person, site: Site) -> None:
    signed_in_as(maya)
    typed = {"password": PASSWORD, "code": "123456", "reason": "Statement line 1"}
    for address, browser in site.pages("POST"):
        with suppress(Exception):
            browser.ask("POST", site.path(address), typed)
    stored = everything_stored()
    assert found_in(stored, canaries) == []
    assert "maya@example.com" in stored  # it was read at all


@pytest.mark.parametrize("name", [*CANARIES, "OIDC_CLIENT_SECRET", "SECRET_KEY_FALLBACKS"])
def test_s26_the_names_of_secrets_are_those_django_blanks(name: str) -> None:
    assert SafeExceptionReporterFilter.hidden_settings.search(name)
