"""What each role does beside the walk-through: switch a client off and on, reject, export, work by keyboard alone."""

import csv
import re
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack


def test_a_manager_deactivates_and_activates_a_client_with_a_reason(sign_in: SignIn, stack: Stack) -> None:
    omar = sign_in("omar")
    for name, active in (("Deactivate", False), ("Activate", True)):
        omar.goto("/clients/user_40022/")
        omar.get_by_role("link", name=name, exact=True).click()
        omar.get_by_label("Reason").fill("Documents under review, ticket 311")
        omar.get_by_role("button", name=f"{name} client").click()
        expect(omar.locator("main")).to_contain_text("Documents under review, ticket 311")
        expect(omar.locator("h1 ~ .badge", has_text="Active")).to_have_count(1 if active else 0)


def test_a_rejection_says_why_and_nothing_leaves(sign_in: SignIn, stack: Stack) -> None:
    maya, lina = sign_in("maya"), sign_in("lina", viewport={"width": 390, "height": 844})
    reference = people.ask_for_withdrawal(maya, client="user_31190", amount="12.34")
    lina.goto(f"/approvals/{reference}/")
    lina.get_by_role("button", name="Reject", exact=True).click()
    lina.get_by_label("Kind of reason").select_option("wrong_amount")
    lina.get_by_label("Reason", exact=True).fill("The client asked for 12.43.")
    lina.get_by_role("button", name="Reject 12.34 USD").click()
    people.see_state(maya, reference, "Rejected")
    expect(maya.locator("main")).to_contain_text("The client asked for 12.43.")
    assert people.orders_at_partner(stack, reference) == []


def test_a_person_who_may_not_is_told_who_can(sign_in: SignIn) -> None:
    for name, address in (("omar", "/funding/deposit/"), ("vera", "/funding/withdraw/"), ("adam", "/clients/")):
        page = sign_in(name)
        answer = page.goto(address)
        assert answer is not None and answer.status == 403
        expect(page.locator("main")).to_contain_text(re.compile(r"Only .+ can do this\."))


def test_a_filtered_list_and_its_file_hold_the_same_rows(sign_in: SignIn, tmp_path: Path) -> None:
    vera = sign_in("vera")
    vera.goto("/orders/?status=failed")
    shown = vera.locator("table tbody th").all_inner_texts()
    with vera.expect_download() as download:
        vera.get_by_role("button", name=re.compile("Export CSV")).click()
    download.value.save_as(tmp_path / "orders.csv")
    with (tmp_path / "orders.csv").open(newline="") as rows:
        assert [row["order_id"] for row in csv.DictReader(rows)] == shown != []
    vera.goto("/exports/")
    expect(vera.locator("main")).to_contain_text("status=failed")


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this label or name has the focus."""
    wanted = page.get_by_label(label, exact=True).or_(page.get_by_role("button", name=label, exact=True)).first
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {label}")


def test_a_deposit_by_keyboard_alone(sign_in: SignIn) -> None:
    maya = sign_in("maya")
    maya.goto("/funding/deposit/")
    for label, typed in (("Client", "user_60318"), ("Asset", "BHD"), ("Amount", "7.125"), ("Reason", "Slip 77")):
        tab_to(maya, label)
        maya.keyboard.type(typed)
    tab_to(maya, "Deposit")
    maya.keyboard.press("Enter")
    people.see_state(maya, people.reference_of(maya), "Completed")
    expect(maya.locator("h1")).to_contain_text("7.125 BHD")


def test_the_main_job_works_without_a_script(sign_in: SignIn) -> None:
    maya = sign_in("maya", java_script_enabled=False)
    reference = people.ask_for_withdrawal(maya, client="user_31190", amount="15.00")
    omar = sign_in("omar", java_script_enabled=False)
    people.approve(omar, reference, "15.00 USD")
    expect(omar.locator("main")).to_contain_text("15.00 USD")
    give_up_at = time.monotonic() + people.SOON / 1000
    while time.monotonic() < give_up_at:
        maya.reload()
        if maya.get_by_text("Completed", exact=True).count():
            return
        maya.wait_for_timeout(500)
    raise AssertionError("The withdrawal never completed.")
