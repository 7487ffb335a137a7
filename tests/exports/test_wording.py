"""A filter in the words of the list it comes from."""

import pytest

from backoffice.accounts.models import Person
from backoffice.exports import registry
from backoffice.exports.wording import filter_label
from tests.exports.test_registry import filters_of

pytestmark = pytest.mark.usefixtures("db")


def test_filters_are_said_as_the_list_says_them(vera: Person) -> None:
    said = filter_label("audit", f"person={vera.pk}&at_from=2026-11-01&at_to=2026-11-19&q=noura")
    assert said.startswith("Number, object, client, request or words “noura” · ") or "“noura”" in said
    assert "Person Vera Novak" in said
    assert "=" not in said
    assert filter_label("audit", "result=done&result=failed").endswith("Done or Failed")


@pytest.mark.parametrize("query", ["", "q=", "sort=at", "page=2"])
def test_no_filter_is_everything(query: str) -> None:
    assert filter_label("audit", query) == "Everything"


@pytest.mark.parametrize(
    ("export", "query", "said"),
    [
        ("audit", "colour=blue", "colour=blue"),
        ("audit", "q=noura&colour=blue&result=done", "colour=blue"),
        ("audit", "result=strange", "result=strange"),
        ("audit", "at_from=yesterday", "at_from=yesterday"),
        ("no-list", "q=noura", "q=noura"),
    ],
)
def test_what_no_filter_of_the_list_reads_stands_as_it_is(export: str, query: str, said: str) -> None:
    assert filter_label(export, query).endswith(said)


@pytest.mark.parametrize("name", registry.names())
def test_every_filter_of_every_list_is_said_in_words(name: str) -> None:
    for query in filters_of(name):
        assert query == "" or "=" not in filter_label(name, query)
