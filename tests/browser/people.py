"""What people do on the pages, in their own words. Fields and buttons are found by their visible labels."""

import re
import time
from decimal import Decimal

from playwright.sync_api import APIResponse, Page, expect

from backoffice.demo.cast import PASSWORD
from tests.browser.stack import Stack

#: The worker sends within moments; a look-up of a lost answer takes some seconds more, and a busy machine its time.
SOON = 90_000

#: After three codes within a step the next one is a step away.
NEXT_CODE = 90_000


def sign_in(page: Page, name: str) -> None:
    """Sign a member of the cast in: password, then the code that the demo shows."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    show_code(page)


def show_code(page: Page) -> None:
    """Pass the door with a code; with another one where the first ran out between reading and sending it."""
    for _try in range(2):
        type_code(page)
        with page.expect_navigation(timeout=SOON):
            page.get_by_role("button", name="Sign in").click()
        if "/accounts/" not in page.url:
            return
    raise AssertionError(f"no code lets in: {page.get_by_role('main').inner_text()}")


def is_signed_in(page: Page) -> bool:
    """Whether this browser profile brings a session that still holds."""
    page.goto("/")
    return "/accounts/" not in page.url


def type_code(page: Page) -> None:
    """Type the code that the demo shows beside the field."""
    shown = page.locator("[data-demo-code]").first
    shown.wait_for(timeout=NEXT_CODE)
    page.get_by_label("Code from your authenticator").first.fill(shown.inner_text())


def come_back_for_a_code(page: Page) -> None:
    """Open the page anew until it shows a code, where no script does so: between two codes it shows none."""
    patience = time.monotonic() + NEXT_CODE / 1000
    while not page.locator("[data-demo-code]").count():
        assert time.monotonic() < patience, "the demo shows no code"
        page.wait_for_timeout(1_000)
        page.goto(page.url)


def fill_funding_form(page: Page, address: str, *, client: str, asset: str, amount: str, reason: str) -> None:
    page.goto(address)
    page.get_by_label("Client").fill(client)
    page.get_by_label("Asset").select_option(asset)
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Reason").fill(reason)


def deposit(page: Page, *, client: str, amount: str, asset: str = "USD", reason: str = "Statement line 1") -> str:
    """Ask for a deposit and return its reference, read off the address of its page."""
    fill_funding_form(page, "/funding/deposit/", client=client, asset=asset, amount=amount, reason=reason)
    page.get_by_role("button", name="Deposit", exact=True).click()
    return reference_of(page)


def ask_for_withdrawal(
    page: Page, *, client: str, amount: str, asset: str = "USD", reason: str = "Payout request 1"
) -> str:
    """Ask for a withdrawal and return its reference."""
    fill_funding_form(page, "/funding/withdraw/", client=client, asset=asset, amount=amount, reason=reason)
    page.get_by_role("button", name="Ask for withdrawal", exact=True).click()
    return reference_of(page)


def reference_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"/funding/(dep|wd)-[^/]+/$"))
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def approve(page: Page, reference: str, amount: str) -> None:
    """Approve a request from the queue, as a manager."""
    page.goto(f"/approvals/{reference}/")
    decide(page, re.compile(f"^Approve {re.escape(amount)}"))


def decide(page: Page, button: str | re.Pattern[str]) -> None:
    """Approve what the page shows with a code for exactly that; the note is there for whatever asks for one."""
    page.get_by_label("Note").fill("Compared with the request.")
    type_code(page)
    page.locator("form.decide").get_by_role("button", name=button).click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("You (have )?approved|approved this|Approved"))


def see_state(page: Page, reference: str, state: str) -> None:
    """Wait on the operation's page, without reloading it, until it says ``state``."""
    expect(page).to_have_url(re.compile(f"/funding/{reference}/"))
    expect(page.locator("h1 ~ [role=status] .badge").first).to_have_text(state, timeout=SOON)


def balance(page: Page, client: str, asset: str = "USD") -> Decimal:
    """Read the fresh balance of one asset off the client's page."""
    with page.expect_response(lambda answer: answer.url.endswith("/balances/")):
        page.goto(f"/clients/{client}/")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(f"^{asset}")))
    value = row.locator("data.money").first.get_attribute("value")
    return Decimal(value or "")


def orders_at_partner(stack: Stack, reference: str) -> list[dict[str, str]]:
    """Return what CoinMENA's own books hold under a reference."""
    found = stack.control("GET", f"ledger?reference={reference}")["orders"]
    return [order for order in found if order["partner_order_ref"] == reference]


def begin_sign_in(page: Page, email: str, password: str) -> None:
    """Give e-mail and password; what comes next depends on the person's second factor."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Continue").click()


def enter(page: Page, email: str, password: str) -> None:
    """Sign somebody in who is not of the cast."""
    begin_sign_in(page, email, password)
    show_code(page)


def approve_first(page: Page, title: str) -> None:
    """Approve the newest request in the queue whose title holds ``title``."""
    page.goto(f"/approvals/?q={title}")
    page.locator("table tbody th a").last.click()
    decide(page, re.compile("^Approve|^Release|^Sign|^Make it live"))


def link_mailed_to(stack: Stack, email: str) -> str:
    """Return the address in the newest mail to ``email``, as soon as the worker has sent one."""
    give_up_at = time.monotonic() + SOON / 1000
    while time.monotonic() < give_up_at:
        for mail in sorted(stack.mails(), key=lambda one: one.stat().st_mtime, reverse=True):
            text = mail.read_text()
            found = re.search(r"https?://\S+/accounts/\S+", text.replace("=\n", "").replace("=3D", "="))
            if email in text and found:
                return found[0]
        time.sleep(0.5)
    raise AssertionError(f"no mail to {email}")


def post_as(page: Page, address: str, fields: dict[str, str]) -> APIResponse:
    """Send a form by hand, as somebody who replays an address would."""
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    origin = "/".join(page.url.split("/")[:3])
    return page.request.post(
        address, form={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": page.url, "Origin": origin}
    )
