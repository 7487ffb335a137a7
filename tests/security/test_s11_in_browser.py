"""Every page in a real Chromium under our own policy: it has nothing to report (security.md S11).

The product is served inside this process, from a database of the test's own, so that the browser's reports arrive where
they can be counted.
"""

import os
import time
from collections.abc import Iterator

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from pytest_django.fixtures import Settings

from tests.security.addresses import Address
from tests.security.browsers import Browser as Known
from tests.security.pages import Site, site_of_a_day

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("nobody_waits")]
#: How long a busy machine may take over a page, in milliseconds.
PATIENCE_MS = 90_000
# Playwright runs its own loop in this thread, which Django takes for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What browsers told us was blocked."""
    told: list[dict[str, str]] = []
    monkeypatch.setattr("backoffice.ui.reports.log.warning", lambda _event, **said: told.append(said), raising=False)
    monkeypatch.setattr("backoffice.ui.reports.is_heard", lambda: True)
    return told


@pytest.fixture
def served(committed: str, settings: Settings) -> Iterator[tuple[str, Site]]:
    """The product at an address of this machine, with one row of everything."""
    settings.STORAGES = {**settings.STORAGES}
    site = site_of_a_day()
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    assert thread.error is None, thread.error
    yield f"http://127.0.0.1:{thread.port}", site
    thread.terminate()
    connections.close_all()


def context_of(chromium: Browser, url: str, known: Known) -> BrowserContext:
    """A fresh profile that carries the session of somebody who is signed in."""
    context = chromium.new_context(base_url=url)
    context.set_default_timeout(PATIENCE_MS)
    name, _equals, value = known.cookies.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": url}])
    return context


def opened(page: Page, path: str) -> list[str]:
    """Open one page, with every part it asks for by itself, and return what the console says is blocked."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            said.append(f"{path}: {message.text}")

    page.on("console", hear)
    page.goto(path, wait_until="load")
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.remove_listener("console", hear)
    return said


SLIPPED_IN = """
const script = document.createElement("script")
script.textContent = "window.evil = 1"
document.body.append(script)
"""


def is_page(site: Site, address: Address, known: Known) -> bool:
    """Whether an address answers with something to look at, and not with a file or nothing new."""
    answer = known.ask("GET", site.path(address))
    return answer.status_code != 204 and answer.headers.get("Content-Type", "").startswith("text/html")


def test_s11_no_page_has_anything_to_report(
    chromium: Browser, reports: list[dict[str, str]], served: tuple[str, Site]
) -> None:
    url, site = served
    pages = [(address, known) for address, known in site.pages() if is_page(site, address, known)]
    windows = {known.cookies: context_of(chromium, url, known).new_page() for _address, known in pages}
    said = [text for address, known in pages for text in opened(windows[known.cookies], site.path(address))]
    assert len(pages) > 30
    assert (said, reports) == ([], [])


def test_s11_what_is_blocked_is_reported(
    chromium: Browser, reports: list[dict[str, str]], served: tuple[str, Site]
) -> None:
    """The counterpart: a script that somebody slipped in does not run, and we are told where."""
    url, site = served
    context = context_of(chromium, url, next(known for _address, known in site.pages()))
    page = context.new_page()
    page.goto("/", wait_until="networkidle")
    with page.expect_request(lambda request: request.url.endswith("/policy-report/")):
        page.evaluate(SLIPPED_IN)
    give_up_at = time.monotonic() + PATIENCE_MS / 1000
    while not reports and time.monotonic() < give_up_at:
        page.wait_for_timeout(100)
    assert page.evaluate("window.evil") is None
    assert [report["effective_directive"] for report in reports] == ["script-src-elem"]
    context.close()
