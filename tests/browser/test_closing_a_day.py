"""A day from its exceptions to its report, and open again by two people."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from backoffice.demo.history import company_zone
from tests.browser import people
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack


def test_a_day_is_prepared_reviewed_closed_and_reopened(sign_in: SignIn, stack: Stack) -> None:
    maya, omar, lina = sign_in("maya"), sign_in("omar"), sign_in("lina")
    day = (datetime.now(company_zone()) - timedelta(days=1)).date()
    here = f"/reconciliation/days/{day}/"

    prepare(maya, here)
    expect(maya.locator("main")).to_contain_text("Only managers can do this.")
    sign(omar, f"{here}review/", "Sign the review")
    omar.goto(f"{here}close/")
    expect(omar.get_by_role("button", name=re.compile("^Close "))).to_be_disabled()
    expect(omar.locator("main")).to_contain_text("Resolve them or carry them forward first.")

    carry_everything(maya, here)
    sign(omar, f"{here}close/", "Close")
    expect(omar.get_by_role("heading", level=1)).to_contain_text("Close report of")
    expect(omar.locator("main")).to_contain_text("Comes with Sunday's batch.")

    ask_to_reopen(maya, here)
    request = f"/approvals/day-{day}-1/"
    omar.goto(request)
    expect(omar.get_by_role("button", name="Reopen")).to_be_disabled()
    lina.goto(request)
    people.decide(lina, "Reopen")
    maya.goto(here)
    expect(maya.locator(".title")).to_contain_text("Reopened")
    expect(maya.locator("main")).to_contain_text("Reopened since")


def prepare(page: Page, here: str) -> None:
    page.goto(here)
    page.get_by_role("link", name="Prepare the day").click()
    page.get_by_role("button", name=re.compile("^Prepare ")).click()
    expect(page.locator(".title")).to_contain_text("Prepared, to be reviewed")


def sign(page: Page, address: str, button: str) -> None:
    """Sign with a code, as the page asks for it."""
    page.goto(address)
    people.type_code(page)
    page.get_by_role("button", name=re.compile(f"^{button} ")).click()
    page.wait_for_url(lambda now: not now.endswith(address))


def carry_everything(page: Page, here: str) -> None:
    """Carry every open exception of the day forward, all at once."""
    page.goto(f"{here}?show=open")
    rows = page.locator("tr[id^=exception-]")
    numbers = [(row.get_attribute("id") or "").removeprefix("exception-") for row in rows.all()]
    page.goto("/reconciliation/exceptions/work/?act=carry&" + "&".join(f"item={number}" for number in numbers))
    page.get_by_label("Why").fill("Comes with Sunday's batch.")
    page.get_by_role("button", name=re.compile("^Carry forward")).click()
    expect(page.locator("main")).to_contain_text("Carried forward")
    page.goto(here)
    expect(page.locator(".stepper")).to_contain_text("Nothing of it is open")


def ask_to_reopen(page: Page, here: str) -> None:
    page.goto(f"{here}reopen/")
    page.get_by_label("Reason").fill("An order came late.")
    people.type_code(page)
    page.get_by_role("button", name=re.compile("^Ask to reopen")).click()
    page.wait_for_url(re.compile("/approvals/day-"))
