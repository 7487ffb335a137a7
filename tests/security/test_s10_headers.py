"""What leaves with every answer: pages, errors, files, redirects, refusals (security.md S10, S11, S16)."""

from collections.abc import Iterator

import pytest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.test import Client
from pytest_django.fixtures import Settings

from backoffice.accounts.matrix import TABLE
from tests.security.browsers import HTMX, Who, undone
from tests.security.pages import Site

pytestmark = pytest.mark.usefixtures("nobody_waits")
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "report-uri": "/policy-report/",
}
#: Addresses that end in an error, by what goes wrong.
WRONG = {
    400: "/orders/?sort=password",
    403: "/audit/",
    404: "/none-such/",
    405: "/accounts/logout/",
    414: "/orders/?q=" + "a" * 9_000,
}


def policy_of(answer: HttpResponseBase) -> dict[str, str]:
    parts = (
        part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";") if part.strip()
    )
    return {name: value for name, _blank, value in parts}


def answers(site: Site) -> Iterator[tuple[str, HttpResponseBase]]:
    """Every address by GET and POST as somebody who may, with and without htmx, and as a stranger."""
    for method in ("GET", "POST"):
        for address, browser in site.pages(method):
            for headers in ({}, HTMX):
                with undone():
                    yield f"{method} {address.name}", browser.ask(method, site.path(address), **headers)
            with undone():
                yield f"stranger {address.name}", site.browsers[Who.STRANGER].ask(method, site.path(address))


def faults_of(answer: HttpResponseBase) -> list[str]:
    """What is missing from one answer."""
    policy = policy_of(answer)
    is_sandboxed = "sandbox" in policy  # a file somebody attached: stricter still
    said = {
        "policy": policy == POLICY or (is_sandboxed and policy["default-src"] == policy["frame-ancestors"] == "'none'"),
        "nosniff": answer.headers.get("X-Content-Type-Options") == "nosniff",
        "opener": answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin",
        "referrer": answer.headers.get("Referrer-Policy") == "same-origin",
        "permissions": "camera=()" in answer.headers.get("Permissions-Policy", ""),
        "no other site reads it": "Access-Control-Allow-Origin" not in answer.headers,
        "content type": not has_body(answer) or "Content-Type" in answer.headers,
    }
    return [name for name, is_right in said.items() if not is_right]


def has_body(answer: HttpResponseBase) -> bool:
    return answer.streaming or bool(answer.content)  # type: ignore[attr-defined]


def test_s10_every_answer_carries_every_policy_and_s16_none_is_kept(site: Site) -> None:
    wrong = {what: [*faults_of(answer), *kept(what, answer)] for what, answer in answers(site)}
    assert {what: faults for what, faults in wrong.items() if faults} == {}


def kept(what: str, answer: HttpResponseBase) -> list[str]:
    """What a cache could keep of what a signed-in person saw, or mix up."""
    row = TABLE[what.split()[-1]]
    is_open = what.startswith("stranger") or row.public or "no-store" in answer.headers.get("Cache-Control", "")
    is_varied = {"Cookie", "HX-Request"} <= set(answer.headers.get("Vary", "").split(", "))
    return [
        fault for fault, is_right in (("it may be stored", is_open), ("it does not vary", is_varied)) if not is_right
    ]


@pytest.mark.parametrize("status", WRONG)
def test_s10_errors_carry_them_too(site: Site, status: int) -> None:
    answer = site.browsers[Who.FINANCE].ask("GET", WRONG[status])
    assert (answer.status_code, faults_of(answer)) == (status, [])


def test_s10_an_error_of_ours_carries_them_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_args: object) -> None:
        raise RuntimeError("not for the page")

    monkeypatch.setattr("backoffice.dashboard.views.render_page", fall)
    browser = site.browsers[Who.FINANCE]
    browser.client.raise_request_exception = False
    answer = browser.ask("GET", "/")
    assert (answer.status_code, faults_of(answer)) == (500, [])


def test_s11_behind_tls_the_browser_stays_there_for_a_year(client: Client, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    settings.SECURE_HSTS_PRELOAD = True
    answer = Client().get("/healthz", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def test_s16_signing_out_has_the_browser_forget(site: Site) -> None:
    answer = site.browsers[Who.FINANCE].ask("POST", "/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'


def test_s16_no_cache_stands_between(settings: Settings) -> None:
    assert not [name for name in settings.MIDDLEWARE if "cache" in name.lower()]


def test_s16_htmx_keeps_no_history_and_runs_no_text() -> None:
    head = render_to_string("ui/document_head.html")
    for said in ('"historyCacheSize":0', '"allowEval":false', '"allowScriptTags":false', '"selfRequestsOnly":true'):
        assert said in head.replace("&quot;", '"').replace(" ", "")
