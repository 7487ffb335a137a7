"""What a file turns out to be: untouched, saved again, altered and how, never issued here."""

from collections.abc import Callable
from decimal import Decimal, localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.exports.models import Format
from backoffice.exports.proving.comparing import Change
from backoffice.exports.proving.services import Verdict, verify_file
from backoffice.exports.proving.wording import sentences
from backoffice.exports.registry import Export
from tests.exports.proving.files import HEADING, ROWS, changed, found, issued, manifest, received

pytestmark = pytest.mark.usefixtures("db")
BOM = b"\xef\xbb\xbf"
Rows = list[bytes]


@pytest.fixture
def file(offered: Export, vera: Person) -> bytes:
    return issued(offered, vera)


def name_of_it() -> str:
    return str((manifest().after or {})["file"])


def test_an_untouched_file_is_known_by_any_name(file: bytes) -> None:
    for name in (name_of_it(), "Kopie von Salden.csv"):
        finding = found(file, name)
        assert (finding.verdict, finding.manifest and finding.manifest.entry) == (Verdict.UNTOUCHED, manifest())
    assert sentences(finding)[1].startswith("It was called balances-")


def test_one_issued_twice_names_both(file: bytes, offered: Export, vera: Person) -> None:
    assert issued(offered, vera) == file
    assert [one.entry.event for one in found(file).issued] == ["export.made", "export.made"]


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(pick=st.data())
def test_a_digit_changed_anywhere_in_the_rows_names_its_row_and_no_other(file: bytes, pick: st.DataObject) -> None:
    place = pick.draw(st.integers(0, len(ROWS) - 1))
    row = ROWS[place]
    at = pick.draw(st.sampled_from([at for at, byte in enumerate(row) if byte in b"0123456789"]))
    other = pick.draw(st.sampled_from([byte for byte in b"0123456789" if byte != row[at]]))
    now = row[:at] + bytes([other]) + row[at + 1 :]
    finding = found(b"".join([HEADING, *ROWS[:place], now, *ROWS[place + 1 :]]))
    assert finding.verdict is Verdict.ALTERED
    assert [(one.number, one.issued) for one in finding.changed] == [(place + 1, row.removesuffix(b"\n"))]


@pytest.mark.parametrize("place", range(1, 8))
def test_the_sum_of_a_changed_amount_is_named_to_its_last_digit(file: bytes, place: int) -> None:
    amount = ROWS[place - 1].split(b",")[2]
    finding = found(changed(place, amount, b"%d" % 3))
    (off,) = (one for one in finding.sums if one.difference)
    with localcontext(prec=60):
        assert (off.asset, off.difference) == (f"A{place - 1}", 3 - Decimal(amount.decode()))


def test_the_sentences_say_row_and_sum(file: bytes) -> None:
    assert sentences(found(changed(1, b"-12500.00", b"-12000.00"), "accounts.csv")) == [
        "This file was issued here and changed afterwards.",
        "Row 1 differs.",
        "The A0 sum is 500.00 too high.",
    ]


@pytest.mark.parametrize(
    ("as_", "wrapped", "said"),
    [
        (Format.CSV, lambda content: content.replace(b"\n", b"\r\n"), "CR LF"),
        (Format.CSV, lambda content: BOM + content, "byte order mark was put"),
        (Format.CSV, lambda content: BOM + content.replace(b"\n", b"\r\n"), "CR LF"),
        (Format.CSV, lambda content: content.removesuffix(b"\n"), "line feed at its end"),
        (Format.CSV_BOM, lambda content: content.removeprefix(BOM), "The byte order mark in front was taken away."),
        (Format.CSV_BOM, lambda content: content.replace(b"\n", b"\r\n"), "CR LF"),
    ],
)
def test_a_file_saved_again_holds_every_row_as_issued(
    offered: Export, vera: Person, as_: Format, wrapped: Callable[[bytes], bytes], said: str
) -> None:
    finding = found(wrapped(issued(offered, vera, as_=as_)))
    assert finding.verdict is Verdict.REWRAPPED
    assert any(said in one for one in sentences(finding))


def test_a_digit_changed_in_excel_is_named_and_so_is_what_excel_did(file: bytes) -> None:
    said = sentences(found(BOM + changed(1, b"-12500.00", b"-12000.00").replace(b"\n", b"\r\n")))
    assert "Row 1 differs." in said
    assert any("as Excel does when it saves CSV UTF-8" in one for one in said)
    assert any("CR LF" in one for one in said)


def without_quotes(content: bytes) -> bytes:
    return content.replace(b'"', b"").replace(b"two\nlines", b"two lines").replace(b",", b";").replace(b"\n", b"\r\n")


def test_a_file_rewritten_by_a_spreadsheet_is_known_by_its_name_and_its_sums_are_compared(file: bytes) -> None:
    finding = found(without_quotes(changed(1, b"-12500.00", b"-12000.00")), f"Copy of {name_of_it()}")
    said = sentences(finding)
    assert "No row is as it was issued, as after a spreadsheet program has saved the file." in said
    assert "The A0 sum is 500.00 too high." in said
    assert any("another separator" in one for one in said)


def test_a_file_rewritten_and_renamed_is_known_by_its_columns_rows_and_sums(file: bytes) -> None:
    said = sentences(found(without_quotes(file)))
    assert "It has as many rows, and they add up to the same sums." in said


def test_one_rewritten_renamed_and_changed_is_told_what_to_try(file: bytes) -> None:
    finding = found(without_quotes(changed(1, b"-12500.00", b"-12000.00")))
    assert finding.verdict is Verdict.NEVER_ISSUED
    assert any("give it the name it was issued under" in one for one in sentences(finding))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:5] + rows[6:], "1 row was removed: row 6 of the file that was issued."),
        (lambda rows: [*rows, rows[3]], "1 row was added: row 22."),
        (lambda rows: rows[::-1], "The marks of the rows are the ones issued, in another order."),
        (lambda rows: [*rows[:2], b"x\n", b"y\n", *rows[3:]], "Where row 3 stood, rows 3 to 4 stand now."),
        (lambda rows: [b"x\n", *rows[1:-1], b"y\n"], "2 rows differ: row 1 and row 21."),
    ],
)
def test_rows_taken_away_added_or_moved_are_named(file: bytes, change: Callable[[Rows], Rows], said: str) -> None:
    assert said in sentences(found(b"".join([HEADING, *change(list(ROWS))])))


def test_a_changed_heading_is_named(file: bytes) -> None:
    finding = found(file.replace(b"client", b"Client", 1))
    assert "The heading is not the one issued." in sentences(finding)
    assert finding.comparison and finding.comparison.change is Change.NONE


def test_one_changed_digit_in_the_only_row_is_known_although_the_file_was_renamed(
    offered: Export, vera: Person
) -> None:
    content = issued(offered, vera, ROWS[:1])
    finding = found(content.replace(b"12500", b"92500"))
    assert [(one.number, one.issued) for one in finding.changed] == [(1, ROWS[0].removesuffix(b"\n"))]


def test_of_two_files_with_the_same_columns_the_nearer_one_is_named(file: bytes, offered: Export, vera: Person) -> None:
    nearer = manifest()
    issued(offered, vera, ROWS[14:])
    finding = found(changed(3, b"BH", b"US"))
    assert finding.manifest and finding.manifest.entry == nearer


def test_an_amount_that_is_none_any_more_is_said_not_added_up(file: bytes) -> None:
    assert "Its amounts cannot be added up: row 1 cannot be read." in sentences(
        found(changed(1, b"-12500.00", b"-12500.-"))
    )


def test_a_workbook_is_known_by_its_digest_and_else_by_its_name(offered: Export, vera: Person) -> None:
    workbook = issued(offered, vera, [b"PK\x03\x04 stands for a workbook\n"][:0], as_=Format.XLSX)
    assert found(workbook, "other.xlsx").verdict is Verdict.UNTOUCHED
    altered = found(b"PK\x03\x04 another", f"Copy of {name_of_it()}")
    assert (altered.verdict, altered.is_by_name) == (Verdict.ALTERED, True)
    assert found(b"PK\x03\x04 another", "other.xlsx").verdict is Verdict.NEVER_ISSUED


STRANGE = {
    "empty": b"",
    "a line end": b"\n",
    "UTF-16": b"\xff\xfea\x00",
    "another table": b"a,b\n1,2\n",
    "quotes": b'"' * 5_000,
    "NUL": b"\x00" * 4_096,
    "a zip": b"PK\x03\x04nothing",
    "a mark alone": BOM,
    "line ends": b"\r\n\r\n",
    "our heading alone": HEADING,
}


@pytest.mark.parametrize("kind", STRANGE)
def test_s33_a_strangers_file_was_never_issued_here(file: bytes, kind: str) -> None:
    finding = found(STRANGE[kind])
    assert finding.verdict is Verdict.NEVER_ISSUED
    assert sentences(finding)


def test_s31_that_a_file_was_verified_is_written_down(file: bytes, vera: Person) -> None:
    verify_file(received(changed(1, b"-12500.00", b"-12000.00"), "theirs.csv"), by=vera)
    entry = Entry.objects.get(event="file.verified")
    said = entry.after or {}
    assert (entry.person, entry.object_type, entry.object_id) == (vera, "entry", str(manifest().number))
    assert (said["file"], said["found"], said["first_of_them"]) == ("theirs.csv", "altered", [1])


def test_finance_may_not_read_who_took_what_away(file: bytes, maya: Person) -> None:
    with pytest.raises(Refused):
        verify_file(received(file), by=maya)
    assert not Entry.objects.filter(event="file.verified").exists()
