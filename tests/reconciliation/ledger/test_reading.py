"""Ledger files are read at a bounded cost, in any letters and with any separator, and never guessed at."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.funding.bulk.reading import UnreadableFile
from backoffice.reconciliation.ledger import reading
from backoffice.reconciliation.ledger.checking import Unreadable, amount_in, moment_in
from backoffice.reconciliation.ledger.guessing import guess
from backoffice.reconciliation.ledger.mapping import Mapping
from backoffice.reconciliation.ledger.reading import Layout, guess_layout, opening_of, read

COLUMNS = {"reference": "Ref", "amount": "Amount"}


def amounts(decimal_sign: str = ".", grouping: str = "", *, is_signed: bool = False) -> Mapping:
    return Mapping(columns={}, decimal_sign=decimal_sign, grouping=grouping, is_signed=is_signed)


def times(form: str = "iso", zone: str = "Asia/Bahrain") -> Mapping:
    return Mapping(columns={}, time_form=form, zone=zone)


@pytest.mark.parametrize(
    "content",
    [
        b"Ref,Amount\nd-1,5\n",
        "Ref,Amount\r\nd-1,5\r\n".encode("utf-8-sig"),
        "Ref,Amount\nd-1,5\n".encode("utf-16"),
        b' ref , AMOUNT \n\n,\nd-1,"5"',
    ],
)
def test_a_file_is_read_whatever_its_letters_marks_and_line_ends(content: bytes) -> None:
    sheet = read(content, Layout(), COLUMNS)
    assert [(row.cells, sheet.faults) for row in sheet.rows] == [({"reference": "d-1", "amount": "5"}, [])]


@pytest.mark.parametrize("separator", reading.SEPARATORS)
def test_the_separator_is_guessed_from_the_first_line(separator: str) -> None:
    header = separator.join(["Ref", "Amount", "Booked at"])
    assert guess_layout(f"{header}\n".encode()).separator == separator


def test_letters_of_windows_are_guessed_and_read_as_they_were_mapped() -> None:
    content = "Ref,Währung\nd-1,Ä\n".encode("windows-1252")
    layout = guess_layout(content)
    assert layout.encoding == reading.WESTERN
    assert read(content, layout, {"asset": "Währung"}).rows[0].cells == {"asset": "Ä"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 workbook", "workbook"),
        (b"Ref,Amount\nd-1,\xff\n", "not UTF-8"),
        (b"Ref,Amount\x00\n", "not UTF-8"),
        (b"Ref,Amount\n", "no rows"),
        (b"Ref,Sum\nd-1,5\n", "“Amount” is missing"),
        (b"Ref,Amount,amount\nd-1,5,5\n", "“Amount” stands in the first line twice"),
        (b"Ref,Amount\rd-1,5\r", "carriage return"),
        (b"Ref,Amount\n" + b"x" * 9_000, "Line 2 is longer"),
        (b'"Ref,Amount\nd-1,5\n', "quote"),
        (b"," * 200 + b"\n", "more than 100 columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_by_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(content, Layout(), COLUMNS)


def test_a_file_larger_than_the_bound_is_not_read_at_all() -> None:
    with pytest.raises(UnreadableFile, match="larger than 10 MB"):
        read(b"x" * (reading.LARGEST + 1), Layout(), COLUMNS)


def test_one_row_too_many_is_told_before_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    with pytest.raises(UnreadableFile, match="more than 2 rows"):
        read(b"Ref,Amount\na,1\nb,2\nc,3\n", Layout(), COLUMNS)


def test_lines_that_are_no_rows_are_told_by_their_number() -> None:
    sheet = read(b'Ref,Amount\na,1,2\n"b,2\nc\x07,3\nd,4\n', Layout(), COLUMNS)
    assert [(fault.line, fault.column) for fault in sheet.faults] == [(2, ""), (3, ""), (4, "reference")]
    assert [row.line for row in sheet.rows] == [5]


def test_a_file_of_faults_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_FAULTS", 3)
    assert len(read(b"Ref,Amount\n" + b"x\n" * 50, Layout(), COLUMNS).faults) == 3


@pytest.mark.parametrize(
    ("typed", "mapping", "amount"),
    [
        ("1234.56", amounts(), "1234.56"),
        ("1234,56", amounts(","), "1234.56"),
        ("1,234.56", amounts(".", ","), "1234.56"),
        ("1.234,567", amounts(",", "."), "1234.567"),
        ("1 234\u00a0567,80", amounts(",", " "), "1234567.80"),
        ("1'234.5", amounts(".", "'"), "1234.5"),
        ("-12.50", amounts(is_signed=True), "-12.50"),
        ("\u221212.50", amounts(is_signed=True), "-12.50"),
        ("0.00000001", amounts(), "0.00000001"),
    ],
)
def test_amounts_are_read_as_the_ledger_writes_them(typed: str, mapping: Mapping, amount: str) -> None:
    assert str(amount_in(typed, mapping)) == str(Decimal(amount))


@pytest.mark.parametrize(
    ("typed", "mapping"),
    [
        ("1,234", amounts()),  # a thousand, or a dinar and 234 fils: nobody guesses
        ("1.234", amounts(",")),
        ("1.234,56", amounts(".", ",")),
        ("12,34.56", amounts(".", ",")),
        ("1,2345.00", amounts(".", ",")),
        (",234.00", amounts(".", ",")),
        ("1.2.3", amounts()),
        ("1,2,3", amounts(",")),
        ("-5", amounts()),
        ("--5", amounts(is_signed=True)),
        ("0", amounts()),
        ("1E5", amounts()),
        ("١٢٣", amounts()),
        ("0.123456789", amounts()),
        ("", amounts()),
        ("NaN", amounts()),
    ],
)
def test_an_amount_that_could_mean_something_else_is_refused(typed: str, mapping: Mapping) -> None:
    with pytest.raises(Unreadable):
        amount_in(typed, mapping)


@given(
    amount=st.decimals(min_value=Decimal("0.001"), max_value=10**15, places=3, allow_nan=False),
    signs=st.sampled_from([(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'")]),
)
def test_what_is_written_is_read_to_the_digit(amount: Decimal, signs: tuple[str, str]) -> None:
    sign, grouping = signs
    written = f"{amount:,f}" if grouping else f"{amount:f}"
    typed = written.translate({ord(","): grouping, ord("."): sign})
    assert amount_in(typed, amounts(sign, grouping)) == amount


@pytest.mark.parametrize(
    ("typed", "mapping", "moment"),
    [
        ("2026-11-18T12:00:00Z", times(), datetime(2026, 11, 18, 12, tzinfo=UTC)),
        ("2026-11-18 12:00", times(), datetime(2026, 11, 18, 9, tzinfo=UTC)),
        ("2026-11-18T12:00:00+04:00", times(), datetime(2026, 11, 18, 8, tzinfo=UTC)),
        ("2026-11-18", times(), datetime(2026, 11, 17, 21, tzinfo=UTC)),
        ("01/02/2026 10:30", times("dd/mm/yyyy"), datetime(2026, 2, 1, 7, 30, tzinfo=UTC)),
        ("01/02/2026 10:30", times("mm/dd/yyyy"), datetime(2026, 1, 2, 7, 30, tzinfo=UTC)),
        ("18.11.2026", times("dd.mm.yyyy", "UTC"), datetime(2026, 11, 18, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_ledgers_form_and_zone(typed: str, mapping: Mapping, moment: datetime) -> None:
    assert moment_in(typed, mapping) == moment


@pytest.mark.parametrize(
    ("typed", "mapping", "said"),
    [
        ("18/11/2026", times(), "yyyy-mm-dd"),
        ("13/13/2026", times("dd/mm/yyyy"), "dd/mm/yyyy"),
        ("46344", times(), "yyyy-mm-dd"),
        ("", times(), "when it was booked"),
        ("2026-03-29 02:30", times(zone="Europe/Berlin"), "skipped"),
        ("2026-10-25 02:30", times(zone="Europe/Berlin"), "twice"),
    ],
)
def test_a_time_that_could_mean_another_moment_is_refused(typed: str, mapping: Mapping, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        moment_in(typed, mapping)


def test_headings_signs_forms_and_words_are_guessed_from_the_first_rows() -> None:
    content = (
        b"Buchung;Our Reference;Customer ID;Direction;Currency;Amount;Booking date;State\n"
        b"1;dep-1;user_1;CR;BHD;1.234,567;31.12.2025 10:00;Posted\n"
        b"2;wd-1;user_1;DR;BHD;5,000;01.01.2026;void\n"
    )
    layout = guess_layout(content)
    guessed = guess(opening_of(content, layout), layout)
    assert guessed.columns == {
        "reference": "Our Reference",
        "client": "Customer ID",
        "type": "Direction",
        "asset": "Currency",
        "amount": "Amount",
        "at": "Booking date",
        "status": "State",
    }
    assert (guessed.decimal_sign, guessed.grouping, guessed.time_form) == (",", ".", "dd.mm.yyyy")
    assert (guessed.words.deposit, guessed.words.withdrawal) == (("CR",), ("DR",))
    assert (guessed.words.completed, guessed.words.failed) == (("Posted",), ("void",))
    assert not guessed.is_signed


def test_without_a_column_for_the_type_the_sign_is_guessed_to_say_it() -> None:
    content = b"Ref,Client,Amount,Date\nd-1,user_1,-5.00,2026-11-18\n"
    guessed = guess(opening_of(content, Layout()), Layout())
    assert guessed.is_signed
    assert "type" not in guessed.columns


def test_a_mapping_is_kept_and_read_back_as_it_was() -> None:
    mapping = Mapping(
        columns=COLUMNS, layout=Layout("\t", reading.ARABIC), decimal_sign=",", is_signed=True, asset="USD"
    )
    assert Mapping.from_json(mapping.columns, mapping.reading_json()) == mapping
