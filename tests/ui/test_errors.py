"""Error pages: a sentence, an id, a way on, and nothing of the error itself."""

import pytest
import structlog
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.test import Client, RequestFactory

from backoffice.accounts.models import Person
from backoffice.ui import errors
from backoffice.ui.listing import BadListRequest

SECRET = "postgres://backoffice_app:secret@db/backoffice"


@pytest.fixture
def request_() -> HttpRequest:
    return RequestFactory().get("/orders/")


ANSWERS = {
    "400": lambda request: errors.bad_request(request, BadRequest(SECRET)),
    "403": lambda request: errors.permission_denied(request, PermissionDenied()),
    "403 of a form": lambda request: errors.csrf_failure(request, SECRET),
    "405": errors.method_not_allowed,
    "404": lambda request: errors.page_not_found(request, Http404(SECRET)),
    "500": errors.server_error,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_error_page_quotes_the_id_of_the_logs_and_leads_on(name: str, request_: HttpRequest) -> None:
    with structlog.contextvars.bound_contextvars(request_id="4c1ea907"):
        answer: HttpResponse = ANSWERS[name](request_)
    text = answer.content.decode()
    assert answer.status_code == int(name[:3])
    assert "4c1ea907" in text
    assert '<a class="btn btn-primary btn-lg" href="/">' in text
    assert text.count("<h1>") == 1


@pytest.mark.parametrize("name", ANSWERS)
def test_an_error_page_tells_nothing_of_the_error(name: str, request_: HttpRequest) -> None:
    assert SECRET not in ANSWERS[name](request_).content.decode()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_error_page_has_an_id_even_outside_a_request_of_ours(name: str, request_: HttpRequest) -> None:
    assert 'dir="ltr"></bdi>' not in ANSWERS[name](request_).content.decode()


def test_a_list_says_why_an_address_is_refused(request_: HttpRequest) -> None:
    text = errors.bad_request(request_, BadListRequest("This list cannot be ordered that way.")).content.decode()
    assert "This list cannot be ordered that way." in text


def test_a_policy_says_why_it_refuses(request_: HttpRequest) -> None:
    text = errors.permission_denied(request_, PermissionDenied("You asked for this yourself.")).content.decode()
    assert "You asked for this yourself." in text


def test_an_address_that_only_takes_a_form_opens_as_a_page_that_says_so(db: None, client: Client, omar: Person) -> None:
    client.force_login(omar)
    answer = client.get("/approvals/wdr-2026-1/approve/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Nothing was done. This address only takes what a form sends" in answer.content.decode()
    assert f'dir="ltr">{answer["X-Request-ID"]}</bdi>' in answer.content.decode()


def test_htmx_gets_no_page_where_a_method_is_closed(db: None, client: Client, omar: Person) -> None:
    client.force_login(omar)
    answer = client.get("/approvals/wdr-2026-1/approve/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["Allow"], answer.content) == (405, "POST", b"")


def test_the_500_page_stands_when_no_template_does(request_: HttpRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> str:
        raise TemplateDoesNotExist("500.html")

    monkeypatch.setattr(errors, "render_to_string", broken)
    answer = errors.server_error(request_)
    assert answer.status_code == 500
    assert "quote this id" in answer.content.decode()
