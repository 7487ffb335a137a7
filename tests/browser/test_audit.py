"""The log in a real browser: Vera verifies it here and elsewhere; what was edited behind our back is named."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import SOON
from tests.browser.stack import ROOT, Stack
from tests.exports.bundles.offline import run

EDIT = "UPDATE audit_entry SET after = jsonb_set(after, '{amount}', to_jsonb(%s::text)) WHERE number = %s"


def verified(page: Page) -> str:
    """Have a worker verify the log, and wait for its sentence without loading the page again."""
    page.goto("/audit/verify/")
    page.get_by_role("button", name="Verify").click()
    shown = page.locator("#verification")
    expect(shown.get_by_role("progressbar").or_(shown.get_by_role("button", name="Verify again"))).to_be_visible()
    expect(shown.get_by_role("button", name="Verify again")).to_be_visible(timeout=SOON)
    return shown.inner_text()


def downloaded(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download for checking elsewhere").click()
    download.value.save_as(folder / download.value.suggested_filename)
    return folder / download.value.suggested_filename


def of_the_command(stack: Stack) -> tuple[int, str]:
    """What ``manage.py verify_audit`` says, and how it ends."""
    lines = (stack.directory / "environment").read_text().splitlines()
    said = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE", "TEST_"))}
    command = [sys.executable, "manage.py", "verify_audit"]
    done = subprocess.run(command, cwd=ROOT, env={**kept, **said}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def edited(stack: Stack) -> Iterator[tuple[int, str]]:
    """Change the amount of one entry as the owner of the database, and put it back; gives its number and the amount."""
    address = f"postgres://backoffice_owner@/backoffice?host={stack.directory / 'postgres'}"
    with psycopg.connect(address, autocommit=True) as owner:
        row = owner.execute(
            "SELECT number, after ->> 'amount' FROM audit_entry WHERE after ? 'amount' ORDER BY number LIMIT 1"
        ).fetchone()
        assert row is not None
        tamper(owner, "0.01", row[0])
        try:
            yield row
        finally:
            tamper(owner, row[1], row[0])


def tamper(owner: psycopg.Connection, amount: str, number: int) -> None:
    """Switch the triggers off, change an amount, switch them on again: what the product cannot see while it runs."""
    found = owner.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND NOT tgisinternal"
    ).fetchall()
    with owner.transaction():
        for (trigger,) in found:
            owner.execute(f"ALTER TABLE audit_entry DISABLE TRIGGER {trigger}".encode())
        owner.execute(EDIT, [amount, number])
        for (trigger,) in found:
            owner.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER {trigger}".encode())


def test_vera_verifies_the_log_here_and_elsewhere(sign_in: SignIn, tmp_path: Path) -> None:
    vera = sign_in("vera")
    assert "Intact from entry 1 to entry" in verified(vera)
    code, said = run(downloaded(vera, tmp_path))
    assert (code, said.startswith("Intact from entry 1 to entry")) == (0, True), said


def test_an_entry_edited_behind_the_products_back_is_named_by_page_command_and_verifier(
    sign_in: SignIn, stack: Stack, tmp_path: Path
) -> None:
    vera = sign_in("vera")
    with edited(stack) as (number, amount):
        sentence = f"Entry {number:,} was changed: after.amount was “{amount}” and is “0.01” now."
        assert sentence in verified(vera)
        for code, said in (of_the_command(stack), run(downloaded(vera, tmp_path))):
            assert (code, sentence in said) == (1, True), said
    assert "Intact from entry 1 to entry" in verified(vera)
