"""In production there is nothing but the product (security.md S40)."""

import json

import pytest
from pytest_django.fixtures import Settings

from tests.health.test_settings import run_as_in_production
from tests.security.browsers import Who
from tests.security.pages import Site

TELL = """
import json, django
django.setup()
from django.conf import settings
from django.urls import get_resolver
from backoffice import failpoints
from tests.security.addresses import addresses
print(json.dumps({
    "apps": settings.INSTALLED_APPS, "debug": settings.DEBUG, "demo": settings.DEMO, "hosts": settings.ALLOWED_HOSTS,
    "addresses": sorted(one.name for one in addresses(get_resolver())),
    "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_SECURE,
                settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
    "tls": [settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS],
    "hashers": settings.PASSWORD_HASHERS[0],
}))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, object]:
    """What a process of production says of itself."""
    done = run_as_in_production("-c", TELL)
    assert done.returncode == 0, done.stderr
    said: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_s40_every_check_of_a_deployment_passes() -> None:
    done = run_as_in_production("manage.py", "check", "--deploy", "--fail-level", "DEBUG")
    assert "no issues (0 silenced)" in done.stdout + done.stderr


def test_s40_neither_demo_nor_sandbox_nor_debugging(told: dict[str, object]) -> None:
    assert (told["debug"], told["demo"], told["hosts"]) == (False, False, ["office.example.com"])
    apps = told["apps"]
    assert isinstance(apps, list)
    assert not {"backoffice.demo", "backoffice.sandbox", "django.contrib.admin", "debug_toolbar"} & set(apps)


def test_s40_no_page_that_is_for_development(told: dict[str, object]) -> None:
    names = told["addresses"]
    assert isinstance(names, list)
    assert [name for name in names if name.startswith(("gallery", "admin", "demo"))] == []


def test_s40_cookies_and_transport(told: dict[str, object]) -> None:
    assert told["cookies"] == ["__Host-session", "__Host-csrf", True, True, True, "Lax"]
    assert told["tls"] == [True, 31_536_000, True]
    assert told["hashers"] == "django.contrib.auth.hashers.Argon2PasswordHasher"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/.git/config",
            "/.git/",
            "/.env",
            "/static/",
            "/static/../backoffice/settings.py",
            "/static/%2e%2e/manage.py",
        ),
        *("/manage.py", "/requirements.txt", "/var/", "/admin/", "/__debug__/", "/metrics", "/server-status", "/api/"),
    ],
)
def test_s40_nothing_else_is_served(site: Site, path: str) -> None:
    for who in (Who.STRANGER, Who.ADMINISTRATOR):
        assert site.browsers[who].ask("GET", path).status_code in (302, 404)


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
def test_s40_no_other_method_is_answered(site: Site, method: str) -> None:
    answer = site.browsers[Who.FINANCE].client.generic(method, "/orders/", headers={"Cookie": "x=canary-cookie"})
    assert answer.status_code in (302, 403, 405)
    assert b"canary-cookie" not in answer.content


def test_s40_no_answer_names_what_it_is_made_with(site: Site, settings: Settings) -> None:
    for address, browser in site.pages():
        headers = browser.ask("GET", site.path(address)).headers
        assert not {"Server", "X-Powered-By", "Via"} & set(headers)
