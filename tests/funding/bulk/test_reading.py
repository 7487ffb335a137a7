"""What a file may hold, and the sentence for everything else; nothing crashes and nothing is rounded."""

import csv
import io
import time
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.funding.bulk.reading import LARGEST, MOST_ROWS, UnreadableFile, read
from tests.funding.bulk.files import HEADER, csv_of

ROW = "deposit,user_12345,USD,1000.00,Bank transfer"
CELLS = {"type": "deposit", "client": "user_12345", "asset": "USD", "amount": "1000.00", "reason": "Bank transfer"}


@pytest.mark.parametrize(
    "content",
    [
        csv_of(ROW),
        b"\xef\xbb\xbf" + csv_of(ROW),
        csv_of(ROW).replace(b"\n", b"\r\n"),
        csv_of(ROW).rstrip(b"\n"),
        csv_of(ROW) + b"\n\r\n\n",
        csv_of(ROW) + b",,,,\n",
        csv_of(ROW.replace(",", ";"), header=HEADER.replace(",", ";")),
        csv_of(ROW, header=" Type ,CLIENT,Asset,amount,REASON"),
        csv_of("1000.00,Bank transfer,deposit,user_12345,USD", header="amount,reason,type,client,asset"),
        csv_of('"deposit","user_12345","USD","1000.00","Bank transfer"'),
    ],
)
def test_it_reads_what_spreadsheets_write(content: bytes) -> None:
    sheet = read(content)

    assert [(row.line, row.cells) for row in sheet.rows] == [(2, CELLS)]
    assert sheet.faults == []


def test_a_blank_line_keeps_the_numbers_of_those_behind_it() -> None:
    assert [row.line for row in read(csv_of(ROW, "", ",,,,", ROW)).rows] == [2, 5]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf \n\n", "The file is empty"),
        (csv_of(), "a header and no rows"),
        (csv_of(",,,,"), "a header and no rows"),
        (csv_of(ROW).decode().encode("utf-16"), "not UTF-8"),
        (csv_of(ROW).decode().encode("utf-16-le"), "not UTF-8"),
        (csv_of("deposit,user_12345,USD,1.00,Größe").decode().encode("latin-1"), "not UTF-8"),
        (csv_of("deposit,user_\x0012345,USD,1.00,Rent"), "not UTF-8"),
        (b"PK\x03\x04" + csv_of(ROW), "a workbook"),
        (csv_of(ROW).replace(b"\n", b"\r"), "carriage return"),
        (csv_of(ROW, header="type,client,asset,amount"), "“reason” is missing"),
        (csv_of(ROW, header=f"{HEADER},note"), "not known here"),
        (csv_of(ROW, header=f"{HEADER},amount"), "twice"),
        (csv_of(ROW, header='type,client,asset,amount,"reason'), "must name these columns"),
        (csv_of(ROW, header=ROW), "“type” is missing"),
        (csv_of(ROW, header=HEADER.replace(",", "\t")), "is missing"),
    ],
)
def test_a_file_nobody_can_read_is_answered_by_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        read(content)


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        ('deposit,user_12345,USD,1.00,"Rent', "", "quote is opened"),
        ('deposit,user_12345,USD,1.00,"Rent" of May', "", "quote is opened"),
        ("deposit,user_12345,USD,1,234.00,Rent", "", "6 cells and the header 5"),
        ("deposit,user_12345,USD,1.00", "", "4 cells and the header 5"),
        ("deposit,user_12345,USD,1.00,Rent\tof May", "reason", "cannot be seen"),
        ("deposit,user_\x0712345,USD,1.00,Rent", "client", "cannot be seen"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_others_are_read(row: str, column: str, sentence: str) -> None:
    sheet = read(csv_of(ROW, row, ROW))

    (fault,) = sheet.faults
    assert (fault.line, fault.column) == (3, column)
    assert sentence in fault.sentence
    assert [row.line for row in sheet.rows] == [2, 4]


# Hostile files --------------------------------------------------------------------------------------------------------

HOSTILE = {
    "one byte too much": (csv_of(ROW).ljust(LARGEST + 1, b"x"), "larger than 2 MB"),
    "a gigabyte would be the same": (b"x" * (8 * LARGEST), "larger than 2 MB"),
    "more rows than are read": (csv_of(*[ROW] * (MOST_ROWS + 1)), "more than 2,000 rows"),
    "a million rows": (HEADER.encode() + b"\n" + b"a\n" * 1_000_000, "more than 2,000 rows"),
    "a million blank lines": (HEADER.encode() + b"\n" * 1_000_000 + ROW.encode(), "more than 2,000 rows"),
    "a million columns in the header": (b"a," * 1_000_000, "longer than 4,000 characters"),
    "a million columns in a row": (csv_of("a," * 900_000), "longer than 4,000 characters"),
    "one enormous cell": (csv_of(f'deposit,user_12345,USD,1.00,"{"x" * 1_500_000}"'), "longer than 4,000"),
    "one enormous cell of four-byte letters": (csv_of("😀" * 400_000), "longer than 4,000 characters"),
    "a quote that never ends": (csv_of('deposit,"' + "\n".join([ROW] * 40_000)), "more than 2,000 rows"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_s33_a_hostile_file_costs_little_memory_and_time(name: str) -> None:
    content, sentence = HOSTILE[name]
    tracemalloc.start()
    began = time.process_time()  # its own work, however busy the machine is
    try:
        with pytest.raises(UnreadableFile, match=sentence):
            read(content)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 32 * 1024 * 1024
    assert time.process_time() - began < 2


def test_as_many_rows_as_are_allowed_are_read() -> None:
    assert len(read(csv_of(*[ROW] * MOST_ROWS)).rows) == MOST_ROWS


# Anything at all ------------------------------------------------------------------------------------------------------


@given(st.one_of(st.binary(max_size=400), st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode())))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_makes_it_crash(content: bytes) -> None:
    try:
        sheet = read(content)
    except UnreadableFile as error:
        assert str(error)
    else:
        assert sheet.rows or sheet.faults


CELL = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)
NUMBER = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal(10**12), places=8)


@given(st.lists(st.tuples(CELL, CELL, CELL, NUMBER, CELL), min_size=1, max_size=5), st.sampled_from(",;"))
@settings(max_examples=200, deadline=None)
def test_what_was_written_is_read_letter_by_letter(rows: list[tuple[str, ...]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER.split(","))
    writer.writerows(rows)

    sheet = read(text.getvalue().encode())

    assert [list(row.cells.values()) for row in sheet.rows] == [[str(cell) for cell in row] for row in rows]
