"""The two lists people keep: the rows of tests, and what ASVS asks."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.security.book.known_tests import ROOT, numbered, tests

HERE = Path(__file__).parent
REFERENCE = re.compile(r"\b(S\d{1,2}\b|test_\w+|(?:docs|tests)/[\w/]+\.(?:md|py)(?:::test_\w+)?)")

#: Fewer words are no reason.
FEWEST_WORDS = 4


@dataclass(frozen=True)
class Row:
    """One row of tests: what must not happen, the tests that show it does not, and what no test shows, and why."""

    number: str
    title: str
    others: tuple[str, ...]
    gap: str = ""

    @property
    def proofs(self) -> list[str]:
        """Its tests by name: those that carry its number, then the others."""
        return sorted(numbered().get(self.number, [])) + [other.split("::")[1] for other in self.others]

    @property
    def files(self) -> list[str]:
        named = [tests()[name] for name in numbered().get(self.number, [])]
        return sorted({*named, *(other.split("::")[0] for other in self.others)})


@dataclass(frozen=True)
class Requirement:
    """One requirement of ASVS 5.0.0, and our answer: tests and documents, or a reason."""

    number: str
    level: str
    gist: str
    references: tuple[str, ...]
    reason: str


@cache
def rows() -> list[Row]:
    return [row(*parts) for parts in lines("rows.txt", 3)]


def row(number: str, title: str, rest: str) -> Row:
    others, _dash, gap = rest.partition("—")
    return Row(number, title, tuple(others.split()), gap.strip())


@cache
def requirements() -> list[Requirement]:
    return [requirement(*parts) for parts in lines("asvs.txt", 4)]


def requirement(number: str, level: str, gist: str, answer: str) -> Requirement:
    proofs, _dash, reason = answer.partition("—")
    return Requirement(number, level, gist, tuple(REFERENCE.findall(proofs)), reason.strip())


def lines(name: str, parts: int) -> list[tuple[str, ...]]:
    text = (HERE / name).read_text().splitlines()
    kept = [line for line in text if line.strip() and not line.startswith("#")]
    return [tuple(part.strip() for part in line.split("|", parts - 1)) for line in kept]


def unknown_references() -> list[str]:
    """What the lists name and nobody has: tests, rows without a test, documents."""
    named = [reference for one in requirements() for reference in one.references]
    named += [reference for one in requirements() for reference in REFERENCE.findall(one.reason)]
    named += [other for row in rows() for other in row.others]
    named += [row.number for row in rows()]
    return sorted({reference for reference in named if not is_known(reference)})


def unanswered() -> list[str]:
    """The requirements that nothing proves and that no sentence gives a reason for."""
    bare = [one for one in requirements() if not one.references]
    return [one.number for one in bare if len(one.reason.split()) < FEWEST_WORDS]


def is_known(reference: str) -> bool:
    path, _colons, name = reference.partition("::")
    if reference.startswith("S"):
        return any(row.number == reference and row.proofs for row in rows())
    if reference.startswith("test_"):
        return reference in tests()
    return (ROOT / path).exists() and (not name or f"def {name}(" in (ROOT / path).read_text())
