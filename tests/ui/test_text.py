"""Text of others is shown as what it is: escaped, isolated, nothing hidden in it, never too long."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.ui.text import has_hidden, visible


def words_of(markup: str) -> str:
    return re.sub(r"<[^>]*>", "", markup)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ali\u202eecnahc", "U+202E"),
        ("Ali\u200b Hassan", "U+200B"),
        ("Ali\u00a0Hassan", "U+00A0"),
        ("Ali\u2066Hassan", "U+2066"),
        ("Ali\x00", "U+0000"),
        ("Ali\x1b[31m", "U+001B"),
        ("two\nlines", "U+000A"),
        ("soft\u00adhyphen", "U+00AD"),
        ("\ufeffbom", "U+FEFF"),
        ("filler\u3164", "U+3164"),
        ("tag\U000e0041", "U+E0041"),
        ("private\ue000", "U+E000"),
        ("lone\ud800", "U+D800"),
        ("variation\ufe0f", "U+FE0F"),
        ("z\u0301\u0301\u0301\u0301\u0301", "U+0301"),
    ],
)
def test_it_names_what_cannot_be_seen(text: str, named: str) -> None:
    assert named in words_of(visible(text))
    assert has_hidden(text)


@pytest.mark.parametrize("text", ["P\u0430ypal", "Gοοgle", "Ｎｏｕｒａ", "𝐍oura"])
def test_it_marks_letters_that_look_like_others(text: str) -> None:
    assert 'class="odd"' in visible(text)


@pytest.mark.parametrize(
    "text", ["Noura Al Khalifa", "خالد المنصوري", "Zoë Müller-Łukasz", "Павел", "Ελένη", "李雷", "O’Brien & Co"]
)
def test_it_leaves_honest_names_alone(text: str) -> None:
    assert 'class="odd"' not in visible(text)
    assert not has_hidden(text)


def test_it_isolates_the_direction_of_a_name() -> None:
    assert visible("خالد") == "<bdi>خالد</bdi>"


def test_it_escapes_markup() -> None:
    assert "<script>" not in visible('<script>alert("1")</script>\u202e')


def test_it_cuts_what_is_too_long_and_says_so() -> None:
    shown = words_of(visible("x" * 5_000, 200))
    assert shown == "x" * 200 + "… cut, 5,000 characters in all"


def test_it_keeps_line_ends_only_where_lines_are_shown() -> None:
    assert "\n" in visible("one\ntwo", allowed="\n")
    assert "\n" not in visible("one\ntwo")


@given(st.text(max_size=60))
def test_nothing_invisible_survives_in_any_text(text: str) -> None:
    shown = words_of(visible(text))
    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}]


@given(st.text(alphabet="<>&\"'abc\u202e", max_size=40))
def test_no_text_can_open_a_tag_of_its_own(text: str) -> None:
    assert set(re.findall(r"<(/?\w+)", visible(text))) <= {"bdi", "/bdi", "span", "/span"}
