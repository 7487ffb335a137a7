"""A backup is put back while the partner has moved on: nothing is paid twice, what is missing is found."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import people
from tests.browser.conftest import folder
from tests.browser.stack import ROOT, running

CLIENT = "user_12345"
#: What waits for one manager in a new demo.
WAITING = "1,875.000 BHD"


@pytest.mark.xdist_group("restore")
def test_a_restored_backup_pays_nothing_twice(chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINMENA_QUARANTINE_SECONDS", "5")  # the sandbox takes nothing late: five minutes less to wait
    with folder() as place:
        walk_through(chromium, place / "demo", place / "backup")


def walk_through(chromium: Browser, demo: Path, backup: Path) -> None:
    with running(demo):
        pass
    copy(demo / "postgres", backup)
    with running(demo) as stack:
        enter = entering(chromium, stack.url)
        withdrawal = approve_what_waits(enter("omar"))
        deposit = people.deposit(enter("maya"), client=CLIENT, amount="1050.55")
        people.see_state(enter("maya", f"/funding/{deposit}/"), deposit, "Completed")
        people.see_state(enter("maya", f"/funding/{withdrawal}/"), withdrawal, "Completed")

    shutil.rmtree(demo / "postgres")
    copy(backup, demo / "postgres")
    assert deposit in after_restore(demo)

    with running(demo) as stack:
        enter = entering(chromium, stack.url)
        omar, lina = enter("omar"), enter("lina")
        assert approve_what_waits(omar) == withdrawal
        omar.goto(f"/funding/{withdrawal}/")
        expect(omar.get_by_role("main")).to_contain_text(re.compile("restore|backup", re.IGNORECASE))
        people.see_state(omar, withdrawal, "Approved")
        release(enter("maya", "/freeze/"), lina)
        people.see_state(omar, withdrawal, "Completed")
        assert len(people.orders_at_partner(stack, withdrawal)) == 1
        assert len(people.orders_at_partner(stack, deposit)) == 1
        maya = enter("maya", f"/orders/?q={deposit}")
        expect(maya.get_by_role("row").filter(has_text=deposit)).to_contain_text("1,050.55")


def copy(there: Path, here: Path) -> None:
    """Copy the files of a stopped server with their owner and modes."""
    subprocess.run(["cp", "-a", there, here], check=True)


def entering(chromium: Browser, url: str) -> Callable[..., Page]:
    """Return a function that signs somebody in and opens a page."""

    def enter(name: str, path: str = "/") -> Page:
        page = chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(people.SOON)
        people.sign_in(page, name)
        page.goto(path)
        return page

    return enter


def approve_what_waits(page: Page) -> str:
    """Approve the withdrawal that waits in a new demo and return its reference."""
    page.goto("/approvals/")
    page.get_by_role("row").filter(has_text=WAITING.removesuffix(" BHD")).get_by_role("link").first.click()
    page.get_by_role("button", name=f"Approve {WAITING}").last.wait_for()
    people.decide(page, re.compile(f"^Approve {re.escape(WAITING)}"))
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def after_restore(demo: Path) -> str:
    """Run the command as an operator does, before any worker, and return what it told."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.after_restore"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE", "TEST_"))}
        | {"DEMO_DIRECTORY": str(demo)},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def release(maya: Page, lina: Page) -> None:
    """Ask for the release of the restore's lock, and have a manager approve it."""
    maya.get_by_role("link", name=re.compile("release")).first.click()
    maya.get_by_label("Reason").fill("All orders since the backup are read and reconciled.")
    people.type_code(maya)
    maya.get_by_role("button", name="Ask for release").click()
    maya.wait_for_url(re.compile(r"/approvals/freeze-"))
    lina.goto(maya.url)
    people.decide(lina, re.compile("^Release"))
