"""Whatever falls over, wherever: a page that says nothing of it, an id to quote, and nothing done (security.md S37)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, SuspiciousOperation, ValidationError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.http import Http404

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


def test_s37_every_view_may_fall_by_anything(site: Site) -> None:
    wrong = []
    for address, browser in site.pages("GET"):
        for error, status in FALLS.items():
            with falling(address, error(SECRET)):
                answer = asked(browser, "GET", site.path(address))
            wrong += [f"{address.name}, {error.__name__}: {fault}" for fault in faults_of(answer, status)]
    assert wrong == []


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

    before = list(Operation.objects.order_by("pk").values_list("pk", "state"))
    monkeypatch.setattr("backoffice.audit.models.Entry.save", fall)
    for address, browser in site.pages("POST"):
        with suppress(OperationalError):  # a file is on its way already when its entry is written
            asked(browser, "POST", site.path(address), {"reason": "Statement line 1", "amount": "1.00"})
        assert list(Operation.objects.order_by("pk").values_list("pk", "state")) == before, address.name
    assert not Attempt.objects.exists()
