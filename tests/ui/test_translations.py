"""Arabic: the catalogue is complete and true to its placeholders, and a page comes out whole and right to left."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import translation

CATALOGUE = Path(__file__).resolve().parents[2] / "locale/ar/LC_MESSAGES/django.po"
PRODUCT = Path(__file__).resolve().parents[2] / "backoffice"
GETTEXT = re.compile(r"_\w?|n?p?gettext(_lazy|_noop)?")
FIELD = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[\d\])?) ((?:".*"\n?)+)', re.MULTILINE)
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdf%]|\{\w*\}")
PLURAL_FORMS = 6

Message = dict[str, str]


def messages() -> Iterator[Message]:
    """Give each message of the catalogue as its fields, the header left out."""
    for block in CATALOGUE.read_text(encoding="utf-8").split("\n\n")[1:]:
        yield {name: text_of(lines) for name, lines in FIELD.findall(block + "\n")}


def text_of(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def translated(message: Message) -> list[str]:
    return [text for field, text in message.items() if field.startswith("msgstr")]


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def test_every_message_is_translated_in_all_its_forms() -> None:
    wanting = [
        message["msgid"]
        for message in messages()
        if not all(translated(message))
        or len(translated(message)) != (PLURAL_FORMS if "msgid_plural" in message else 1)
    ]
    assert wanting == []


def sentences_of_the_code() -> Iterator[tuple[str, int, str]]:
    """Give every sentence that Python hands to gettext by any of its names, with its file and line."""
    for path in sorted(PRODUCT.rglob("*.py")):
        if {"sandbox", "demo"} & set(path.relative_to(PRODUCT).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and GETTEXT.fullmatch(name := ast.unparse(node.func)):
                sentence = node.args["pgettext" in name]  # there a context stands in front of it
                if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
                    yield str(path.relative_to(PRODUCT)), node.lineno, sentence.value


def test_no_sentence_of_the_code_is_hidden_from_the_catalogue() -> None:
    """One inside an f-string, or under a name that xgettext does not know, never becomes an entry."""
    known = {message["msgid"] for message in messages()}
    assert [found for found in sentences_of_the_code() if found[2] not in known] == []


def test_no_message_is_fuzzy_or_left_over() -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    assert re.findall(r"^#(?:, .*fuzzy.*|~ .*)$", text, re.MULTILINE) == []


def test_every_translation_keeps_the_placeholders() -> None:
    lost = [
        (message["msgid"], text)
        for message in messages()
        for text in translated(message)
        if placeholders(text)
        not in (placeholders(message["msgid"]), placeholders(message.get("msgid_plural", message["msgid"])))
    ]
    assert lost == []


@pytest.mark.django_db
def test_a_browser_that_asks_for_arabic_gets_arabic_from_right_to_left(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="ar" dir="rtl"' in page
    assert "tabler.rtl.min.css" in page
    assert "تسجيل الدخول" in page
    assert "Sign in" not in page


@pytest.mark.django_db
def test_a_choice_of_language_outweighs_the_browser(client: Client) -> None:
    client.cookies["language"] = "en"
    page = client.get(reverse("account_login"), headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="en" dir="ltr"' in page


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_figure_is_written_with_a_point_in_every_language(language: str) -> None:
    with translation.override(language):
        assert Template("{{ figure }}").render(Context({"figure": 1250.5})) == "1250.5"
