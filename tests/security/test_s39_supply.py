"""Every library is the one that was chosen, by its digest, under a licence that lets us (security.md S39).

Whether one of them is known to be broken is asked by `make supply`, which needs a network.
"""

import re

import pytest

from tests.security.supply import FREE, LISTS, Library, bill, libraries

ELSEWHERE = re.compile(r"^\s*(--index-url|--extra-index-url|--find-links|-e |git\+|https?:)", re.MULTILINE)


@pytest.mark.parametrize("which", LISTS)
def test_s39_every_line_is_pinned_by_digest(which: str) -> None:
    text = LISTS[which].read_text()
    blocks = [block for block in re.split(r"\n(?=[A-Za-z0-9])", text) if re.match(r"[A-Za-z0-9]", block)]
    assert [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("which", LISTS)
def test_s39_nothing_comes_from_anywhere_else(which: str) -> None:
    assert not ELSEWHERE.search(LISTS[which].read_text())


@pytest.mark.parametrize("one", libraries("run"), ids=lambda one: one.name)
def test_s39_what_runs_is_what_is_listed_and_may_be_used(one: Library) -> None:
    assert one.installed.version == one.version
    assert FREE.search(one.licence), one.licence


def test_s39_the_bill_names_every_library_with_version_and_licence() -> None:
    components = bill()["components"]
    assert isinstance(components, list)
    assert len(components) == len(libraries("run"))
    assert all(one["version"] and one["purl"] and one["licenses"][0]["license"]["name"] for one in components)
