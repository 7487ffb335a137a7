"""What people do on the pages, in their own words. Fields and buttons are found by their visible labels."""

import re
from decimal import Decimal

from playwright.sync_api import Page, expect

from backoffice.demo.cast import PASSWORD
from tests.browser.stack import Stack

#: The worker sends within moments; a look-up of a lost answer takes some seconds more.
SOON = 30_000

#: After three codes within a step the next one is a step away.
NEXT_CODE = 40_000


def sign_in(page: Page, name: str) -> None:
    """Sign a member of the cast in: password, then the code that the demo shows."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    type_code(page)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/accounts/" not in address)


def type_code(page: Page) -> None:
    """Type the code that the demo shows beside the field."""
    shown = page.locator("[data-demo-code]").first
    shown.wait_for(timeout=NEXT_CODE)
    page.get_by_label("Code from your authenticator").first.fill(shown.inner_text())


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
    page.get_by_role("button", name=f"Approve {amount}").click()


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
