"""What a pack holds for each kind, that it can be checked, who gets it, and what of it is written down."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.funding.models import Operation
from backoffice.reconciliation.days import drift
from backoffice.reconciliation.models import Day, DayReport, ExceptionItem
from backoffice.reconciliation.packs import about_day, chain, readable
from backoffice.reconciliation.packs.bundle import MANIFEST
from backoffice.reconciliation.packs.chain import Segment, stretches_of
from backoffice.reconciliation.services import exceptions, packs
from tests.reconciliation.days import cast
from tests.reconciliation.packs import world
from tests.reconciliation.packs.conftest import BrowserOf
from tests.reconciliation.packs.world import bytes_of, files_in, unzipped

pytestmark = pytest.mark.usefixtures("db")

OPERATION = "/reconciliation/packs/operations/dep-odd/"
IN_REVIEW = "/reconciliation/packs/operations/dep-review/"
DAY = f"/reconciliation/days/{cast.DATE}/reports/1/pack/"
KINDS = ["operation", "exception", "day"]
ALWAYS = {
    *("README.txt", "index.html", "style.css", "HOW-TO-CHECK.txt", MANIFEST, "chain.jsonl", "audit.csv", "facts.csv"),
    *("approvals.csv", "decisions.csv", "exceptions.csv", "history.csv", "verdicts.csv", "tests.csv"),
}
STORY = {"timeline.csv", "closings.csv", "attachments.csv", "late-orders.csv"}


def exception_address(item: ExceptionItem) -> str:
    return f"/reconciliation/packs/exceptions/{item.pk}/"


def address_of(kind: str, item: ExceptionItem) -> str:
    return {"operation": OPERATION, "exception": exception_address(item), "day": DAY}[kind]


def packed(browser: Browser, address: str) -> dict[str, bytes]:
    return files_in(browser.post(address))


def rows_of(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode(), newline="")))


def exchanged(reference: str, *names: str) -> set[str]:
    return {f"exchanges/{reference}/{name}.txt" for name in names}


# Contents -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("operation", STORY | exchanged("dep-odd", "attempt-01", "look-up-001")),
        ("exception", STORY | exchanged("dep-odd", "attempt-01", "look-up-001") | {"other-tests.csv"}),
        (
            "day",
            exchanged("dep-odd", "attempt-01", "look-up-001")
            | {"other-tests.csv", "signatures.csv", "drift.csv", "runs.csv", "report.json", "report.csv"},
        ),
    ],
)
def test_what_a_pack_holds(
    browser_of: BrowserOf, closed_day: DayReport, odd: ExceptionItem, vera: Person, kind: str, files: set[str]
) -> None:
    address = address_of(kind, odd)
    found = set(packed(browser_of(vera), address))
    orders = {name for name in found if re.search(r"/(order|check)-[0-9]+\.txt$", name)}
    assert found - orders == ALWAYS | files
    assert any("/check-" in name for name in orders)
    assert all(name.startswith("exchanges/") for name in orders)


def test_an_operation_tells_its_story_and_who_agreed(browser_of: BrowserOf, odd: ExceptionItem, vera: Person) -> None:
    files = packed(browser_of(vera), OPERATION)
    assert "Asked" in [row["what"] for row in rows_of(files, "timeline")]
    (asked,) = rows_of(files, "approvals")
    assert (asked["asked_by"], asked["rule"], asked["people_needed"], asked["state"]) == (
        *("Maya", "Every withdrawal", "1"),
        "approved",
    )
    (decision,) = rows_of(files, "decisions")
    assert (decision["by"], decision["for"], decision["verdict"], decision["factor"]) == (
        "Omar",
        "",
        "approved",
        "code",
    )
    assert decision["at"].endswith("Z")


def test_verdicts_come_with_their_tests(browser_of: BrowserOf, odd: ExceptionItem, vera: Person) -> None:
    files = packed(browser_of(vera), exception_address(odd))
    (verdict,) = rows_of(files, "verdicts")
    assert (verdict["verdict"], verdict["our_amount"], verdict["their_amount"]) == (
        "amount_differs",
        "500.00",
        "499.50",
    )
    assert "499.50" in verdict["sentence"]
    failed = [row for row in rows_of(files, "tests") if row["result"] == "failed"]
    assert [(row["expected"], row["actual"]) for row in failed] == [("500.00", "499.50")]
    (exception,) = rows_of(files, "exceptions")
    assert exception["difference"] == "-0.50"


def test_an_operation_that_matched_has_its_verdict(browser_of: BrowserOf, odd: ExceptionItem, vera: Person) -> None:
    files = packed(browser_of(vera), "/reconciliation/packs/operations/dep-1/")
    assert [row["verdict"] for row in rows_of(files, "verdicts")] == ["matched"]
    assert rows_of(files, "exceptions") == []


def test_notes_are_there_and_run_nothing(browser_of: BrowserOf, odd: ExceptionItem, vera: Person) -> None:
    files = packed(browser_of(vera), exception_address(odd))
    assert f"'{world.NOTE}" in [row["text"] for row in rows_of(files, "history")]
    for name in files:
        if name.endswith(".csv") and name != "report.csv":
            cells = [cell for row in csv.reader(io.StringIO(files[name].decode(), newline="")) for cell in row]
            bad = [cell for cell in cells if re.match(r"[=+@\t\r\n-]", cell) and not re.fullmatch(r"-[0-9.]+", cell)]
            assert bad == [], name


def test_a_day_has_what_was_signed_and_what_changed_since(
    browser_of: BrowserOf, closed_day: DayReport, vera: Person
) -> None:
    world.another_order()
    assert drift.check(Day.objects.get(pk=cast.DATE))
    files = packed(browser_of(vera), DAY)
    assert hashlib.sha256(files["report.json"]).hexdigest() == closed_day.digest
    assert files["report.csv"].startswith(b"section,")
    (changed,) = rows_of(files, "drift")
    assert (changed["kind"], changed["signed"]) == ("appeared", "")
    assert json.loads(changed["now"])["their_amount"] == "12.00"
    assert [row["by"] for row in rows_of(files, "signatures")] == ["Maya Haddad", "Omar Saleh", "Omar Saleh"]
    assert {row["verdict"] for row in rows_of(files, "verdicts")} == {"matched", "amount_differs"}


def test_a_long_day_leaves_out_what_matches_and_says_so(
    browser_of: BrowserOf, closed_day: DayReport, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(about_day, "MOST_MATCHED", 0)
    files = packed(browser_of(vera), DAY)
    assert {row["verdict"] for row in rows_of(files, "verdicts")} == {"amount_differs"}
    assert b"rows that match are not in verdicts.csv" in files["README.txt"]


def test_attached_files_are_untouched_and_their_reading_is_told(
    browser_of: BrowserOf, in_review: Operation, vera: Person
) -> None:
    files = packed(browser_of(vera), IN_REVIEW)
    (name,) = [name for name in files if name.startswith("attachments/")]
    assert files[name] == world.LETTER
    (row,) = rows_of(files, "attachments")
    assert row["sha256"] == hashlib.sha256(files[name]).hexdigest()
    read = Entry.objects.get(event="evidence.read")
    assert (read.person, read.object_id) == (vera, "dep-review")


HOSTILE_NAMES = ["../../etc/passwd", "/etc/shadow", ".hidden", "=cmd|' /C calc'!A0", "…", "a\\b\r\nc", "x" * 190]


def test_no_name_leads_out_of_the_folder(browser_of: BrowserOf, maya: Person, vera: Person) -> None:
    operation = world.in_review(maya)
    for name in HOSTILE_NAMES:
        world.closing_of(operation, maya, name)
    paths = list(packed(browser_of(vera), IN_REVIEW))
    assert sum(path.startswith("attachments/") for path in paths) == len(HOSTILE_NAMES) + 1
    for path in paths:
        assert re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*", path)
        assert ".." not in path.split("/")


def test_the_page_is_readable_without_scripts(browser_of: BrowserOf, odd: ExceptionItem, maya: Person) -> None:
    exceptions.note([odd.pk], text="<script>alert(1)</script>", by=maya)
    files = packed(browser_of(maya), exception_address(odd))
    page = files["index.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "amount_differs" in page
    assert set(re.findall(r'href="([^"#]+)"', page)) <= set(files)


# Checking -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_manifest_has_every_file(
    browser_of: BrowserOf, closed_day: DayReport, odd: ExceptionItem, omar: Person, kind: str
) -> None:
    address = address_of(kind, odd)
    files = packed(browser_of(omar), address)
    lines = [line.split("  ", 1) for line in files[MANIFEST].decode().splitlines()]
    assert {name: digest for digest, name in lines} == {
        name: hashlib.sha256(files[name]).hexdigest() for name in files if name != MANIFEST
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_chain_checks_by_the_words_in_the_pack(
    request: pytest.FixtureRequest, browser_of: BrowserOf, closed_day: DayReport, odd: ExceptionItem,
    tmp_path: Path, kind: str,
) -> None:  # fmt: skip
    for who in ("maya", "vera"):
        files = packed(browser_of(request.getfixturevalue(who)), address_of(kind, odd))
        assert readable.CHECK in files["HOW-TO-CHECK.txt"].decode()
        assert run_check(tmp_path, files["chain.jsonl"]) == "whole\n"


def run_check(folder: Path, lines: bytes) -> str:
    """Do what the pack says, as somebody who has only the pack."""
    (folder / "chain.jsonl").write_bytes(lines)
    command = [sys.executable, "-I", "-c", readable.CHECK]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout  # noqa: S603


def test_a_changed_chain_does_not_check(
    browser_of: BrowserOf, closed_day: DayReport, vera: Person, tmp_path: Path
) -> None:
    lines = packed(browser_of(vera), DAY)["chain.jsonl"].splitlines(keepends=True)
    assert len(lines) > 2
    for harmed in (changed(lines), taken_out(lines), put_in(lines), renumbered(lines)):
        assert run_check(tmp_path, b"".join(harmed)) == ""


def changed(lines: list[bytes]) -> list[bytes]:
    entry = json.loads(lines[1])
    said = entry["canonical"]
    return [lines[0], written({**entry, "canonical": said.replace('"result":"done"', '"result":"failed"')}), *lines[2:]]


def taken_out(lines: list[bytes]) -> list[bytes]:
    number = json.loads(lines[1])["number"]
    return [lines[0], written({**json.loads(lines[2]), "number": number}), *lines[3:]]


def put_in(lines: list[bytes]) -> list[bytes]:
    entry = json.loads(lines[1])
    del entry["canonical"]
    return [lines[0], written({**entry, "prev": "f" * 64}), *lines[1:]]


def renumbered(lines: list[bytes]) -> list[bytes]:
    entry = json.loads(lines[1])
    return [lines[0], written({**entry, "number": entry["number"] + 1}), *lines[2:]]


def written(entry: dict[str, object]) -> bytes:
    return json.dumps(entry).encode() + b"\n"


@pytest.mark.parametrize(
    ("kind", "who", "sees_all"),
    [
        ("day", "maya", False),
        ("day", "omar", True),
        ("day", "vera", True),
        ("operation", "omar", False),
        ("operation", "vera", False),
        ("exception", "vera", False),
    ],
)
def test_only_readers_of_the_log_get_the_entries_of_others_and_none_goes_along_with_a_client(
    request: pytest.FixtureRequest,
    browser_of: BrowserOf,
    odd: ExceptionItem,
    closed_day: DayReport,
    kind: str,
    who: str,
    sees_all: bool,
) -> None:
    files = packed(browser_of(request.getfixturevalue(who)), address_of(kind, odd))
    lines = [json.loads(line) for line in files["chain.jsonl"].splitlines()]
    numbers = [one["number"] for one in lines]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    about = {int(row["number"]) for row in rows_of(files, "audit")}
    others = [one for one in lines if one["number"] not in about]
    assert about and others
    assert all(("canonical" in one) is sees_all for one in others)
    assert all("canonical" in one for one in lines if one["number"] in about)
    assert (b"number, prev and hash only" in files["HOW-TO-CHECK.txt"]) is not sees_all


@pytest.mark.parametrize(
    ("numbers", "most", "stretches"),
    [
        ([], 10, []),
        ([1], 10, [range(1, 2)]),
        ([5], 10, [range(4, 6)]),
        ([5, 9], 10, [range(4, 10)]),
        ([5, 100], 10, [range(4, 6), range(99, 101)]),
        ([5, 6, 8, 100], 10, [range(4, 9), range(99, 101)]),
        ([1, 2, 100], 10, [range(1, 3), range(99, 101)]),
    ],
)
def test_a_stretch_too_long_is_cut_around_each(
    monkeypatch: pytest.MonkeyPatch, numbers: list[int], most: int, stretches: list[range]
) -> None:
    monkeypatch.setattr(chain, "MOST", most)
    assert stretches_of(numbers) == stretches
    assert ("Each entry about this pack" in readable.checking(Segment(frozenset(numbers), stretches, True))) is (
        len(stretches) > 1
    )


def test_the_same_evidence_gives_the_same_files(browser_of: BrowserOf, closed_day: DayReport, vera: Person) -> None:
    first, second = (packed(browser_of(vera), DAY) for _time in range(2))
    assert list(first) == list(second)
    # The first pack is itself an entry about the day, and the page says when it was made.
    told = {"audit.csv", "chain.jsonl", "README.txt", "index.html", MANIFEST}
    assert {name for name in first if first[name] != second[name]} <= told


def test_the_page_stands_by_itself(browser_of: BrowserOf, closed_day: DayReport, vera: Person) -> None:
    files = packed(browser_of(vera), DAY)
    used = set(re.findall(r'(?:href|src)="([^"#]+)"', files["index.html"].decode()))
    assert "style.css" in used
    assert used <= set(files)


# People and the log ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_who_gets_a_pack(
    request: pytest.FixtureRequest, browser_of: BrowserOf, closed_day: DayReport, odd: ExceptionItem, kind: str
) -> None:
    address = address_of(kind, odd)
    for who, status in {"maya": 200, "omar": 200, "vera": 200, "adam": 403}.items():
        browser = browser_of(request.getfixturevalue(who))
        assert (who, browser.post(address).status_code) == (who, status)
        assert browser.get(address).status_code == 405
    assert Browser().post(address).status_code == 302


def test_the_services_refuse_an_administrator(closed_day: DayReport, odd: ExceptionItem, adam: Person) -> None:
    with pytest.raises(Refused):
        packs.pack_operation(Operation.objects.get(reference="dep-odd"), by=adam)
    with pytest.raises(Refused):
        packs.pack_exception(odd, by=adam)
    with pytest.raises(Refused):
        packs.pack_day(closed_day, by=adam)


@pytest.mark.parametrize(
    ("kind", "about"),
    [("operation", ("operation", "dep-odd")), ("exception", ("exceptionitem", "")), ("day", ("day", "2026-11-18"))],
)
def test_the_export_is_written_down(
    browser_of: BrowserOf, closed_day: DayReport, odd: ExceptionItem, vera: Person, kind: str, about: tuple[str, str]
) -> None:
    address = address_of(kind, odd)
    answer = browser_of(vera).post(address)
    content = bytes_of(answer)
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person) == ("export.made", vera)
    assert (entry.object_type, entry.object_id) == (about[0], about[1] or str(odd.pk))
    assert entry.after is not None
    assert entry.after["export"] == "evidence-pack"
    assert entry.after["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry.after["bytes"] == len(content)
    assert entry.after["rows"] == len(unzipped(content))
    assert entry.after["file"] in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "address",
    ["/reconciliation/packs/operations/none-such/", "/reconciliation/packs/exceptions/999999999/", DAY],
)
def test_there_is_no_pack_of_what_is_not_there(browser_of: BrowserOf, vera: Person, address: str) -> None:
    assert browser_of(vera).post(address).status_code == 404


def test_a_pack_that_fails_is_neither_given_nor_told(
    browser_of: BrowserOf, odd: ExceptionItem, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_args: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(packs, "measured", fall)
    with pytest.raises(RuntimeError):
        browser_of(vera).post(OPERATION)
    assert not Entry.objects.filter(event="export.made").exists()


def test_the_pages_offer_it(
    browser_of: BrowserOf, closed_day: DayReport, odd: ExceptionItem, in_review: Operation, vera: Person
) -> None:
    pages = {
        "/funding/dep-odd/": OPERATION,
        "/funding/dep-review/": IN_REVIEW,
        f"/reconciliation/days/{cast.DATE}/": DAY,
        f"/reconciliation/days/{cast.DATE}/reports/1/": DAY,
        f"/reconciliation/exceptions/{odd.pk}/": exception_address(odd),
    }
    shown = browser_of(vera)
    for page, address in pages.items():
        assert f'action="{address}"' in shown.get(page).content.decode(), page
