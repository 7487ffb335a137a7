"""Every format holds the same cells: CSV with and without its mark, and the workbook (security.md S23, S24)."""

import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from defusedxml import ElementTree  # type: ignore[import-untyped]
from xlsxwriter import Workbook

from backoffice.exports import workbooks
from backoffice.exports.csv import defuse
from backoffice.exports.models import Format
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import DoesNotFit
from backoffice.ui.listing import BadListRequest
from tests.exports import test_csv
from tests.exports.agree import parse, wish_for, written
from tests.exports.balances import AMOUNTS, BALANCES, balances, client_named, create_balances

pytestmark = pytest.mark.usefixtures("committed")
NUMBER: Final = re.compile(r"-?[0-9]{1,38}(\.[0-9]{1,18})?")
SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FORMULA: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}formula"
SOFFICE: Final = shutil.which("soffice") or shutil.which("libreoffice")
#: Control characters reach a workbook under a name of theirs (`_x0009_`), which this parser does not read back.
CORPUS: Final = [text for text in test_csv.CORPUS if not re.search(r"[\x00-\x1f]", text)]


def wanted(as_: Format, preset: str = "full", query: str = "sort=id") -> Wish:
    return wish_for(BALANCES, balances(), query, preset, as_)


def create_corpus(texts: list[str]) -> None:
    """One balance for each text, under its own client; amounts of every kind beside them."""
    for number, text in enumerate(texts):
        amount = AMOUNTS[number % len(AMOUNTS)]
        client_named(text, number).balances.create(
            asset_id="USD", balance=amount, available_balance=0, read_at="2026-11-19T11:34:12Z"
        )


def sheet_of(workbook: bytes) -> list[list[str]]:
    """Read a workbook as strictly as a test can: no formula, no number, nothing but text in its cells."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        assert parts.testzip() is None
        assert not [name for name in parts.namelist() if "calcChain" in name or "externalLink" in name]
        root = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    return [list(cells_of(row)) for row in root.iter(f"{SHEET}row")]


def cells_of(row: Any) -> Iterator[str]:
    for cell in row:
        assert cell.get("t") == "inlineStr", "a cell that is no text"
        assert [child.tag for child in cell] == [f"{SHEET}is"], "a cell that holds more than its text"
        yield "".join(text.text or "" for text in cell.iter(f"{SHEET}t"))


def test_excels_csv_is_the_same_file_after_its_mark() -> None:
    create_balances()
    assert written(wanted(Format.CSV_BOM)) == b"\xef\xbb\xbf" + written(wanted(Format.CSV))


def test_s23_the_corpus_is_defused_in_csv_and_read_back_by_a_strict_parser() -> None:
    create_corpus(test_csv.CORPUS)
    heading, *rows = parse(written(wanted(Format.CSV)))
    assert [row[0] for row in rows] == [defuse(text) for text in test_csv.CORPUS]
    assert all(len(row) == len(heading) for row in rows)


def test_s23_the_corpus_is_text_in_a_workbook_letter_by_letter() -> None:
    create_corpus(CORPUS)
    heading, *rows = sheet_of(written(wanted(Format.XLSX)))
    assert heading == ["client", "active", "balance", "100% asset", "read_at"]
    assert [row[0] for row in rows] == CORPUS


def test_s23_text_stays_text_when_somebody_edits_it() -> None:
    create_corpus(["=1+1"])
    with zipfile.ZipFile(io.BytesIO(written(wanted(Format.XLSX)))) as parts:
        assert b'quotePrefix="1"' in parts.read("xl/styles.xml")


def test_s24_amounts_keep_every_digit_in_every_format() -> None:
    create_balances()
    rows = parse(written(wanted(Format.CSV)))[1:]
    assert all(NUMBER.fullmatch(row[2]) for row in rows)
    assert [row[2] for row in sheet_of(written(wanted(Format.XLSX)))[1:]] == [row[2] for row in rows]
    assert "99999999999999999999.999999999999999999" in {row[2] for row in rows}


def test_a_preset_holds_its_columns_in_its_order() -> None:
    create_balances()
    heading, *rows = parse(written(wanted(Format.CSV, "accounting")))
    full = parse(written(wanted(Format.CSV)))[1:]
    assert heading == ["read_at", "client", "balance", "100% asset"]
    assert rows == [[row[4], row[0], row[2], row[3]] for row in full]


def test_s25_no_column_is_had_beyond_the_presets() -> None:
    with pytest.raises(BadListRequest):
        wanted(Format.CSV, "everything")


def test_a_workbook_that_excel_would_cut_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    create_corpus(["x" * 32_768])
    with pytest.raises(DoesNotFit, match="longer than an Excel cell"):
        written(wanted(Format.XLSX))
    create_balances_beyond_the_last_row(monkeypatch)
    with pytest.raises(DoesNotFit, match="more rows than an Excel sheet"):
        written(wanted(Format.XLSX, query="q=short"))


def create_balances_beyond_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Excel's last row come early."""
    client_named("short", 900).balances.create(
        asset_id="USD", balance=1, available_balance=0, read_at="2026-11-19T11:34:12Z"
    )
    real = Workbook.add_worksheet

    def short(book: Workbook, name: str) -> Any:
        sheet = real(book, name)
        sheet.xls_rowmax = 1
        return sheet

    monkeypatch.setattr(Workbook, "add_worksheet", short)


def test_the_memory_of_a_workbook_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "CHUNK_BYTES", 500)
    create_balances()
    assert zipfile.is_zipfile(io.BytesIO(written(wanted(Format.XLSX))))


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: no soffice opens the files here.")
@pytest.mark.parametrize("as_", [Format.CSV_BOM, Format.XLSX])
def test_s23_libreoffice_shows_text_and_runs_nothing(tmp_path: Path, as_: Format) -> None:
    create_corpus(CORPUS)
    given = tmp_path / f"export.{as_.suffix}"
    given.write_bytes(written(wanted(as_)))
    shown = read_by_libreoffice(given, tmp_path)
    expected = [text if as_ is Format.XLSX else defuse(text) for text in CORPUS]
    assert [row[0].strip() for row in shown[1:]] == [text.strip() for text in expected]
    amounts = [row[2] for row in parse(written(wanted(Format.CSV)))[1:]]
    if as_ is Format.XLSX:
        assert [row[2] for row in shown[1:]] == amounts
    else:
        assert [float(row[2]) for row in shown[1:]] == pytest.approx([float(amount) for amount in amounts], rel=1e-6)


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: no soffice opens the files here.")
@pytest.mark.parametrize("quote", ['"', ""], ids=["quotes honoured", "quotes not honoured"])
@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolon", "tab"])
def test_s23_libreoffice_runs_nothing_however_it_splits_the_rows(tmp_path: Path, separator: str, quote: str) -> None:
    create_corpus(test_csv.CORPUS)
    given, control = tmp_path / "export.csv", tmp_path / "control.csv"
    given.write_bytes(written(wanted(Format.CSV)))
    control.write_text(f"id{separator}name\nx{separator}=1+1\n")
    # Separator, quotes, UTF-8, from the first line; numbers are detected, and formulas evaluated where there are any.
    options = f"CSV:{ord(separator)},{ord(quote) if quote else ''},76,1,,0,false,true,false,false,,true"
    opened_by_libreoffice([given, control], tmp_path, options, "fods")
    assert formulas_in(tmp_path / "shown" / "control.fods") == ["of:=1+1"], "it evaluates what is a formula"
    assert formulas_in(tmp_path / "shown" / "export.fods") == []


def formulas_in(spreadsheet: Path) -> list[str]:
    """Every formula of a spreadsheet that LibreOffice wrote."""
    cells = ElementTree.parse(spreadsheet).getroot().iter()
    return [formula for cell in cells if (formula := cell.get(FORMULA)) is not None]


def read_by_libreoffice(file: Path, folder: Path) -> list[list[str]]:
    """Open a file in LibreOffice as it opens CSV and workbooks, and read what its cells show."""
    # 44,34,76,1: comma, quotes, UTF-8, from the first line; quoted fields are text, every other one is read as it is.
    options = "CSV:44,34,76,1,,0,true,false" if file.suffix == ".csv" else ""
    opened_by_libreoffice([file], folder, options, "csv:Text - txt - csv (StarCalc):44,34,76")
    text = (folder / "shown" / f"{file.stem}.csv").read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def opened_by_libreoffice(files: list[Path], folder: Path, options: str, as_: str) -> None:
    """Have LibreOffice open files and write what it made of them."""
    profile, infilter = f"-env:UserInstallation=file://{folder}/profile", [f"--infilter={options}"] if options else []
    command = [str(SOFFICE), profile, "--headless", *infilter, "--convert-to", as_, "--outdir", str(folder / "shown")]
    seconds = timedelta(minutes=3).total_seconds()
    subprocess.run([*command, *map(str, files)], check=True, timeout=seconds, capture_output=True)
