"""Nothing somebody else wrote into an address leads off this site (security.md S14)."""

import re
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from backoffice.accounts.models import Person
from tests.factors import code_of
from tests.security.browsers import HTMX, Who
from tests.security.pages import Site

#: Thirty ways of writing an address of somebody else's so that it looks like one of ours.
FORMS = (
    *("https://evil.example/", "http://evil.example", "//evil.example/", "///evil.example", "////evil.example"),
    *("/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "http:evil.example"),
    *("https:/evil.example", "https:\\\\evil.example", "/\t/evil.example", "\t//evil.example", "\n//evil.example"),
    *("/\n/evil.example", "//evil.example%2f..", "//evil%E3%80%82example", "https://127.0.0.1@evil.example/"),
    *("https://127.0.0.1.evil.example/", "https://evil.example/127.0.0.1", "https://evil.example#127.0.0.1"),
    *("https://[::1]@evil.example/", "http://[", "ftp://127.0.0.1/", "javascript:evil()", "JaVaScRiPt:evil()"),
    *("data:text/html,evil", "\x00//evil.example", "https://ⓔvil.example"),
)
HERE = "http://127.0.0.1/orders/"


def leads_away(place: str) -> bool:
    """Whether a browser that stands on a page of ours would leave the site, or run something, by this address."""
    as_read = re.sub("[\t\r\n]", "", place).lstrip("\x00 ").replace("\\", "/")
    as_read = re.sub("^(https?:)?/{2,}", lambda found: f"{found.group(1) or ''}//", as_read)
    as_read = re.sub("^(https?):/*(?!/)", r"\1://", as_read)
    followed = urlsplit(urljoin(HERE, as_read))
    is_ours = followed.hostname in ("127.0.0.1", "testserver") and followed.scheme in ("http", "https")
    return bool(place) and not is_ours


def places(answer: HttpResponseBase) -> list[str]:
    """Where an answer leads: plainly, by htmx, and from there by its own `next`."""
    told = [
        answer.headers.get(name, "") for name in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "Refresh")
    ]
    return [*told, *(found for place in told for found in parse_qs(urlsplit(place).query).get("next", []))]


def test_s14_there_are_thirty() -> None:
    assert len(set(FORMS)) == 30


@pytest.mark.parametrize("form", FORMS)
def test_s14_no_choice_of_display_leads_away(site: Site, form: str) -> None:
    choice = {"kind": "theme", "choice": "dark", "next": form}
    for headers in ({}, HTMX):
        answer = site.browsers[Who.FINANCE].ask("POST", "/display/", choice, **headers)
        assert [place for place in places(answer) if leads_away(place)] == []


@pytest.mark.parametrize("form", FORMS)
def test_s14_no_page_htmx_names_leads_away(site: Site, form: str) -> None:
    said = {**HTMX, "HX-Current-URL": form.replace("\n", "").replace("\x00", ""), "Referer": "https://evil.example/"}
    answer = site.browsers[Who.STRANGER].ask("GET", "/orders/", **said)
    assert answer.status_code == 401
    assert [place for place in places(answer) if leads_away(place)] == []


@pytest.mark.parametrize("form", FORMS)
def test_s14_no_page_a_form_says_it_came_from_leads_away(site: Site, form: str) -> None:
    came_from = form.replace("\n", "").replace("\x00", "")
    for said in (came_from, f"http://127.0.0.1{came_from}"):
        answer = site.browsers[Who.STRANGER].ask("POST", "/orders/", **{"Referer": said})
        assert answer.status_code == 302
        assert [place for place in places(answer) if leads_away(place)] == []


@pytest.mark.parametrize("form", FORMS)
def test_s14_signing_in_leads_to_a_page_of_ours(maya_at_the_door: Client, maya: Person, form: str) -> None:
    answer = maya_at_the_door.post("/accounts/factor/", {"code": code_of(maya), "next": form})
    assert answer.status_code == 302
    assert [place for place in places(answer) if leads_away(place)] == []


@pytest.fixture
def maya_at_the_door(db: None, maya: Person) -> Client:
    """Maya's browser between password and second factor."""
    code_of(maya)
    client = Client()
    answer = client.post("/accounts/login/", {"login": maya.email, "password": "correct horse battery"})
    assert answer["Location"].startswith("/accounts/factor/")
    return client


@pytest.mark.parametrize("form", FORMS)
def test_s14_the_sign_in_page_passes_on_no_address_of_others(site: Site, form: str) -> None:
    """What stands in `next` may be carried from page to page as text; it is judged where it is followed."""
    answer = site.browsers[Who.FINANCE].ask("GET", "/accounts/login/", {"next": form})
    assert [place for place in places(answer) if leads_away(place)] == []


def test_s14_the_judge_knows_a_way_out_when_it_sees_one() -> None:
    assert [form for form in FORMS[:15] if not leads_away(form)] == []
    assert not leads_away("/orders/?sort=amount")
