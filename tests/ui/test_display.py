"""A choice of theme, density, shortcuts or language is kept in a cookie, and only a choice that is offered."""

import pytest
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from backoffice.ui.display import Display, display_of
from backoffice.ui.views import choose_display


def post(**fields: str) -> HttpResponse:
    return choose_display(RequestFactory().post("/display/", fields))


def with_cookies(**cookies: str) -> HttpRequest:
    request = RequestFactory().get("/")
    request.COOKIES = cookies
    return request


def test_a_choice_is_kept_and_leads_back_to_the_page() -> None:
    response = post(kind="theme", choice="dark", next="/orders/?sort=amount")
    assert response.headers["Location"] == "/orders/?sort=amount"
    cookie = response.cookies["theme"]
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("dark", "Lax", True)


def test_a_choice_of_language_is_kept_where_django_looks_for_it(settings: Settings) -> None:
    assert post(kind="language", choice="ar").cookies[settings.LANGUAGE_COOKIE_NAME].value == "ar"


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "theme", "choice": "pink"},
        {"kind": "session", "choice": "dark"},
        {"kind": "language", "choice": "fr"},
        {"kind": "theme"},
        {},
    ],
)
def test_a_choice_that_is_not_offered_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        post(**fields)


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_choice_never_leads_off_the_site(address: str) -> None:
    assert post(kind="theme", choice="dark", next=address).headers["Location"] == "/"


def test_a_get_keeps_nothing() -> None:
    assert choose_display(RequestFactory().get("/display/")).status_code == 405


def test_a_cookie_of_somebody_elses_making_is_ignored() -> None:
    hostile = with_cookies(theme='"><script>', density="tiny", shortcuts="off")
    assert display_of(hostile) == Display(shortcuts="off")
    assert display_of(None) == Display()
