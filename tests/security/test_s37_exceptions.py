"""Whatever falls over, wherever: a page that says nothing of it, an id to quote, and nothing done (security.md S37)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, SuspiciousOperation, ValidationError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.http import Http404

from backoffice.exports.bundles.services import NotWrittenDown
from backoffice.funding.models import Attempt, Operation
from backoffice.partner.errors import PartnerError, PartnerUnavailable
from tests.security.addresses import Address
from tests.security.browsers import HTMX, Browser, undone
from tests.security.pages import Site, text_of

pytestmark = pytest.mark.usefixtures("nobody_waits")
SECRET = "canary-e5c1-postgres://backoffice_app:hunter2@db/prod"
#: What nobody foresees, and what the product answers by itself.
UNFORESEEN: tuple[type[Exception], ...] = (
    *(RuntimeError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, LookupError, StopIteration),
    *(RecursionError, MemoryError, TimeoutError, ConnectionError, OSError, AssertionError, NotImplementedError),
    *(
        DatabaseError,
        DataError,
        IntegrityError,
        InterfaceError,
        OperationalError,
        ImproperlyConfigured,
        ValidationError,
    ),
    *(PartnerError, PartnerUnavailable),
)
FALLS: dict[type[Exception], int] = {
    **dict.fromkeys(UNFORESEEN, 500),
    PermissionDenied: 403,
    Http404: 404,
    SuspiciousOperation: 400,
}


@contextmanager
def falling(address: Address, error: Exception) -> Iterator[None]:
    """Have the view of one address fall."""

    def fall(*_args: Any, **_kwargs: Any) -> None:
        raise error

    view, address.pattern.callback = address.pattern.callback, fall
    try:
        yield
    finally:
        address.pattern.callback = view


def asked(browser: Browser, method: str, path: str, data: dict[str, str] | None = None, **headers: str) -> Any:
    browser.client.raise_request_exception = False
    with undone():
        return browser.ask(method, path, data, **headers)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Two thousand tracebacks in the log help nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_s37_anything_may_fall_in_a_view(site: Site) -> None:
    address, browser = next(site.pages("GET"))
    assert [fault for error in FALLS for fault in fallen(site, address, browser, error)] == []


def test_s37_every_view_may_fall(site: Site) -> None:
    """Each view by another few of all that may fall, so that each of them falls in a dozen views."""
    falls = list(FALLS)
    views = list(enumerate(site.pages("GET")))
    wrong = [
        fault
        for number, (address, browser) in views
        for error in falls[number % EACH :: EACH]
        for fault in fallen(site, address, browser, error)
    ]
    assert wrong == []


EACH = 7


def fallen(site: Site, address: Address, browser: Browser, error: type[Exception]) -> list[str]:
    """Have one view fall by one error, and return what is wrong with the answer."""
    with falling(address, error(SECRET)):
        answer = asked(browser, "GET", site.path(address))
    return [f"{address.name}, {error.__name__}: {fault}" for fault in faults_of(answer, FALLS[error])]


def faults_of(answer: Any, status: int) -> list[str]:
    page = text_of(answer)
    has_id = answer.headers.get("X-Request-ID", "?") in page
    is_silent = status == 403 or SECRET not in page  # the reason of a refusal is written for staff
    said = {f"{answer.status_code}": answer.status_code == status, "it tells": is_silent, "no id to quote": has_id}
    return [fault for fault, is_right in said.items() if not is_right]


def test_s37_a_database_that_goes_away_in_the_middle_tells_nobody(site: Site) -> None:
    def broken(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if any(table in sql for table in ("accounts_", "audit_", "SAVEPOINT", "shared_cache")):
            return execute(sql, *rest)
        raise OperationalError(SECRET)

    told = []
    for method, headers in (("GET", {}), ("POST", HTMX)):
        for address, browser in site.pages(method):
            with connection.execute_wrapper(broken):
                answer = asked(browser, method, site.path(address), None, **headers)
            told += [f"{method} {address.name}"] if SECRET in text_of(answer) else []
    assert told == []


def test_s37_nothing_is_paid_by_falling(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write falls over at its last statement, the log's: nothing of it stays."""

    def fall(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError(SECRET)

    before, sent = list(Operation.objects.order_by("pk").values_list("pk", "state")), Attempt.objects.count()
    monkeypatch.setattr("backoffice.audit.models.Entry.save", fall)
    for address, browser in site.pages("POST"):
        with suppress(OperationalError, NotWrittenDown):  # a file is on its way already when its entry is written
            asked(browser, "POST", site.path(address), {"reason": "Statement line 1", "amount": "1.00"})
        assert list(Operation.objects.order_by("pk").values_list("pk", "state")) == before, address.name
    assert Attempt.objects.count() == sent
