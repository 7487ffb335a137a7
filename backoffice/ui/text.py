"""Text that others wrote, made honest: what cannot be seen is named, what is too long is cut and said to be.

A name can hold characters that turn the line round, take no room, or look like others. On a screen where
people approve payments they are shown as what they are (security.md S13).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

DEFAULT_LENGTH = 200
MAX_COMBINING_MARKS = 3

# Invisible or blank although their category says letter, mark or symbol.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_PLAIN = re.compile(r"[\x20-\x7e\u00a1-\u00ac\u00ae-\u02af\u0621-\u064a\u0660-\u0669]*")
_WORD = re.compile(r"\w+")
_LOOK_ALIKES = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
_DISGUISES = ("FULLWIDTH", "MATHEMATICAL")


def visible(text: str, length: int = DEFAULT_LENGTH, allowed: str = "") -> SafeString:
    """Escape `text`, isolate its direction, name every hidden character and every look-alike letter in it.

    `allowed` are control characters that stay as they are: line ends where several lines are shown.
    """
    shown = text[:length]
    body = format_html("{}", shown) if _PLAIN.fullmatch(shown) else format_html_join("", "{}", _pieces(shown, allowed))
    return format_html("<bdi>{}{}</bdi>", body, _cut_mark(len(text), length))


def has_hidden(text: str) -> bool:
    """Whether `visible` would have to name anything in `text`."""
    return any(name for _character, name in _named(text, ""))


def _cut_mark(found: int, length: int) -> SafeString | str:
    if found <= length:
        return ""
    said = gettext("… cut, %(count)s characters in all") % {"count": f"{found:,}"}
    return format_html('<span class="quiet">{}</span>', said)


def _pieces(text: str, allowed: str) -> Iterator[tuple[SafeString]]:
    """Runs of ordinary characters as they are, each odd one in a mark of its own."""
    for is_odd, run in groupby(_named(text, allowed), key=lambda piece: bool(piece[1])):
        if is_odd:
            yield from ((format_html('<span class="odd" title="{1}">{0}</span>', *piece),) for piece in run)
        else:
            yield (format_html("{}", "".join(character for character, _name in run)),)


def _named(text: str, allowed: str) -> Iterator[tuple[str, str]]:
    """What to show for each character, with its name when it is not what it seems."""
    look_alikes = _look_alike_places(text)
    marks = 0
    for place, character in enumerate(text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if character in allowed:
            yield character, ""
        elif _is_hidden(character) or marks > MAX_COMBINING_MARKS:
            yield f"U+{ord(character):04X}", unicodedata.name(character, gettext("character without a name"))
        else:
            yield character, unicodedata.name(character) if place in look_alikes else ""


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Zs":
        return character != " "
    return category in _HIDDEN_CATEGORIES or character in _BLANKS or bool(_VARIATION_SELECTORS.match(character))


def _look_alike_places(text: str) -> frozenset[int]:
    """Letters of another script inside a word that also has Latin ones, and Latin letters in disguise."""
    return frozenset(place for word in _WORD.finditer(text) for place in _places_in(word[0], word.start()))


def _places_in(word: str, start: int) -> Iterator[int]:
    mixed = any(unicodedata.name(letter, "").startswith("LATIN") for letter in word)
    for place, letter in enumerate(word, start):
        name = "" if letter.isascii() else unicodedata.name(letter, "")
        if name.startswith(_DISGUISES) or (mixed and name.startswith(_LOOK_ALIKES)):
            yield place
