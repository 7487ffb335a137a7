"""The kit in a real browser, under the product's own policy: axe, keyboard, htmx, one sending a form.

No server: every request of the page is answered here, by the views themselves.
"""

import mimetypes
import os
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from csp.utils import build_policy
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from backoffice.ui.gallery import gallery, gallery_plain
from backoffice.ui.middleware import HtmxMiddleware
from backoffice.ui.render import render_listing
from backoffice.ui.views import choose_display
from tests.ui.rows import Row, fill, fill_many, table
from tests.ui.test_listing import LISTING

__all__ = ["table"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ORIGIN = "http://testserver"

# Playwright runs its own loop in this thread, which Django takes for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


class Site:
    """Answers a browser by calling views, and remembers what was asked and what went wrong."""

    def __init__(self) -> None:
        # Playwright calls back in a context of its own, where Django would open another connection.
        self.context = copy_context()
        self.asked: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.views: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
            "/gallery/": gallery,
            "/gallery/plain/": gallery_plain,
            "/display/": choose_display,
            "/rows/": lambda request: render_listing(request, LISTING, Row.objects.all(), {"shell": None}),
        }

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.path.startswith("/static/"):
            route.fulfill(path=find(address.path), content_type=mimetypes.guess_type(address.path)[0])
            return
        self.asked.append((route.request.method, address.path + (f"?{address.query}" if address.query else "")))
        response = self.respond(route, address.path, address.query)
        headers = dict(response.items())
        headers["Content-Security-Policy"] = build_policy()
        cookies = [morsel.OutputString() for morsel in response.cookies.values()]
        if cookies:
            headers["Set-Cookie"] = "\n".join(cookies)
        route.fulfill(status=response.status_code, headers=headers, body=response.content)

    def respond(self, route: Route, path: str, query: str) -> HttpResponse:
        request = RequestFactory().generic(
            route.request.method,
            f"{path}?{query}",
            route.request.post_data_buffer or b"",
            content_type=route.request.headers.get("content-type", ""),
            headers={name: text for name, text in route.request.all_headers().items() if name != "content-type"},
        )
        request.user = AnonymousUser()
        request._messages = CookieStorage(request)  # type: ignore[attr-defined]
        request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
        view = self.views.get(path, lambda request: HttpResponse("<title>elsewhere</title>", status=200))
        response = self.context.run(HtmxMiddleware(view), request)
        assert isinstance(response, HttpResponse)
        return response


def find(path: str) -> Path:
    found = finders.find(path.removeprefix("/static/"))
    assert isinstance(found, str), path
    return Path(found)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A fresh profile whose every request goes to `site`; whatever the console says is a fault."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=ORIGIN)
    page = context.new_page()
    page.on("console", site.hear)
    page.on("pageerror", lambda error: site.faults.append(str(error)))
    page.route("**/*", site.answer)
    yield page
    context.close()
    assert site.faults == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(
    ("width", "way"),
    [
        (1440, ""),
        (1440, "?theme=dark"),
        (1440, "?density=compact"),
        (1440, "?dir=rtl&theme=dark"),
        (390, ""),
        (390, "?dir=rtl&theme=dark"),
    ],
)
def test_the_gallery_raises_no_axe_violation(page: Page, width: int, way: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/gallery/{way}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_open_menus_and_the_help_raise_no_axe_violation(page: Page) -> None:
    page.goto("/gallery/")
    page.locator(".me-menu summary").click()
    assert violations(page) == []
    page.get_by_role("button", name="Help and keyboard").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_the_sign_in_frame_raises_no_axe_violation(page: Page) -> None:
    page.goto("/gallery/plain/")
    assert violations(page) == []


# Keyboard -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["/", "Control+k"])
def test_a_key_leads_to_the_search_box(page: Page, keys: str) -> None:
    page.goto("/gallery/")
    page.keyboard.press(keys)
    expect(page.get_by_label("Search everything")).to_be_focused()


def test_g_and_a_letter_go_to_a_page(page: Page) -> None:
    page.goto("/gallery/")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/gallery/#orders")


def test_letters_typed_into_a_field_are_only_letters(page: Page) -> None:
    page.goto("/gallery/")
    field = page.get_by_label("Client", exact=True)
    field.fill("")
    field.press_sequentially("go?/")
    expect(field).to_have_value("go?/")
    assert page.url == f"{ORIGIN}/gallery/"


def test_single_letters_can_be_switched_off_and_control_k_stays(page: Page) -> None:
    page.goto("/gallery/?shortcuts=off")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search everything")).to_be_focused()


def test_escape_closes_a_menu_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/gallery/")
    summary = page.locator(".me-menu summary")
    summary.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_the_first_tab_stop_skips_to_the_content(table: None, page: Page) -> None:
    page.goto("/rows/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_form_that_came_back_shows_what_is_wrong_with_it(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/gallery/")
    summary = page.get_by_role("alert").filter(has_text="needs another look")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()


def test_a_page_without_mistakes_opens_at_its_top(table: None, page: Page) -> None:
    page.goto("/rows/")
    expect(page.locator("body")).to_be_focused()


@pytest.mark.parametrize("way", ["", "?dir=rtl&theme=dark"])
def test_no_digit_of_a_balance_is_cut_off_on_a_phone(page: Page, way: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/gallery/{way}")
    for amount in page.locator(".hero .money").all():
        amount.evaluate("it => it.firstChild.textContent = '\u2212999,999,999,999.12345678 '")
    assert page.locator(".hero .money").count() == 3
    cut_off = """(all) => all.filter((it) => {
      const edge = it.closest(".card").getBoundingClientRect();
      return [...it.getClientRects()].some((part) => part.left < edge.left || part.right > edge.right);
    }).length"""
    assert page.locator(".hero .money").evaluate_all(cut_off) == 0


# Choices and messages -------------------------------------------------------------------------------------------------


def test_a_theme_takes_effect_at_once_and_stays(page: Page, site: Site) -> None:
    page.goto("/gallery/")
    page.locator(".me-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.goto("/gallery/plain/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert ("POST", "/display/") in site.asked


def test_success_fades_and_an_error_stays(page: Page) -> None:
    page.clock.install()
    page.goto("/gallery/")
    expect(page.get_by_text("Withdrawal approved.")).to_be_visible()
    page.clock.run_for(7_000)
    expect(page.get_by_text("Withdrawal approved.")).not_to_be_visible()
    page.get_by_role("alert").filter(has_text="CoinMENA refused").get_by_role("button").click()
    expect(page.get_by_text("CoinMENA refused the deposit")).not_to_be_visible()


def test_a_double_click_sends_a_form_once(page: Page, site: Site) -> None:
    site.views["/once/"] = lambda request: HttpResponse(
        '<!doctype html><div id="toasts"></div><script type="module" src="/static/js/app.js"></script>'
        '<form method="post" action="/sent/" data-once><button>Deposit</button></form>'
        if request.method == "GET"
        else "sent"
    )
    page.goto("/once/")
    page.evaluate("const f = document.forms[0], b = f.querySelector('button'); b.click(); b.click()")
    page.wait_for_url("**/sent/")
    assert site.asked.count(("POST", "/sent/")) == 1


# A list ---------------------------------------------------------------------------------------------------------------


def test_a_filter_swaps_the_list_writes_the_address_and_keeps_the_focus(table: None, page: Page, site: Site) -> None:
    fill(list(range(12)))
    page.goto("/rows/")
    search = page.get_by_label("Name", exact=True)
    search.fill("n1")
    search.press("Enter")
    expect(page.get_by_role("link", name="Name “n1” remove")).to_be_visible()
    expect(page).to_have_url(f"{ORIGIN}/rows/?q=n1")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="4 rows")).to_be_visible()
    assert [path for _method, path in site.asked] == ["/rows/", "/rows/?q=n1"]


def test_choices_pages_pills_and_the_way_back_work(table: None, page: Page) -> None:
    fill(list(range(30)))
    page.goto("/rows/")
    page.get_by_text("Any kind").click()
    page.get_by_label("Zero").check()
    page.get_by_label("One").check()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**/rows/?name=n0&name=n1")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="First")).to_be_visible()
    page.get_by_role("link", name="remove").click()
    page.wait_for_url("**/rows/")
    page.go_back()
    expect(page.get_by_role("link", name="First")).to_be_visible()
    expect(page.get_by_role("banner").or_(page.locator(".side"))).to_have_count(2)


def test_a_mistake_in_a_filter_is_said_and_nothing_is_lost(table: None, page: Page, site: Site) -> None:
    fill([1, 2])
    page.goto("/rows/")
    page.get_by_text("Any amount").click()
    page.get_by_label("At least").fill("1e9")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("alert").filter(has_text="plain digits")).to_be_visible()
    expect(page.get_by_label("At least")).to_have_value("1e9")
    site.faults.clear()  # the browser itself reports the 422


def test_long_lists_fetch_their_sums_by_themselves(table: None, page: Page) -> None:
    fill_many(3_000)
    page.goto("/rows/")
    expect(page.get_by_text("3,000 rows")).to_be_visible()
    assert page.url == f"{ORIGIN}/rows/"


def test_a_list_raises_no_axe_violation(table: None, page: Page) -> None:
    fill(list(range(12)))
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/rows/?name=n1")
        assert violations(page) == []


def test_a_list_works_without_script(table: None, chromium: Browser, site: Site) -> None:
    fill(list(range(12)))
    context = chromium.new_context(java_script_enabled=False, base_url=ORIGIN)
    page = context.new_page()
    page.route("**/*", site.answer)
    page.goto("/rows/")
    page.get_by_label("Name", exact=True).fill("n1")
    page.get_by_role("button", name="Filter").click()
    assert parse_qs(urlsplit(page.url).query)["q"] == ["n1"]
    page.get_by_role("link", name="remove").click()
    page.get_by_role("link", name="Older").click()
    assert "page=" in page.url
    expect(page.locator("a.lead")).to_have_count(5)
    context.close()
