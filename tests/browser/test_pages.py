"""Every page a role can open: no axe violation, nothing the policy blocks, nothing wider than the screen."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from backoffice.reconciliation.exceptions.severity import company_zone
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack

#: The day of the demo's story that was closed, and has drifted since; the one before waits for its review.
CLOSED = "/reconciliation/days/{closed}/"
PREPARED = "/reconciliation/days/{prepared}/"
EVERYBODYS = ["/", "/accounts/settings/", "/gallery/"]
MONEY = ["/clients/", "/clients/user_12345/", "/clients/user_80001/", "/clients/user_80003/", "/funding/", "/orders/"]
MONEY += ["/transactions/", "/approvals/", "/reconciliation/", "/search/?q=user"]
MONEY += ["/reconciliation/runs/", "/reconciliation/runs/1/", "/reconciliation/runs/1/changes/"]
MONEY += ["/reconciliation/exceptions/", "/reconciliation/exceptions/1/", "/reconciliation/ledgers/"]
MONEY += ["/reconciliation/ledgers/files/1/", "/reconciliation/ledgers/entries/", "/reconciliation/balances/"]
MONEY += ["/reconciliation/bitnob/", "/reconciliation/pictures/", CLOSED, f"{CLOSED}reports/1/"]
MONEY += ["/orders/?q=nothing-of-the-kind", "/audit/who-funded-what/"]
OWN = ["/accounts/factors/", "/accounts/factors/authenticator/", "/accounts/factors/passkeys/add/"]
OWN += ["/accounts/factors/recovery-codes/"]
EXPORTS = ["/exports/verify/", "/exports/files/", "/exports/schedules/", "/exports/schedules/new/?list=orders"]
EXPORTS += ["/orders/export/"]
PAGES: dict[str, list[str]] = {
    "maya": [
        *EVERYBODYS,
        *MONEY,
        "/funding/deposit/?client=user_12345",
        "/funding/withdraw/",
        "/reconciliation/runs/new/",
        "/reconciliation/exceptions/upload/",
        "/reconciliation/exceptions/work/?act=raise&item=1&item=2",
        "/reconciliation/ledgers/new/",
        "/reconciliation/ledgers/1/columns/",
        "/reconciliation/ledgers/1/upload/",
        f"{CLOSED}reopen/",
    ],
    "omar": [*MONEY, "/clients/user_12345/deactivate/", "/clients/user_90210/activate/", "/audit/", "/audit/verify/"],
    "vera": [*EVERYBODYS, *MONEY, "/audit/", "/audit/1/", "/audit/verify/", "/exports/", *EXPORTS],
    "adam": [*EVERYBODYS, "/audit/", "/exports/"],
}
PAGES["omar"] += [*OWN, f"{PREPARED}review/"]
FIRST_ROWS = {"maya": ["/funding/", "/orders/", "/transactions/"], "omar": ["/approvals/"]}
FIRST_ROWS["maya"] += ["/reconciliation/runs/1/", CLOSED]
#: A link that htmx follows puts what it finds into a part of the page: it has to lead to that page.
STRAY_LINKS = """() => [...document.links]
  .filter((link) => link.closest("[hx-boost]")?.matches("[hx-boost=true]") && link.pathname !== location.pathname)
  .map((link) => `a part of the page is swapped for ${link.href}`)"""
SCREENS = {
    "desk": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in found]


def addresses(page: Page, name: str, today: date) -> Iterator[str]:
    """Give the fixed addresses of a person, then what the first row of each list leads to."""
    days = {"closed": today - timedelta(days=2), "prepared": today - timedelta(days=3)}
    for address in PAGES[name]:
        yield address.format(**days)
    for address in FIRST_ROWS.get(name, []):
        page.goto(address.format(**days))
        first = page.locator("table tbody th[scope=row] a").first
        expect(first).to_be_visible()
        yield str(first.evaluate("link => link.href"))


@pytest.mark.parametrize(
    ("name", "screen"), [*((name, "desk") for name in PAGES), ("maya", "phone"), ("omar", "phone")]
)
def test_every_page_is_open_sound_and_fits(sign_in: SignIn, stack: Stack, name: str, screen: str) -> None:
    page = sign_in(name, **SCREENS[screen])
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for address in addresses(page, name, stack.started.astimezone(company_zone()).date()):
        answer = page.goto(address)
        expect(page.locator(".htmx-request")).to_have_count(0, timeout=60_000)
        assert answer is not None and answer.status == 200, address
        complaints += violations(page) + page.evaluate(STRAY_LINKS)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        complaints += [f"{width} pixels wider than the screen"] if width > 0 else []
        assert complaints == [], address


def test_the_sign_in_page_is_sound(sign_in: SignIn, chromium: object) -> None:
    page = sign_in("maya")
    page.locator("summary").filter(has_text="Maya Haddad").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")
    assert violations(page) == []
    page.go_back()
    assert page.get_by_role("heading", name="What waits for you").count() == 0
