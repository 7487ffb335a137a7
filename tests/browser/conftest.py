"""Browser, stack and cast for the journeys. Everybody signs in through the sign-in page, as people do."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from backoffice.reconciliation.exceptions.severity import company_zone
from tests.browser import people
from tests.browser import stack as stacks

LONGEST_START = timedelta(minutes=2)
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the journeys on one process: they share one stack, but for those that name a group of their own."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group("browser"))


@contextmanager
def folder() -> Iterator[Path]:
    """Lend a folder for a demo. Not pytest's: its next run shuts the database's user out of what is under it."""
    with TemporaryDirectory(prefix="backoffice-journeys-") as name:
        yield Path(name)


def await_one_day_to_start_in() -> None:
    """Let the company's midnight pass first where the demo might start across it: its story is told from one day."""
    while (now := datetime.now(company_zone())).date() != (now + LONGEST_START).date():
        time.sleep(1)


@pytest.fixture(scope="session")
def stack() -> Iterator[stacks.Stack]:
    await_one_day_to_start_in()
    with folder() as demo, stacks.running(demo) as stack:
        yield stack


SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """The cookies of whoever signed in already, by name."""
    return {}


@pytest.fixture
def sign_in(chromium: Browser, stack: stacks.Stack, sessions: dict[str, Any]) -> Iterator[SignIn]:
    """Return a function that opens a browser profile and signs a member of the cast in, once for all journeys.

    A code is good once, and an authenticator shows one in 30 seconds: whoever signed in anew for each would wait.
    """
    contexts: list[BrowserContext] = []

    def enter(name: str, **options: object) -> Page:
        known = {"viewport": {"width": 1440, "height": 900}, "storage_state": sessions.get(name)}
        context = chromium.new_context(base_url=stack.url, **{**known, **options})  # type: ignore[arg-type]
        context.set_default_timeout(people.SOON)
        contexts.append(context)
        page = context.new_page()
        if not people.is_signed_in(page):
            people.sign_in(page, name)
            sessions[name] = context.storage_state()
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def calm_partners(request: pytest.FixtureRequest) -> None:
    """Begin every journey on the shared stack with partners that behave."""
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").control("DELETE", "faults")
