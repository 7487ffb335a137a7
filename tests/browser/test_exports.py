"""Exports in a real browser: a changed digit is found in its row, and a scheduled file arrives by itself."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import SOON
from tests.browser.stack import Stack

EDITED_ROW = 17


def exported(page: Page, folder: Path) -> Path:
    """Export what was deposited as the list's button does: every row of it is in the sum."""
    page.goto("/orders/?kind=deposit&status=completed")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Export CSV")).click()
    download.value.save_as(folder / download.value.suggested_filename)
    return folder / download.value.suggested_filename


def verify(page: Page, file: Path) -> None:
    page.goto("/exports/verify/")
    page.get_by_label("CSV file or Excel workbook").set_input_files(file)
    page.get_by_role("button", name="Verify").click()


def with_another_digit(file: Path) -> Path:
    """A copy with the first digit of one order's amount changed, in every column that has it."""
    lines = file.read_bytes().split(b"\n")
    amount = re.search(rb",([0-9]+\.[0-9]+),", lines[EDITED_ROW])
    assert amount is not None
    digit = b"8" if amount[1][:1] != b"8" else b"3"
    lines[EDITED_ROW] = lines[EDITED_ROW].replace(amount[1], digit + amount[1][1:])
    file.with_name("statement.csv").write_bytes(b"\n".join(lines))
    return file.with_name("statement.csv")


def test_a_changed_digit_is_found_in_its_row(sign_in: SignIn, tmp_path: Path) -> None:
    vera = sign_in("vera")
    file = exported(vera, tmp_path)
    verify(vera, file)
    expect(vera.locator("main")).to_contain_text("This file is untouched")
    verify(vera, with_another_digit(file))
    found = vera.get_by_role("region", name="What was found")
    expect(found).to_contain_text("This file was issued here and changed afterwards.")
    expect(found).to_contain_text(f"Row {EDITED_ROW} differs.")
    expect(found).to_contain_text(re.compile("sum is [0-9,.]+ too (high|low)"))


def test_a_scheduled_export_arrives_by_itself(sign_in: SignIn, stack: Stack) -> None:
    vera = sign_in("vera")
    vera.goto("/exports/audit/?event=export.made")
    vera.get_by_role("link", name="Every day or month").click()
    vera.get_by_role("button", name="Schedule the export").click()
    expect(vera.locator("#schedule-files .badge")).to_have_text("Delivered", timeout=3 * SOON)  # without a reload
    letters = [mail.read_text() for mail in stack.mails() if "your scheduled export is ready" in mail.read_text()]
    assert len(letters) == 1 and "/exports/files/" in letters[0]
    vera.get_by_role("button", name="End").click()
    expect(vera.locator("h1 ~ .badge")).to_have_text("Ended")
