"""A file somebody doctored so that no mark of a row differs is never said to have its rows as issued."""

from collections.abc import Callable
from zlib import crc32

import pytest

from backoffice.accounts.models import Person
from backoffice.exports.models import Format
from backoffice.exports.proving.comparing import Change
from backoffice.exports.proving.services import find_out
from backoffice.exports.proving.wording import sentences
from backoffice.exports.registry import Export
from tests.exports.bundles.test_offline_answers import assert_same
from tests.exports.proving.doctoring import with_mark
from tests.exports.proving.files import HEADING, found, issued, manifest, received

pytestmark = pytest.mark.usefixtures("db")
MADE = "No mark of a row differs, yet bytes do: somebody may have made it so."
BETA = b'"Beta, the weekly top up requested by the treasury team as usual","BH",7.00,"A1",2026-11-19T11:34:12.345678Z\n'
ROWS = [b'"Acme","BH",100.5,"A0",2026-11-19T11:34:12.345678Z\n', BETA]
EVIL = with_mark(BETA.replace(b"Beta", b"Evil"), crc32(BETA))
BOM = b"\xef\xbb\xbf"


def file_of(*rows: bytes) -> bytes:
    return b"".join([HEADING, *rows])


@pytest.fixture
def file(offered: Export, vera: Person) -> bytes:
    return issued(offered, vera, ROWS)


@pytest.mark.parametrize(
    "hidden",
    [
        lambda content: content,
        lambda content: content.replace(b"client", b"Client", 1),
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: BOM + content.removesuffix(b"\n"),
    ],
)
def test_a_text_made_for_its_mark_is_not_said_to_be_as_issued(file: bytes, hidden: Callable[[bytes], bytes]) -> None:
    content = hidden(file_of(ROWS[0], EVIL))
    said = sentences(found(content))
    assert said[0] == "This file was issued here and changed afterwards."
    assert MADE in said
    assert not any("rows are as issued" in one for one in said)
    assert_same(content)


def test_a_row_made_for_its_mark_and_moved_is_not_said_to_be_the_one_issued(file: bytes) -> None:
    content = file_of(EVIL, ROWS[0])
    assert "The marks of the rows are the ones issued, in another order." in sentences(found(content))
    assert_same(content)


@pytest.mark.parametrize("as_", [Format.CSV, Format.CSV_BOM])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda content: content.replace(b"client", b"Client", 1),
        lambda content: content.replace(b"client", b'"Client"', 1).replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r\n", 2),
        lambda content: content.removesuffix(b"\n") + b"\r\n",
        lambda content: content.removeprefix(BOM).replace(b"client", b"Client", 1).removesuffix(b"\n"),
    ],
)
def test_what_heading_and_line_ends_explain_is_outside_of_the_rows(
    offered: Export, vera: Person, wrapped: Callable[[bytes], bytes], as_: Format
) -> None:
    within = b'"two\r\nlines","BH",0.5,"A0",2026-11-19T11:34:12.345678Z\n'
    content = wrapped(issued(offered, vera, [*ROWS, within], as_=as_))
    finding = found(content)
    assert finding.comparison and finding.comparison.change is Change.NONE
    assert "All rows are as issued; the difference is outside of them." in sentences(finding)
    assert_same(content)


def test_no_row_is_shown_as_issued_that_was_made_for_its_mark(file: bytes) -> None:
    false = with_mark(BETA.replace(b"7.00", b"90000.00"), crc32(BETA))
    finding = find_out(received(file_of(ROWS[0], false.replace(b"90000.00", b"9000.00"))))
    assert [(one.number, one.issued) for one in finding.changed] == [(2, None)]


def test_no_row_is_shown_as_issued_beside_another_one_made_for_its_mark(file: bytes) -> None:
    finding = find_out(received(file_of(ROWS[0].replace(b"100.5", b"200.5"), EVIL)))
    assert [(one.number, one.issued) for one in finding.changed] == [(1, None)]


@pytest.mark.parametrize("wrapped", [lambda content: content, lambda content: BOM + content.replace(b"\n", b"\r\n")])
def test_rows_are_shown_as_issued_where_the_whole_file_has_its_digest_then(
    file: bytes, wrapped: Callable[[bytes], bytes]
) -> None:
    changed = [ROWS[0].replace(b"100.5", b"900.5"), ROWS[1].replace(b"7.00", b"70.00")]
    finding = find_out(received(wrapped(file_of(*changed)), str((manifest().after or {})["file"])))
    assert [one.issued for one in finding.changed] == [row.removesuffix(b"\n") for row in ROWS]
