"""JSON is read in one way only, and every row keeps the bytes it came in."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partner.strict_json import NotStrictJson, loads, slice_at, slices, storable

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


def test_numbers_keep_their_digits() -> None:
    assert loads(b'{"price": 0.10, "big": 1E+3, "id": 80101}') == {
        "price": Decimal("0.10"),
        "big": Decimal("1E+3"),
        "id": 80101,
    }
    assert str(loads(b"0.10")) == "0.10"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"<html>",
        b'{"a": 1, "a": 2}',
        b'{"outer": {"a": 1, "a": 1}}',
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"{} {}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 01}',
        b'"\x01"',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b"\xff\xfe{\x00}\x00",
        b'"\xed\xa0\x80"',
        b"[1e9999]",
        b"[1e999999999]",
        b"[" + b"1" * 41 + b"]",
        b"[0." + b"1" * 100_000 + b"]",
        b"[" * 33 + b"]" * 33,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_it_refuses_what_two_readers_may_read_differently(raw: bytes) -> None:
    with pytest.raises(NotStrictJson):
        loads(raw)


def test_it_takes_what_is_nested_as_deep_as_allowed() -> None:
    assert loads(b"[" * 32 + b"]" * 32)


def test_each_row_keeps_the_bytes_it_was_received_in() -> None:
    raw = '{ "skip": [1, {"items": 0}] ,"items" :[ {"id": 1,  "name":"Ünal"} ,\n{"id":2.50}\t], "total": 2}'.encode()

    rows = slices(raw, "items")

    assert [row.raw for row in rows] == ['{"id": 1,  "name":"Ünal"}'.encode(), b'{"id":2.50}']
    assert [row.value for row in rows] == [{"id": 1, "name": "Ünal"}, {"id": Decimal("2.50")}]


def test_rows_are_found_further_down() -> None:
    raw = b'{"data": {"note": "]}", "transactions": [{"n": "\\"[{"}, [1, 2], "x", null]}}'

    assert [row.raw for row in slices(raw, "data", "transactions")] == [b'{"n": "\\"[{"}', b"[1, 2]", b'"x"', b"null"]


def test_a_single_object_keeps_its_bytes() -> None:
    found = slice_at(b'{"result" : {"id": 7 , "x": {} } }', "result")

    assert found.raw == b'{"id": 7 , "x": {} }'
    assert found.value == {"id": 7, "x": {}}


def test_an_empty_list_has_no_rows() -> None:
    assert slices(b'{"items": [ ]}', "items") == []


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"items": null}', b'{"items": {}}', b'{"items": "[]"}', b'"items"'])
def test_it_says_so_when_there_is_no_list(raw: bytes) -> None:
    with pytest.raises(NotStrictJson):
        slices(raw, "items")


@pytest.mark.parametrize("raw", [b"{}", b'{"result": null}', b'{"result": []}', b"1"])
def test_it_says_so_when_there_is_no_object(raw: bytes) -> None:
    with pytest.raises(NotStrictJson):
        slice_at(raw, "result")


@given(st.lists(json_values, max_size=6), st.integers(0, 3), st.booleans(), st.dictionaries(st.text(), json_values))
def test_slices_of_any_document_are_its_own_bytes(
    rows: list[object], indent: int, ascii_only: bool, others: dict[str, object]
) -> None:
    document = {**others, "items": rows}
    raw = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    found = slices(raw, "items")

    assert [row.value for row in found] == [loads(row.raw) for row in found] == rows
    position = 0
    for row in found:
        position = raw.index(row.raw, position) + len(row.raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_either_json_or_refused(raw: bytes) -> None:
    try:
        value = loads(raw)
    except NotStrictJson:
        return
    assert value == json.loads(raw, parse_float=Decimal)


def test_what_a_database_cannot_store_is_replaced_and_flagged() -> None:
    hostile = loads(b'{"na\\u0000me": "a\\u0000b\\ud800", "n": [1.50, {"k": "\\udfff"}], "fine": "\\ud83d\\ude00"}')

    assert storable(hostile) == (
        {"na\ufffdme": "a\ufffdb\ufffd", "n": ["1.50", {"k": "\ufffd"}], "fine": "\U0001f600"},
        True,
    )


def test_what_a_database_can_store_is_left_alone() -> None:
    harmless = {"name": "Zoë \u202e", "n": [1, None, True], "o": {}}

    assert storable(harmless) == (harmless, False)
