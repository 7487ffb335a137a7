"""An exception, an operation in review and a closed day to be packed, and browsers."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.funding.models import Operation
from backoffice.reconciliation.models import DayReport, ExceptionItem
from tests.reconciliation.packs import world

BrowserOf = Callable[[Person], Browser]


@pytest.fixture
def odd(db: None, maya: Person) -> ExceptionItem:
    return world.odd(maya)


@pytest.fixture
def in_review(db: None, maya: Person) -> Operation:
    return world.in_review(maya)


@pytest.fixture
def closed_day(odd: ExceptionItem, maya: Person, omar: Person) -> DayReport:
    return world.closed_day(odd, maya, omar)


@pytest.fixture
def browser_of() -> BrowserOf:
    def signed_in(person: Person) -> Browser:
        browser = Browser()
        browser.force_login(person)
        return browser

    return signed_in
