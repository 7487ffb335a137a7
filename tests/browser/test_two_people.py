"""One approval engine in a browser: two people, a stand-in, and every way around that ends at a sentence."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from backoffice.reconciliation.exceptions.severity import company_zone
from tests.browser import people
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack

NOURA: Final = "user_12345"
#: In the two-person band of the rules that come with the product.
LARGE: Final = "10,250.00 USD"
DEPUTY: Final = "Stand-in of finance"
DEPUTY_MAIL: Final = "stand-in@example.com"
DEPUTY_PASSWORD: Final = "seven quiet herons at noon"


@pytest.fixture(scope="module")
def deputy(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """The browser of somebody who is new here."""
    context = chromium.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(people.SOON)
    yield context.new_page()
    context.close()


def test_somebody_is_invited_by_two_people_and_sets_up_a_second_factor(
    sign_in: SignIn, deputy: Page, stack: Stack
) -> None:
    adam, omar = sign_in("adam"), sign_in("omar")
    adam.goto("/people/invite/")
    adam.get_by_label("Name").fill(DEPUTY)
    adam.get_by_label("Work e-mail").fill(DEPUTY_MAIL)
    adam.get_by_label("Role").select_option("finance")
    adam.get_by_label("Reason").fill("Covers payments from December on")
    people.type_code(adam)
    adam.get_by_role("button", name="Propose the invitation").click()
    expect(adam.locator("main")).to_contain_text("Waiting for approval")
    people.approve_first(omar, f"Invitation of {DEPUTY}")

    deputy.goto(people.link_mailed_to(stack, DEPUTY_MAIL))
    deputy.get_by_label("New password").fill(DEPUTY_PASSWORD)
    deputy.get_by_role("button", name="Set password").click()
    people.begin_sign_in(deputy, DEPUTY_MAIL, DEPUTY_PASSWORD)
    deputy.get_by_label("Code").first.fill(deputy.locator("[data-demo-new-code]").inner_text())
    deputy.get_by_role("button", name="Set up").click()
    expect(deputy.locator("main")).to_contain_text("recovery codes")
    deputy.goto("/funding/")
    expect(deputy.get_by_role("heading", level=1)).to_have_text("Funding")


def test_a_role_changes_by_two_people_and_ends_the_session(sign_in: SignIn, deputy: Page) -> None:
    adam, lina = sign_in("adam"), sign_in("lina")
    own = people.ask_for_withdrawal(deputy, client=NOURA, amount="21.00", reason="Asked while in finance")
    deputy.goto("about:blank")  # a page that asks by itself would be led to the door while another is opened

    adam.goto("/people/")
    adam.get_by_role("link", name=DEPUTY).click()
    adam.get_by_role("link", name="Propose another role").click()
    adam.get_by_label("New role").select_option("manager")
    adam.get_by_role("button", name="See what it comes to").click()
    adam.get_by_label("Reason").fill("Approves from today on")
    people.type_code(adam)
    adam.get_by_role("button", name="Propose", exact=True).click()
    expect(adam.locator("main")).to_contain_text("Waiting for approval")
    people.approve_first(lina, DEPUTY)

    deputy.goto("/funding/")
    expect(deputy.get_by_role("heading", level=1)).to_have_text("Sign in")
    people.enter(deputy, DEPUTY_MAIL, DEPUTY_PASSWORD)
    deputy.goto(f"/approvals/{own}/")
    expect(deputy.locator("main")).to_contain_text("it is your own request")
    expect(deputy.get_by_role("button", name=re.compile("^Approve"))).to_be_disabled()
    refused = people.post_as(deputy, f"/approvals/{own}/approve/", {"code": "123456"})
    assert refused.status == 403
    assert "it is your own request" in refused.text()


def test_two_people_send_a_large_withdrawal_one_of_them_for_somebody_away(
    sign_in: SignIn, deputy: Page, stack: Stack
) -> None:
    today = datetime.now(company_zone()).date()
    deputy.goto("/approvals/absences/new/")
    deputy.get_by_label("Who decides for you").select_option(label="Lina Aziz")
    deputy.get_by_label("First day").fill(today.isoformat())
    deputy.get_by_label("Last day").fill((today + timedelta(days=7)).isoformat())
    deputy.get_by_label("Reason").fill("On leave")
    people.type_code(deputy)
    deputy.get_by_role("button", name="Hand over").click()
    expect(deputy.locator("main")).to_contain_text("Lina Aziz")

    maya, omar, lina = sign_in("maya"), sign_in("omar"), sign_in("lina", viewport={"width": 390, "height": 844})
    reference = people.ask_for_withdrawal(maya, client=NOURA, amount="10250.00", reason="Payout request 9001")
    people.approve(omar, reference, LARGE)
    expect(omar.locator("main")).to_contain_text("1 of 2")
    people.see_state(maya, reference, "Waiting for approval")
    lina.goto(f"/approvals/{reference}/")
    lina.get_by_label(re.compile(f"For {DEPUTY}", re.IGNORECASE)).check()
    people.type_code(lina)
    lina.get_by_role("button", name=f"Approve {LARGE}").last.click()

    people.see_state(maya, reference, "Completed")
    assert len(people.orders_at_partner(stack, reference)) == 1
    maya.goto(f"/approvals/{reference}/")
    expect(maya.locator("main")).to_contain_text(f"Lina Aziz for {DEPUTY}")


def test_each_way_around_ends_at_a_sentence(sign_in: SignIn, stack: Stack) -> None:
    maya, omar = sign_in("maya"), sign_in("omar")
    reference = people.ask_for_withdrawal(maya, client=NOURA, amount="33.00", reason="Payout request 9002")
    maya.goto(f"/approvals/{reference}/")
    expect(maya.locator("main")).to_contain_text("You cannot approve this: it is your own request.")
    expect(maya.get_by_role("button", name=re.compile("^Approve"))).to_be_disabled()
    omar.goto(f"/approvals/{reference}/")
    fingerprint = omar.locator("input[name=fingerprint]").first.get_attribute("value") or ""

    forged = {
        "fingerprint": fingerprint,
        "code": "000000",
        "requested_by": "2",
        "approved_by": "2",
        "state": "approved",
    }
    for address in (f"/approvals/{reference}/approve/", "/approvals/together/approve/"):
        refused = people.post_as(maya, address, forged | {"request": reference, "requests": reference})
        assert refused.status == 403, address
        assert re.search(r"own request|Only managers", refused.text()), address

    people.post_as(omar, f"/approvals/{reference}/approve/", forged | {"code": ""})
    maya.goto(f"/funding/{reference}/")
    people.see_state(maya, reference, "Waiting for approval")
    assert people.orders_at_partner(stack, reference) == []


def test_a_rule_changes_by_two_people(sign_in: SignIn) -> None:
    adam, lina = sign_in("adam"), sign_in("lina")
    adam.goto("/rules/")
    adam.get_by_role("button", name="Change the rules").click()
    adam.get_by_role("link", name="Add a rule").first.click()
    adam.get_by_label("What it is about").select_option("withdrawal")
    adam.get_by_label("Asset").select_option("KWD")
    adam.get_by_label("From this amount on").fill("1000")
    adam.get_by_label("How many other people must agree").fill("2")
    adam.get_by_label("Name of the rule").fill("Middling withdrawals, KWD")
    adam.get_by_role("button", name="Save in the draft").click()
    adam.wait_for_url("**/rules/draft/")
    adam.goto("/rules/draft/submit/")
    adam.get_by_label("Why the rules change").fill("Dinars leave since November")
    people.type_code(adam)
    adam.get_by_role("button", name=re.compile("Submit")).click()
    people.approve_first(lina, "rules")
    lina.goto("/rules/")
    expect(lina.locator("main")).to_contain_text("Version 2")
    expect(lina.locator("main")).to_contain_text("Middling withdrawals, KWD")


def test_a_freeze_is_released_by_two_others(sign_in: SignIn) -> None:
    omar, maya, lina = sign_in("omar"), sign_in("maya"), sign_in("lina")
    omar.goto("/freeze/")
    omar.get_by_label("One client, both ways").check()
    omar.get_by_label("Client", exact=True).fill("user_40022")
    omar.get_by_label("Reason").fill("The account was taken over, says the client")
    omar.get_by_role("button", name="Freeze at once").click()
    expect(omar.locator("main")).to_contain_text("user_40022")
    frozen = omar.url
    maya.goto(frozen)
    maya.get_by_label("Reason").fill("The client called back from the number on file")
    people.type_code(maya)
    maya.get_by_role("button", name=re.compile("Ask")).click()
    people.approve_first(lina, "Release")
    maya.goto(frozen)
    expect(maya.locator("main")).to_contain_text("Released")


def test_all_of_it_stands_in_the_log(sign_in: SignIn, tmp_path: Path) -> None:
    vera = sign_in("vera")
    for sentence in (
        "Approved, and others have to as well",
        "Approved an operation",
        "Released a freeze",
        "Was refused a decision",
    ):
        vera.goto(f"/audit/?q={sentence}")
        expect(vera.locator("main")).to_contain_text(sentence)
