"""What the offline verifier says of an exported file is what *Verify a file* says of it, sentence by sentence."""

import base64
import importlib.util
import io
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal, localcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.exports.csv import undefuse
from backoffice.exports.models import Format, RowMarks
from backoffice.exports.proving.services import Finding, Verdict
from backoffice.exports.proving.wording import sentences
from backoffice.exports.registry import Export
from backoffice.money import format_amount
from tests.exports.bundles.forged import lines
from tests.exports.bundles.offline import VERIFIER, bundle_in, run
from tests.exports.proving.files import HEADING, ROWS, changed, found, issued, manifest

BOM = b"\xef\xbb\xbf"
Change = Callable[[bytes], bytes]


def loaded() -> ModuleType:
    """The verifier as a module: it is a process elsewhere, and too slow to start a hundred times."""
    spec = importlib.util.spec_from_file_location("verify_backoffice_here", VERIFIER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


OFFLINE = loaded()


def bundle_of_now() -> bytes:
    """What a bundle has of files: every entry, and the marks of their rows."""
    rows = [
        {
            "canonical": one.canonical,
            "hash": one.hash,
            "row": {"number": one.number, "event": one.event, "at": "", "who": one.who},
        }
        for one in Entry.objects.order_by("number")
    ]
    marks = [
        {"entry": number, "marks": base64.b64encode(bytes(part)).decode()}
        for number, part in RowMarks.objects.order_by("entry", "part").values_list("entry", "marks")
    ]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("entries.jsonl", lines(rows))
        archive.writestr("marks.jsonl", lines(marks))
    return content.getvalue()


def answer_elsewhere(content: bytes, name: str, bundle: bytes) -> Any:
    """What the offline verifier says of a file, given a bundle."""
    with tempfile.TemporaryDirectory() as folder:
        path, zipped = Path(folder, name), Path(folder, "bundle.zip")
        path.write_bytes(content)
        zipped.write_bytes(bundle)
        with closing(OFFLINE.Bundle(zipped)) as opened:
            log = OFFLINE.Log()
            for row in opened.lines("entries.jsonl"):
                OFFLINE.take_note(log, row, set())
            return OFFLINE.verdict_of(path, log, opened)


def expected(finding: Finding) -> list[str]:
    """What the page shows: its sentences, and its table of rows and sums, issued and now."""
    said, issued_ = sentences(finding), finding.manifest
    if issued_ is None or finding.verdict is not Verdict.ALTERED or finding.is_by_name:
        return said
    assert finding.rows is not None
    said.append(f"{issued_.rows:,} rows were issued, {finding.rows:,} are here.")
    said.append(f"{issued_.said['bytes']:,} bytes were issued, {finding.file.size:,} are here.")
    with localcontext(prec=120):
        said += [
            f"Sum of balance, {one.asset}: {format_amount(one.issued)} was issued, {format_amount(one.found)} is here."
            for one in finding.sums
        ]
    return said


def assert_same(content: bytes, name: str = "copy.csv") -> None:
    answer, finding = answer_elsewhere(content, name, bundle_of_now()), found(content, name)
    here = expected(finding)
    assert answer.sentences[: len(here)] == here
    assert answer.is_untouched is (finding.verdict is Verdict.UNTOUCHED)
    assert (len(answer.sentences) > len(here)) is (finding.manifest is not None or finding.is_by_name)


def without_quotes(content: bytes) -> bytes:
    return content.replace(b'"', b"").replace(b"two\nlines", b"two lines").replace(b",", b";").replace(b"\n", b"\r\n")


def with_rows(change: Callable[[list[bytes]], list[bytes]]) -> Change:
    return lambda _content: b"".join([HEADING, *change(list(ROWS))])


CHANGES: dict[str, Change] = {
    "nothing": lambda content: content,
    "one digit": lambda _content: changed(1, b"-12500.00", b"-12000.00"),
    "a long sum": lambda _content: changed(3, b"99999999999999999999.999999999999999999", b"0.000000000000000001"),
    "an asset": lambda _content: changed(2, b"A1", b"A2"),
    "no amount": lambda _content: changed(1, b"-12500.00", b"many"),
    "a quote": lambda _content: changed(3, b'"A2"', b'A2"'),
    "line ends": lambda content: content.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda content: BOM + content,
    "the last line feed": lambda content: content[:-1],
    "the heading": lambda content: content.replace(b"client", b"Client", 1),
    "the heading alone": lambda content: content.replace(b"balance", b"amount", 1),
    "an order": with_rows(lambda rows: rows[::-1]),
    "a row less": with_rows(lambda rows: rows[:5] + rows[6:]),
    "rows less": with_rows(lambda rows: rows[:5] + rows[9:]),
    "a row more": with_rows(lambda rows: [*rows, rows[3]]),
    "rows more": with_rows(lambda rows: [*rows[:4], b"x\n", b"y\n", *rows[4:]]),
    "rows for a row": with_rows(lambda rows: [*rows[:2], b"x\n", b"y\n", *rows[3:]]),
    "both ends": with_rows(lambda rows: [b"x\n", *rows[1:-1], b"y\n"]),
    "every other row": with_rows(lambda rows: [b"x\n" if n % 2 else row for n, row in enumerate(rows)]),
    "three rows": with_rows(lambda rows: [b"x\n", *rows[1:5], b"x\n", b"x\n", *rows[7:20], b"z\n"]),
    "no row as it was": without_quotes,
    "no row, and a sum": lambda _content: without_quotes(changed(1, b"-12500.00", b"-12000.00")),
    "another table": lambda _content: b"a,b\n1,2\n",
    "our heading": lambda _content: HEADING,
    "nothing at all": lambda _content: b"",
    "UTF-16": lambda _content: b"\xff\xfea\x00",
    "a workbook": lambda _content: b"PK\x03\x04 another",
}


@pytest.fixture
def file(db: None, offered: Export, vera: Person) -> bytes:
    return issued(offered, vera)


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("is_renamed", [True, False])
def test_an_altered_file_is_told_as_on_the_page(file: bytes, kind: str, is_renamed: bool) -> None:
    name = "copy.csv" if is_renamed else f"Copy of {(manifest().after or {})['file']}"
    assert_same(CHANGES[kind](file), name)


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(pick=st.data())
def test_whatever_bytes_are_changed_are_told_as_on_the_page(file: bytes, pick: st.DataObject) -> None:
    at = pick.draw(st.integers(0, len(file) - 1))
    upto = min(len(file), at + pick.draw(st.integers(0, 90)))
    now = pick.draw(st.sampled_from([b"", b"7", b'"', b",", b"\n", b"\r\n", b"a,b\n", b"\xff", b"'=2\n\n"]))
    assert_same(file[:at] + now + file[upto:])


@pytest.mark.parametrize("as_", [Format.CSV, Format.CSV_BOM])
@pytest.mark.parametrize(
    "wrapped", [lambda c: BOM + c, lambda c: c.removeprefix(BOM), lambda c: c.replace(b"\n", b"\r\n")]
)
def test_a_file_saved_again_is_told_as_on_the_page(
    db: None, offered: Export, vera: Person, as_: Format, wrapped: Change
) -> None:
    assert_same(wrapped(issued(offered, vera, as_=as_)))


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("'=+@-,;|\t\r\n \"A7\u200b\uff1d"), max_size=8))
def test_the_name_of_an_asset_is_read_as_it_was_before_it_was_made_safe(asset: str) -> None:
    totals: dict[str, Decimal] = {}
    OFFLINE.add(totals, asset, "1")
    assert [*totals] == [undefuse(asset)]


def test_of_several_files_the_same_one_is_named(file: bytes, offered: Export, vera: Person) -> None:
    for rows in (ROWS[14:], ROWS[:20], ROWS[1:]):
        issued(offered, vera, rows)
    for place in (1, 8, 21):
        content = changed(place, b"A", b"B")
        (number,) = {one.entry.number for one in found(content).issued}
        said = answer_elsewhere(content, "copy.csv", bundle_of_now()).sentences
        assert any(one.startswith(f"Entry {number:,}: 2") for one in said), said


def test_without_marks_only_that_it_is_another_is_said(file: bytes) -> None:
    content, name = changed(1, b"-12500.00", b"-12000.00"), str((manifest().after or {})["file"])
    bare = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle_of_now())) as all_of_it, zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("entries.jsonl", all_of_it.read("entries.jsonl"))
    said = answer_elsewhere(content, name, bare.getvalue()).sentences
    assert said[0] == "A file of this name was issued here, and this is not it: its bytes are others."


def test_who_took_the_same_bytes_again_is_named(file: bytes, vera: Person) -> None:
    record("export.fetched", by=vera, obj=manifest(), after={"sha256": (manifest().after or {})["sha256"]})
    said = answer_elsewhere(file, "copy.csv", bundle_of_now()).sentences
    assert said[0].startswith("This file is untouched")
    assert "It was called balances-" in said[1]
    assert f": downloaded, {vera.name}, at 20" in said[-1]


def test_s29_a_bundle_and_a_process_say_row_and_sum(
    committed: None, offered: Export, vera: Person, client: Client, tmp_path: Path
) -> None:
    issued(offered, vera)
    path = tmp_path / "mine.csv"
    path.write_bytes(changed(1, b"-12500.00", b"-12000.00"))
    code, said = run(bundle_in(tmp_path), path)
    assert code == 1
    told = [line.strip() for line in said.splitlines()]
    for one in expected(found(path.read_bytes(), path.name))[1:]:
        assert one in told, said
