"""Every library is the one that was chosen, by its digest, under a licence that lets us (security.md S39).

Whether one of them is known to be broken is asked by `make supply`, which needs a network.
"""

import re

import pytest
from packaging.utils import canonicalize_name

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


@pytest.mark.parametrize("which", LISTS)
def test_s39_a_pin_carries_the_extras_that_others_ask_of_it(which: str) -> None:
    """pip holds `coverage[toml]` for a library of its own, and takes the newest of it, which has no digest."""
    pinned = {canonicalize_name(one.name): one for one in libraries(which)}
    asked = [needed for one in pinned.values() for needed in one.asks_for if needed.extras]
    assert asked
    assert [str(needed) for needed in asked if not needed.extras <= pinned[canonicalize_name(needed.name)].extras] == []


@pytest.mark.parametrize("one", libraries("run"), ids=lambda one: one.name)
def test_s39_what_runs_is_what_is_listed_and_may_be_used(one: Library) -> None:
    assert one.installed.version == one.version
    assert FREE.search(one.licence), one.licence


def test_s39_the_bill_names_every_library_with_version_and_licence() -> None:
    components = bill()["components"]
    assert isinstance(components, list)
    assert len(components) == len(libraries("run"))
    assert all(one["version"] and one["purl"] and one["licenses"][0]["license"]["name"] for one in components)
