"""The partner's walk-through, from the first deposit to the auditor's file, and the same when things go wrong."""

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack

CLIENT = "user_12345"


def test_the_walk_through(sign_in: SignIn, stack: Stack, tmp_path: Path) -> None:
    maya, omar, vera = sign_in("maya"), sign_in("omar"), sign_in("vera")

    before = people.balance(maya, CLIENT)
    deposit = people.deposit(maya, client=CLIENT, amount="1000.00")
    people.see_state(maya, deposit, "Completed")
    assert people.balance(maya, CLIENT) - before == Decimal("1000.00")

    withdrawal = people.ask_for_withdrawal(maya, client=CLIENT, amount="500.00")
    people.see_state(maya, withdrawal, "Waiting for approval")
    maya.goto(f"/approvals/{withdrawal}/")
    expect(maya.get_by_role("button", name="Approve 500.00 USD")).to_be_disabled()
    expect(maya.locator("main")).to_contain_text("it is your own request")

    people.approve(omar, withdrawal, "500.00 USD")
    maya.goto(f"/funding/{withdrawal}/")
    people.see_state(maya, withdrawal, "Completed")
    assert people.balance(maya, CLIENT) - before == Decimal("500.00")

    for reference, effect in ((deposit, "Deposited"), (withdrawal, "Withdrawn")):
        find_order(maya, reference, effect)
    reconcile_clean(maya)
    assert exported_references(vera, tmp_path) >= {deposit, withdrawal}


def find_order(page: Page, reference: str, effect: str) -> None:
    """Find the order by its reference, mirrored yet or not, and see what it did to the client."""
    page.goto("/orders/")
    page.get_by_role("searchbox", name=re.compile("Reference, order number")).fill(reference)
    page.get_by_role("button", name="Filter").click()
    row = page.get_by_role("row").filter(has_text=reference)
    expect(row).to_contain_text(effect, timeout=people.SOON)


def reconcile_clean(page: Page) -> None:
    """Reconcile the client's day so far: everything matched."""
    page.goto("/reconciliation/runs/new/")
    page.get_by_label("Client").fill(CLIENT)
    page.get_by_role("button", name="Reconcile", exact=True).click()
    page.wait_for_url(re.compile(r"/reconciliation/runs/\d+/"))
    expect(page.locator("main")).to_contain_text(re.compile("100.0 %|No exceptions"))


def exported_references(page: Page, folder: Path) -> set[str]:
    """Export who funded what, as the auditor does, and return the references in the file."""
    page.goto("/audit/who-funded-what/")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Export CSV")).click()
    file = folder / "who-funded-what.csv"
    download.value.save_as(file)
    with file.open(newline="") as rows:
        return {row["reference"] for row in csv.DictReader(rows)}


def test_a_lost_answer_ends_completed_with_one_order_at_the_partner(sign_in: SignIn, stack: Stack) -> None:
    maya = sign_in("maya")
    before = people.balance(maya, CLIENT)
    match = {"method": "POST", "path": "/v1/partner/deposits", "client": CLIENT}
    stack.control("POST", "faults", {"match": match, "action": {"kind": "close_after_apply"}})

    reference = people.deposit(maya, client=CLIENT, amount="1010.00")

    people.see_state(maya, reference, "Completed")
    assert len(people.orders_at_partner(stack, reference)) == 1
    assert people.balance(maya, CLIENT) - before == Decimal("1010.00")


def test_insufficient_funds_fail_with_a_clear_sentence(sign_in: SignIn, stack: Stack) -> None:
    maya, omar, lina = sign_in("maya"), sign_in("omar"), sign_in("lina")
    reference = people.ask_for_withdrawal(maya, client=CLIENT, amount="9999999.00")
    for manager in (omar, lina):
        people.approve(manager, reference, "9,999,999.00 USD")
    maya.goto(f"/funding/{reference}/")
    people.see_state(maya, reference, "Failed")
    expect(maya.locator("main")).to_contain_text("available balance")
    assert people.orders_at_partner(stack, reference) == []


def test_the_band_of_two_is_sent_after_the_second_approval_and_not_before(sign_in: SignIn, stack: Stack) -> None:
    maya, omar, lina = sign_in("maya"), sign_in("omar"), sign_in("lina")
    reference = people.ask_for_withdrawal(maya, client=CLIENT, amount="10000.25")
    people.see_state(maya, reference, "Waiting for approval")

    people.approve(omar, reference, "10,000.25 USD")
    maya.reload()
    people.see_state(maya, reference, "Waiting for approval")
    expect(maya.get_by_role("main")).to_contain_text("1 of 2")
    assert people.orders_at_partner(stack, reference) == []

    people.approve(lina, reference, "10,000.25 USD")
    people.see_state(maya, reference, "Completed")
    expect(maya.get_by_role("main")).to_contain_text("Omar Saleh, Lina Aziz")
    assert len(people.orders_at_partner(stack, reference)) == 1


def test_a_deactivated_client_cannot_be_funded(sign_in: SignIn) -> None:
    maya = sign_in("maya")
    people.fill_funding_form(
        maya, "/funding/deposit/", client="user_90210", asset="USD", amount="10.00", reason="Statement line 7"
    )
    maya.get_by_role("button", name="Deposit", exact=True).click()
    expect(maya.get_by_label("Client")).to_have_attribute("aria-invalid", "true")
    expect(maya.locator("main")).to_contain_text("deactivated")
    expect(maya.get_by_label("Reason")).to_have_value("Statement line 7")


def test_a_client_deactivated_meanwhile_is_refused_by_the_partner(sign_in: SignIn, stack: Stack) -> None:
    maya = sign_in("maya")
    stack.control("POST", "clients/user_81450", {"active": False})
    try:
        reference = people.deposit(maya, client="user_81450", amount="11.00")
        people.see_state(maya, reference, "Failed")
        expect(maya.locator("main")).to_contain_text("deactivated")
    finally:
        stack.control("POST", "clients/user_81450", {"active": True})


def test_a_double_click_makes_one_operation(sign_in: SignIn, stack: Stack) -> None:
    maya = sign_in("maya")
    people.fill_funding_form(
        maya, "/funding/deposit/", client=CLIENT, asset="USD", amount="1020.25", reason="Statement line 8"
    )
    maya.get_by_role("button", name="Deposit", exact=True).dblclick()
    reference = people.reference_of(maya)
    people.see_state(maya, reference, "Completed")
    maya.goto("/funding/?q=user_12345")
    expect(maya.get_by_role("row").filter(has_text="1,020.25")).to_have_count(1)


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("1e3", "without an exponent"),
        ("1_000", "underscores"),
        ("١٠٠", "digits 0 to 9"),
        ("1.123456789", "At most 8 digits after the point; this has 9"),
        ("0", "more than zero"),
        ("-5", "minus sign"),
    ],
)
def test_a_bad_amount_gets_a_sentence_and_keeps_what_was_typed(sign_in: SignIn, amount: str, sentence: str) -> None:
    maya = sign_in("maya")
    people.fill_funding_form(
        maya, "/funding/deposit/", client=CLIENT, asset="USD", amount=amount, reason="Statement line 9"
    )
    maya.get_by_role("button", name="Deposit", exact=True).click()
    field = maya.get_by_label("Amount")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value(amount)
    expect(maya.get_by_label("Reason")).to_have_value("Statement line 9")
    expect(maya.locator("#funding-form")).to_contain_text(sentence)


def test_a_partner_that_is_down_breaks_no_page(sign_in: SignIn, stack: Stack) -> None:
    maya = sign_in("maya")
    people.balance(maya, CLIENT)
    stack.control("POST", "faults", {"match": {}, "action": {"kind": "html", "status": 502}, "times": None})
    for address in ("/", f"/clients/{CLIENT}/", "/clients/", "/orders/", "/transactions/", "/funding/deposit/"):
        answer = maya.goto(address)
        assert answer is not None and answer.status == 200, address
    maya.goto(f"/clients/{CLIENT}/")
    expect(maya.locator("#balances")).to_contain_text("These balances are not fresh.")
    expect(maya.get_by_role("rowheader", name=re.compile("^USD"))).to_be_visible()
