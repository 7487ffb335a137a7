"""The cast, and the databases the tests run on."""

import os
from collections.abc import Iterator
from typing import Final

import hypothesis
import pytest
from django.db import connections
from django.utils import translation
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from backoffice.accounts.models import Person, Role
from backoffice.database import embedded
from tests import database
from tests.browser.chromium import launch_arguments
from tests.factors import factor_shown_with_force_login  # noqa: F401 - a fixture
from tests.partners import partners, sandbox  # noqa: F401 - fixtures
from tests.security.counting import pytest_terminal_summary  # noqa: F401 - a hook

#: What a page must come to show, it may take its time to show while other tests keep the machine busy; in milliseconds.
PATIENCE_OF_A_BROWSER: Final = 60_000

expect.set_options(timeout=PATIENCE_OF_A_BROWSER)
# A slow machine is no fault of the product, and whether a change may land is decided by the change: the same examples
# in each run. HYPOTHESIS_SEEKS=yes looks for others.
hypothesis.settings.register_profile(
    "of the suite",
    deadline=None,
    derandomize=os.environ.get("HYPOTHESIS_SEEKS") != "yes",
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("of the suite")


@pytest.fixture(autouse=True)
def speaking_english() -> None:
    """Begin each test in the settings' language: a page that another test read in Arabic leaves its own in force."""
    translation.deactivate()


@pytest.fixture(scope="session")
def postgres() -> embedded.Embedded:
    """The embedded server every test process shares."""
    return database.start_server()


@pytest.fixture(scope="session")
def django_db_setup(postgres: embedded.Embedded, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One clone per test process, for tests that roll back."""
    name = database.clone(postgres)
    with django_db_blocker.unblock():
        database.connect_to(postgres, name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    embedded.drop_database(postgres, name)


@pytest.fixture
def committed(postgres: embedded.Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database of the test's own, with real commits: whatever moves money is tested on this one."""
    name, former = database.clone(postgres), connections["default"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        database.connect_to(postgres, name)
        yield name
        connections.close_all()
        database.connect_to(postgres, former)
    embedded.drop_database(postgres, name)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for one file of tests, and no longer: while one is open its event loop runs, and a second cannot."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_arguments())  # type: ignore[arg-type]
        yield browser
        connections.close_all()
        browser.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the database server with the last test process that used it."""
    if not hasattr(config, "workerinput"):
        database.stop_server_if_last()


def _person(name: str, role: Role) -> Person:
    email = f"{name.split()[0].lower()}@example.com"
    return Person.objects.create_person(email=email, name=name, role=role, password="correct horse battery")


@pytest.fixture
def maya() -> Person:
    """Asks: finance."""
    return _person("Maya Haddad", Role.FINANCE)


@pytest.fixture
def omar() -> Person:
    """Approves: manager."""
    return _person("Omar Saleh", Role.MANAGER)


@pytest.fixture
def lina() -> Person:
    """Approves when Omar is away: manager."""
    return _person("Lina Aziz", Role.MANAGER)


@pytest.fixture
def vera() -> Person:
    """Reads: auditor."""
    return _person("Vera Novak", Role.AUDITOR)


@pytest.fixture
def adam() -> Person:
    """Administers: administrator."""
    return _person("Adam Reyes", Role.ADMINISTRATOR)
