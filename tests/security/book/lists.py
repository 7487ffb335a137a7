"""The two lists people keep: the rows of tests, and what ASVS asks."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.security.book.known_tests import ROOT, numbered, tests

HERE = Path(__file__).parent
REFERENCE = re.compile(r"\b(S\d{1,2}\b|test_\w+|(?:docs|tests)/[\w/]+\.(?:md|py)(?:::test_\w+)?)")


@dataclass(frozen=True)
class Row:
    """One row of tests: what must not happen, and the tests that show it does not."""

    number: str
    title: str
    others: tuple[str, ...]

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
    return [Row(number, title, tuple(rest.split())) for number, title, rest in lines("rows.txt", 3)]


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
    named += [other for row in rows() for other in row.others]
    named += [row.number for row in rows()]
    return sorted({reference for reference in named if not is_known(reference)})


def is_known(reference: str) -> bool:
    path, _colons, name = reference.partition("::")
    if reference.startswith("S"):
        return any(row.number == reference and row.proofs for row in rows())
    if reference.startswith("test_"):
        return reference in tests()
    return (ROOT / path).exists() and (not name or f"def {name}(" in (ROOT / path).read_text())
