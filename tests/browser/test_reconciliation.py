"""A day that does not add up in any way, worked down, signed by two, changed afterwards, reopened, and proven."""

import re
import time
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from backoffice.reconciliation.exceptions.severity import company_zone
from tests.browser import people
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack

ZONE: Final = company_zone()
#: The day of the demo's story that this is about, and its address; known once the demo is there.
YESTERDAY = date.min
DAY = ""
EVERY_KIND: Final = (
    "Duplicate reference",
    "Extra at partner",
    "Missing at partner",
    "Type differs",
    "Asset differs",
    "Client differs",
    "Amount differs",
    "Status differs",
)
TO_RAISE: Final = ("Duplicate reference", "Type differs", "Asset differs", "Client differs")
STUCK: Final = "Not final for too long"
TICKET: Final = "CM-20418"
#: A deposit of yesterday that matched, by its amount in the demo's story.
MATCHED_AMOUNT: Final = "1250.00"
CORRECTED_AMOUNT: Final = "1249.00"


@pytest.fixture(autouse=True)
def yesterday_of_the_story(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo tells its story from the day when it was started, which may have ended meanwhile."""
    yesterday = stack.started.astimezone(ZONE).date() - timedelta(days=1)
    monkeypatch.setitem(globals(), "YESTERDAY", yesterday)
    monkeypatch.setitem(globals(), "DAY", f"/reconciliation/days/{yesterday}/")


def test_a_day_that_does_not_add_up_is_signed_and_a_later_change_is_seen(
    sign_in: SignIn, stack: Stack, tmp_path: Path
) -> None:
    maya, omar, lina, vera = (sign_in(name) for name in ("maya", "omar", "lina", "vera"))
    see_every_kind(maya)
    work_down(maya, lina, stack)
    reconcile_again(maya)
    prepare(maya)
    review_and_close(omar)
    change_after_the_end(stack, maya)
    see_drift(maya)
    download_the_evidence(vera, tmp_path)
    reopen(maya, omar, lina)


def see_every_kind(maya: Page) -> None:
    """Everything that can differ stands on the day, and what is too early is counted apart."""
    maya.goto("/reconciliation/")
    maya.get_by_role("link", name=f"{YESTERDAY:%A} {YESTERDAY.day} {YESTERDAY:%B}").click()
    maya.wait_for_url(f"**{DAY}")
    groups = maya.locator("#exceptions tr.group")
    for kind in EVERY_KIND:
        expect(groups.filter(has_text=kind)).to_have_count(1)
    expect(maya.get_by_role("link", name="Too early 1")).to_be_visible()
    expect(maya.locator(".stepper")).to_contain_text("exceptions to resolve or carry forward")
    rows_of(maya, "Amount differs").first.click()
    expect(maya.locator("#exceptions .sentence")).to_contain_text("Would match if")


def rows_of(page: Page, kind: str) -> Locator:
    """The links to the exceptions of one verdict on the page of the day."""
    group = page.locator("#exceptions tbody").filter(has=page.locator("tr.group").filter(has_text=kind))
    return group.locator("th a.lead")


def work_down(maya: Page, lina: Page, stack: Stack) -> None:
    """Settle each in the way that fits it: read again, carried, raised together, ended by two people."""
    set_right_at_partner(stack, maya)
    settle(maya, "Status differs", "Read again")
    expect(maya.locator("body")).to_contain_text("both sides agree now, so it is cleared")
    settle(maya, "Missing at partner", "Carry forward", Why="The money is on the bank's statement. Expected tomorrow.")
    expect(maya.locator("header.head .badge")).to_have_text("Carried forward")
    raise_together(maya)
    settle(maya, "Amount differs", "Accept as the partner's correction", Why="CoinMENA took its fee off. Letter 12.")
    agree(lina, request_of(maya))
    settle(maya, "Extra at partner", "Made elsewhere", Why="Keyed in by the branch, slip 77.")
    agree(lina, request_of(maya))
    carry_what_bitnob_left(maya)
    maya.goto(f"{DAY}?show=open")
    expect(maya.locator("#exceptions")).to_contain_text("No exceptions in this state.")
    expect(maya.locator(".stepper")).to_contain_text("Nothing of it is open")


def carry_what_bitnob_left(maya: Page) -> None:
    """A transaction of Bitnob's that has been pending since a day and a half: of this day in the afternoon only."""
    maya.goto(DAY)
    if rows_of(maya, STUCK).count():
        settle(maya, STUCK, "Carry forward", Why="Bitnob is looking into it.")


def set_right_at_partner(stack: Stack, maya: Page) -> None:
    """CoinMENA sees its own mistake: the withdrawal had completed."""
    reference = reference_of(maya, "Status differs")
    (order,) = people.orders_at_partner(stack, reference)
    stack.control("POST", f"orders/{order['id']}", {"status": "completed"})


def reference_of(page: Page, kind: str) -> str:
    page.goto(DAY)
    shown = page.locator("#exceptions tbody").filter(has=page.locator("tr.group").filter(has_text=kind))
    found = re.search(r"(dep|wd)-\d{4}-\w+", shown.first.inner_text())
    assert found, kind
    return found[0]


def settle(maya: Page, kind: str, way: str, **words: str) -> None:
    """Open the first exception of a kind and end it in one way, with words where they are asked for."""
    maya.goto(DAY)
    rows_of(maya, kind).first.click()
    maya.locator("#exceptions tr.open-row").get_by_role(
        "link", name=re.compile("^(Resolve|Open the exception)$")
    ).click()
    maya.wait_for_url(re.compile(r"/exceptions/\d+/"))
    maya.get_by_role("link", name=way, exact=True).click()
    for label, text in words.items():
        maya.get_by_label(label).fill(text)
    maya.locator("#do-it").click()
    maya.wait_for_url(re.compile(r"/exceptions/\d+/"))


def raise_together(maya: Page) -> None:
    """Raise all that CoinMENA has to explain under one ticket, with a result for each row."""
    maya.goto(DAY)
    maya.get_by_role("link", name="Resolve a group").click()
    chosen = 0
    for kind in TO_RAISE:
        rows = maya.locator("tbody tr").filter(has_text=kind).filter(has=maya.get_by_role("checkbox"))
        expect(rows.first).to_be_visible()
        for row in rows.all():
            row.get_by_role("checkbox").check()
            chosen += 1
    maya.get_by_label("With the chosen rows").select_option(label="Raise with the partner")
    maya.get_by_role("button", name="Go on").click()
    maya.get_by_label("The partner's ticket").fill(TICKET)
    maya.get_by_label("What was said to the partner").fill("Sent the list of references and asked for a correction.")
    maya.locator("#do-it").click()
    expect(maya.get_by_role("heading", level=1)).to_have_text(f"{chosen} of {chosen} done")


def request_of(maya: Page) -> str:
    """The request that an exception waits for, by its key."""
    return maya.get_by_role("link", name="See the request").get_attribute("href") or ""


def agree(manager: Page, request: str) -> None:
    manager.goto(request)
    expect(manager.locator("main")).to_contain_text("Maya Haddad")
    people.decide(manager, re.compile(r"\w"))


def reconcile_again(maya: Page) -> None:
    """Compare the day once more, and come back to it."""
    maya.goto(DAY)
    maya.get_by_role("button", name="Reconcile again").click()
    maya.wait_for_url(re.compile(r"/reconciliation/runs/\d+/$"), timeout=people.SOON)
    expect(maya.locator("main")).to_contain_text("omplete")


def prepare(maya: Page) -> None:
    maya.goto(DAY)
    maya.get_by_role("link", name="Prepare the day").click()
    maya.get_by_label("Note").fill("Everything CoinMENA has to explain is raised under one ticket.")
    maya.get_by_role("button", name=re.compile("^Prepare ")).click()
    expect(maya.locator("body")).to_contain_text("It waits for a manager's review.")
    expect(maya.locator("main")).to_contain_text("Only managers can do this.")


def review_and_close(omar: Page) -> None:
    """Omar reads, signs the review with a code, and closes with another."""
    omar.goto(DAY)
    for step, title in (
        ("Sign the review", "Review signed."),
        ("Close the day", "This is the report that was signed."),
    ):
        omar.goto(DAY)
        omar.get_by_role("link", name=step).click()
        people.type_code(omar)
        omar.locator("form.decide").first.get_by_role("button", name=re.compile("^(Sign|Close)")).click()
        expect(omar.locator("body")).to_contain_text(title)
    expect(omar.locator("main")).to_contain_text(TICKET)


def change_after_the_end(stack: Stack, maya: Page) -> None:
    """CoinMENA corrects an order of the closed day, which had matched."""
    booked = stack.control("GET", "ledger?client=user_12345")["orders"]
    (order,) = [one for one in booked if one["debit"] == MATCHED_AMOUNT and company_day(one["created_at"]) == YESTERDAY]
    stack.control("POST", f"orders/{order['id']}", {"amount": CORRECTED_AMOUNT})


def company_day(written: str) -> date:
    return datetime.fromisoformat(written).astimezone(ZONE).date()


def see_drift(maya: Page) -> None:
    """Have the closed day checked at once, and see what is not as it was signed."""
    maya.goto(DAY)
    expect(maya.locator("#drift")).to_have_count(0)
    maya.get_by_role("button", name="Check now").click()
    give_up_at = time.monotonic() + people.SOON / 1000
    while time.monotonic() < give_up_at:
        if maya.locator("#drift").count():
            break
        maya.wait_for_timeout(500)
        maya.reload()
    expect(maya.locator("#drift")).to_contain_text("amount differs")
    expect(maya.locator("#drift")).to_contain_text("1249.00")


def download_the_evidence(vera: Page, folder: Path) -> None:
    """The auditor takes the closed day along as one file, and finds what was signed in it."""
    vera.goto(DAY)
    with vera.expect_download() as download:
        vera.get_by_role("button", name=re.compile("[Ee]vidence")).click()
    file = folder / "pack.zip"
    download.value.save_as(file)
    with zipfile.ZipFile(file) as pack:
        assert pack.testzip() is None
        text = " ".join(pack.read(name).decode(errors="replace") for name in pack.namelist())
    assert all(said in text for said in ("Maya Haddad", "Omar Saleh", TICKET, "Letter 12."))


def reopen(maya: Page, omar: Page, lina: Page) -> None:
    """Maya asks, and a manager other than the one who closed it agrees; what was signed stays."""
    maya.goto(DAY)
    maya.get_by_role("link", name="Ask to reopen").click()
    maya.get_by_label("Reason").fill("CoinMENA corrected an order after the day was closed.")
    people.type_code(maya)
    maya.get_by_role("button", name=re.compile("^Ask to reopen")).click()
    maya.wait_for_url(re.compile("/approvals/day-"))
    omar.goto(maya.url)
    expect(omar.get_by_role("button", name="Reopen")).to_be_disabled()
    agree(lina, maya.url)
    maya.goto(DAY)
    expect(maya.locator("header.head .badge").first).to_have_text("Reopened")
    expect(maya.get_by_role("link", name="Prepare the day")).to_be_visible()
    expect(maya.locator("main")).to_contain_text("Closing 1")


LEDGER: Final = """Our reference,Client,Movement,Ccy,Amount,Booked at,Status
dep-2026-good0001,user_12345,deposit,USD,100.00,2026-11-18T09:00:00Z,posted
dep-2026-good0002,user_12345,deposit,USD,12.x0,2026-11-18T09:01:00Z,posted
dep-2026-good0003,nobody_here,deposit,USD,10.00,2026-11-18T09:02:00Z,posted
dep-2026-good0004,user_12345,deposit,XYZ,10.00,2026-11-18T09:03:00Z,posted
dep-2026-good0005,user_12345,deposit,USD,10.00,yesterday,posted
dep-2026-good0001,user_12345,deposit,USD,10.00,2026-11-18T09:05:00Z,posted
"""


def test_a_ledger_file_with_mistakes_gets_a_sentence_for_each_row(sign_in: SignIn) -> None:
    maya = sign_in("maya")
    maya.goto("/reconciliation/ledgers/new/")
    maya.get_by_label("Name of the ledger").fill("Branch book")
    choose(maya, LEDGER)
    maya.get_by_role("button", name="Map its columns").click()
    expect(maya.get_by_role("heading", level=1)).to_have_text(re.compile("Columns of"))
    maya.get_by_role("button", name="Remember and check the file").click()
    faults = maya.get_by_role("table", name="Cells to correct")
    for line in (3, 4, 5, 6, 7):
        expect(faults.get_by_role("row").filter(has_text=f"Line {line}")).to_have_count(1)
    choose(maya, "\n".join(LEDGER.splitlines()[:2]))
    maya.get_by_role("button", name="Upload and check").click()
    maya.get_by_role("button", name=re.compile("^Accept")).click()
    expect(maya.locator("main")).to_contain_text("Accepted")


def choose(page: Page, text: str) -> None:
    """Choose a file with this text."""
    file: FilePayload = {"name": "branch.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("File").set_input_files(file)
