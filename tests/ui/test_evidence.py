"""Laying a partner's answer out changes not one character of its values."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.ui.evidence import laid_out

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from([", ", "[ ]", '"{', "\\", "a  b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_it_reads_back_as_what_was_received(value: object) -> None:
    assert json.loads(laid_out(json.dumps(value, indent=None).encode())) == value


@given(JSON)
def test_only_line_ends_and_blanks_are_added(value: object) -> None:
    received = json.dumps(value, separators=(",", ":"))
    assert re.sub(r"\s", "", laid_out(received.encode())) == re.sub(r"\s", "", received)


@pytest.mark.parametrize("digits", ["1.00", "0E-8", "1E+3", "99999999999999999999.999999999999999999", '"\\u0030"'])
def test_numbers_and_escapes_stay_as_they_were_written(digits: str) -> None:
    assert laid_out(f'{{"amount":{digits}}}'.encode()) == f'{{\n  "amount": {digits}\n}}'


@pytest.mark.parametrize("received", [b"", b"<html>", b"\xff\xfe", b'{"a": "unclosed', b"]]]]", b"[" * 5_000])
def test_what_is_not_json_is_shown_all_the_same(received: bytes) -> None:
    assert len(laid_out(received)) < 500_000


@pytest.mark.parametrize("page", ["<h1>502 Bad Gateway</h1>", "upstream connect error or disconnect", "", "  \n"])
def test_what_is_no_json_keeps_the_blanks_between_its_words(page: str) -> None:
    assert laid_out(page.encode()) == page
