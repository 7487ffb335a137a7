"""The archive: bounded memory, no name twice, cells that run nothing."""

import io
import tempfile
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from backoffice.reconciliation.packs.bundle import Bundle
from backoffice.reconciliation.packs.parts import Table, cell, safe_name


def test_a_long_table_is_never_held() -> None:
    table = Table("long", "Long", ("text",), lambda: (("x" * 1000,) for _row in range(20_000)))
    first: list[list[str]] = []
    with tempfile.TemporaryFile() as file:
        tracemalloc.start()
        with Bundle(file) as bundle:
            bundle.add(table.file_name, table.chunks(first))
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert bundle.files[0].size > 20_000_000
    assert len(first) == 201
    assert most < 3_000_000


def test_no_file_hides_another() -> None:
    with Bundle(io.BytesIO()) as bundle:
        bundle.add("a.txt", [b"1"])
        with pytest.raises(ValueError, match=r"a\.txt"):
            bundle.add("a.txt", [b"2"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (-3, "-3"),
        (Decimal("-0.500"), "-0.500"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 11, 18, 9, tzinfo=UTC), "2026-11-18T09:00:00.000000Z"),
        (date(2026, 11, 18), "2026-11-18"),
        ("=1+1", "'=1+1"),
        ("-5", "'-5"),
        ({"b": 1, "a": "=x"}, '{"a":"=x","b":1}'),
        (["=x"], '["=x"]'),
    ],
)
def test_a_cell_says_exactly_what_it_is(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_float_has_no_place_in_evidence() -> None:
    with pytest.raises(TypeError):
        cell(0.1)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dep-1", "dep-1"),
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("…", "unnamed"),
        ("", "unnamed"),
        ("a b/c\\d.pdf", "a-b-c-d.pdf"),
        ("x" * 200 + ".pdf", "x" * 68 + "-" + "x" * 7 + ".pdf"),
    ],
)
def test_a_name_is_safe(text: str, name: str) -> None:
    assert safe_name(text) == name
