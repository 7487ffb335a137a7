"""What keeps money safe, as people meet it: answers that are lost or late, an end that two people sign, a freeze."""

import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.conftest import SignIn
from tests.browser.stack import Stack

CLIENT = "user_12345"
DEPOSITS = {"method": "POST", "path": "/v1/partner/deposits", "client": CLIENT}
#: Amounts nobody has asked for before, on a stack of any age.
ODD = f"{time.time_ns() // 1_000_000 % 100_000:05d}"
AMOUNTS = tuple(f"10.{ODD}{number:02d}7" for number in range(12))


def break_next_deposit(stack: Stack, **action: object) -> None:
    stack.control("POST", "faults", {"match": DEPOSITS, "action": action})


@pytest.fixture
def slow_partners(stack: Stack) -> Iterator[None]:
    """Give people time to do something while orders are on their way, on a busy machine as well."""
    stack.control("POST", "latency", {"milliseconds": 2_500})
    yield
    stack.control("POST", "latency", {"milliseconds": 0})


def test_an_order_that_lands_late_is_waited_for_and_never_sent_again(sign_in: SignIn, stack: Stack) -> None:
    maya = sign_in("maya")
    break_next_deposit(stack, kind="land_late", seconds=18)  # long enough for a slow page to show it

    reference = people.deposit(maya, client=CLIENT, amount=f"1030.{ODD}")

    people.see_state(maya, reference, "In doubt")
    expect(maya.get_by_role("main")).to_contain_text(re.compile("not found", re.IGNORECASE))
    expect(maya.get_by_role("button", name=re.compile("again|Retry|Copy", re.IGNORECASE))).to_have_count(0)
    maya.get_by_text("Request and answer").click()
    people.see_state(maya, reference, "Completed")
    expect(maya.get_by_text("POST /v1/partner/deposits")).to_be_visible()  # what she was reading is still open
    assert len(people.orders_at_partner(stack, reference)) == 1
    arrivals = stack.control("GET", f"ledger?reference={reference}")["arrivals"]
    assert len(arrivals) == 1


def test_a_review_is_closed_by_two_people_on_evidence(sign_in: SignIn, stack: Stack, tmp_path: Path) -> None:
    maya, omar, vera = sign_in("maya"), sign_in("omar"), sign_in("vera")
    break_next_deposit(stack, kind="order_status", status="pending")
    reference = people.deposit(maya, client=CLIENT, amount=f"1040.{ODD}")
    people.see_state(maya, reference, "In review")

    [order] = people.orders_at_partner(stack, reference)
    stack.control("POST", f"orders/{order['id']}", {"status": "completed"})
    letter = tmp_path / "statement of CoinMENA.txt"
    letter.write_text("We confirm that this order was completed on our side.")
    ask_for_closing(maya, reference, letter)
    expect(maya.get_by_role("main")).to_contain_text("A manager can sign until")

    omar.goto("/approvals/")
    omar.get_by_role("row").filter(has_text=f"1,040.{ODD}").get_by_role("link").first.click()
    expect(omar.get_by_role("main")).to_contain_text("statement of CoinMENA.txt")
    people.decide(omar, "Sign the closing")

    maya.goto(f"/funding/{reference}/")
    people.see_state(maya, reference, "Completed")
    vera.goto(f"/funding/{reference}/")
    with vera.expect_download() as download:
        vera.get_by_role("link", name=re.compile("statement of CoinMENA.txt")).first.click()
    assert download.value.path().read_text() == letter.read_text()


def ask_for_closing(page: Page, reference: str, letter: Path) -> None:
    """Ask a manager to sign that the order CoinMENA shows is ours, completed."""
    page.goto(f"/funding/{reference}/close/")
    page.get_by_label("It was completed").check()
    page.get_by_label("Kind of reason").select_option(label="CoinMENA confirmed it in writing")
    page.get_by_label("What CoinMENA stated").fill("Their desk confirmed order and amount by mail today.")
    page.get_by_label("Evidence").set_input_files(letter)
    people.type_code(page)
    page.get_by_role("button", name="Ask a manager to sign").click()


def test_a_freeze_in_the_middle_of_a_file_holds_the_rest_until_two_others_release_it(
    sign_in: SignIn, stack: Stack, slow_partners: None, tmp_path: Path
) -> None:
    maya, omar, lina = sign_in("maya"), sign_in("omar"), sign_in("lina")
    file = file_of_deposits(tmp_path)
    upload(maya, file)
    agree_to_the_file(lina, file)
    wait_until_some_are_completed(maya)

    freeze_page = freeze_everything(omar)
    held = rows_held(omar, freeze_page, stack)
    assert 0 < held < len(AMOUNTS)
    expect(omar.get_by_text("You froze it. Two other people release it")).to_be_visible()
    sent = len(arrivals_of(stack))
    assert sent == len(AMOUNTS) - held

    stack.control("POST", "latency", {"milliseconds": 0})
    maya.goto(freeze_page)
    maya.get_by_label("Reason").fill("The list was checked against the bank, it is right.")
    people.type_code(maya)
    maya.get_by_role("button", name="Ask for release").click()
    expect(maya).to_have_url(re.compile("/approvals/freeze-"))
    lina.goto(freeze_page)
    lina.get_by_role("link", name="See the request").click()
    people.decide(lina, "Release")

    maya.goto("/funding/bulk/")
    maya.get_by_role("link", name=file.name).first.click()
    done = maya.get_by_role("row").filter(has_text="Completed").filter(has_text=str(len(AMOUNTS)))
    expect(done.first).to_be_visible(timeout=3 * people.SOON)
    assert sorted(arrivals_of(stack)) == sorted(set(arrivals_of(stack)))
    assert len(arrivals_of(stack)) == len(AMOUNTS)
    upload_again(maya, file)


def file_of_deposits(folder: Path) -> Path:
    file = folder / "payments of today.csv"
    rows = [f"deposit,{CLIENT},USD,{amount},Bank statement line {amount}" for amount in AMOUNTS]
    file.write_text("\n".join(["type,client,asset,amount,reason", *rows]))
    return file


def upload(page: Page, file: Path) -> None:
    """Upload the file and confirm it by the control figures."""
    page.goto("/funding/bulk/")
    page.get_by_role("link", name="Upload a file").first.click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_label("Number of rows").fill(str(len(AMOUNTS)))
    page.get_by_label("Total of deposits, USD").fill(total_of_file())
    page.get_by_role("button", name=f"Ask for approval of {len(AMOUNTS)} operations").click()
    expect(page.get_by_role("main")).to_contain_text("Nothing is created before others agree.")


def agree_to_the_file(page: Page, file: Path) -> None:
    """Read what the file comes to and approve it, as a manager."""
    page.goto("/approvals/?lane=for_me")
    page.get_by_role("row").filter(has_text=file.name).get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text(f"{len(AMOUNTS)} operations, for 1 client.")
    people.decide(page, re.compile("^Approve"))


def total_of_file() -> str:
    return str(sum(Decimal(amount) for amount in AMOUNTS))


def upload_again(page: Page, file: Path) -> None:
    """The same file again is recognised; nothing is created a second time."""
    page.goto("/funding/bulk/upload/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", name=file.name)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Create"))).to_have_count(0)


def wait_until_some_are_completed(page: Page) -> None:
    completed = page.get_by_role("row").filter(has_text="Completed")
    expect(completed.first).to_be_visible(timeout=people.SOON)


def freeze_everything(page: Page) -> str:
    """Freeze at once and return the address of the freeze."""
    page.goto("/freeze/")
    page.get_by_role("radio", name="Everything").check()
    page.get_by_label("Reason").fill("The bank called about this list.")
    page.get_by_role("button", name="Freeze at once").click()
    page.wait_for_url(re.compile(r"/freeze/\d+/"))
    return page.url


def rows_held(page: Page, freeze_page: str, stack: Stack) -> int:
    """Wait until what was on its way has landed, and count the rows of the file that are held."""
    give_up_at = time.monotonic() + people.SOON / 1000
    while True:
        page.goto(freeze_page)
        held = page.get_by_role("row").filter(has_text=f"10.{ODD}").filter(has_text="Approved").count()
        if held + len(arrivals_of(stack)) == len(AMOUNTS) or time.monotonic() > give_up_at:
            return held
        page.wait_for_timeout(500)


def arrivals_of(stack: Stack) -> list[str]:
    """List the references under which deposits of the file's amounts are in CoinMENA's books."""
    orders = stack.control("GET", f"ledger?client={CLIENT}")["orders"]
    return [order["partner_order_ref"] for order in orders if order["debit"] in AMOUNTS]
