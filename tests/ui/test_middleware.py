"""What htmx gets in place of redirects and sign-in pages, and what no cache may keep."""

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from backoffice.accounts.models import Person
from backoffice.ui.middleware import HtmxMiddleware

View = Callable[[HttpRequest], HttpResponseBase]
LOGIN = "/accounts/login/"


def send(view: View, *, is_htmx: bool = True, is_signed_in: bool = True, shown: str = "") -> HttpResponseBase:
    headers = {"HX-Request": "true", "HX-Current-URL": shown} if is_htmx else {}
    request = RequestFactory().get("/orders/?part=summary", headers=headers)
    request.user = Person(email="maya@example.com") if is_signed_in else AnonymousUser()
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return HtmxMiddleware(view)(request)


def fragment(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>rows</p>")


def fragment_with_message(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Withdrawal <b>approved</b>.")
    return HttpResponse("<p>rows</p>")


# Redirects ------------------------------------------------------------------------------------------------------------


def test_a_session_that_ended_sends_the_page_to_sign_in_not_the_fragment() -> None:
    shown = "http://testserver/orders/?sort=amount"
    response = send(lambda request: HttpResponseRedirect(f"{LOGIN}?next=/orders/%3Fpart%3Dsummary"), shown=shown)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == f"{LOGIN}?next=%2Forders%2F%3Fsort%3Damount"
    assert "Location" not in response.headers


def test_without_a_known_page_sign_in_leads_to_the_first_one() -> None:
    response = send(lambda request: HttpResponseRedirect(LOGIN), shown="https://evil.example/orders/")
    assert response.headers["HX-Redirect"] == f"{LOGIN}?next=%2F"


def test_a_page_address_that_is_none_leads_to_the_first_page() -> None:
    response = send(lambda request: HttpResponseRedirect(LOGIN), is_signed_in=False, shown="http://[")
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == f"{LOGIN}?next=%2F"


def test_a_redirect_of_ours_moves_the_page() -> None:
    response = send(lambda request: HttpResponseRedirect("/funding/wd-1/"))
    assert response.status_code == 204
    assert response.headers["HX-Redirect"] == "/funding/wd-1/"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "http:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "ftp://testserver/",
    ],
)
def test_a_redirect_never_leads_off_the_site(address: str) -> None:
    followed = send(lambda request: HttpResponseRedirect(address)).headers["HX-Redirect"]
    assert urlsplit(urljoin("https://testserver/orders/", followed)).netloc == "testserver"
    assert "://" not in followed


def test_a_redirect_keeps_its_cookies() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponseRedirect("/")
        response.set_cookie("session", "new")
        return response

    assert send(view).cookies["session"].value == "new"


def test_a_browser_is_redirected_as_ever() -> None:
    response = send(lambda request: HttpResponseRedirect("/funding/"), is_htmx=False)
    assert (response.status_code, response.headers["Location"]) == (302, "/funding/")


# Messages -------------------------------------------------------------------------------------------------------------


def content_of(view: View, *, is_htmx: bool = True) -> str:
    response = send(view, is_htmx=is_htmx)
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_a_message_reaches_a_fragment_as_one_toast_out_of_band() -> None:
    text = content_of(fragment_with_message)
    assert text.startswith("<p>rows</p>")
    assert text.count("toast-note") == 1
    assert 'hx-swap-oob="beforeend:#toasts"' in text
    assert "Withdrawal &lt;b&gt;approved&lt;/b&gt;." in text


def test_a_fragment_without_a_message_stays_as_it_is() -> None:
    assert content_of(fragment) == "<p>rows</p>"


def test_a_browser_gets_no_loose_toast() -> None:
    assert content_of(fragment_with_message, is_htmx=False) == "<p>rows</p>"


def test_a_page_that_showed_its_messages_gets_none_again() -> None:
    def page(request: HttpRequest) -> HttpResponse:
        messages.error(request, "CoinMENA refused the deposit.")
        return render(request, "ui/toasts.html")

    assert content_of(page).count("CoinMENA refused the deposit.") == 1


def test_a_redirect_leaves_its_message_for_the_next_page() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        messages.success(request, "Withdrawal approved.")
        return HttpResponseRedirect("/")

    assert content_of(view) == ""


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse("a,b", content_type="text/csv"),
        HttpResponse('{"a": 1}', content_type="application/json"),
        HttpResponse(headers={"HX-Refresh": "true"}),
        HttpResponse(status=204),
    ],
)
def test_only_html_carries_toasts(answer: HttpResponse) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        messages.success(request, "Withdrawal approved.")
        return answer

    assert "toast" not in content_of(view)


# Caches ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_htmx", [True, False])
def test_nothing_a_signed_in_person_saw_is_stored(is_htmx: bool) -> None:
    response = send(fragment, is_htmx=is_htmx)
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Vary"] == "Cookie, HX-Request"


def test_a_stream_is_not_stored_either() -> None:
    response = send(lambda request: StreamingHttpResponse(iter([b"a"]), content_type="text/csv"))
    assert "no-store" in response.headers["Cache-Control"]


def test_the_sign_in_page_may_be_stored_but_has_two_forms() -> None:
    response = send(fragment, is_signed_in=False)
    assert "Cache-Control" not in response.headers
    assert response.headers["Vary"] == "Cookie, HX-Request"
