"""The text of docs/security.md below its first mark."""

from collections import Counter
from collections.abc import Iterator

from backoffice.accounts.matrix import TABLE, Roles, Row
from backoffice.accounts.models import Role
from tests.security.addresses import ADDRESSES
from tests.security.book.known_tests import ROOT
from tests.security.book.lists import Requirement, requirements, rows
from tests.security.browsers import Who
from tests.security.cells import METHODS

PATH = ROOT / "docs" / "security.md"
MARK = "<!-- From here on made by `python -m tests.security.book`; do not edit. -->"
LEGEND = """\
each asked by `tests/security/test_s1_matrix.py`. F finance, M managers, A auditors, D administrators. Whoever is not
named is refused; a method that is not named is closed; PUT, PATCH, DELETE and OPTIONS are open nowhere. *Strangers*:
open without signing in. *Before the factor*: open before a second factor was shown. *Not one's own*: closed to whoever
asked for the object. `/gallery/` and `/accounts/factor/demo/` exist in a demo only."""
LETTERS = {Role.FINANCE: "F", Role.MANAGER: "M", Role.AUDITOR: "A", Role.ADMINISTRATOR: "D"}


def document() -> str:
    """The whole file: what is written by hand, then the lists."""
    by_hand = PATH.read_text().partition(MARK)[0]
    return by_hand + "\n".join([MARK, "", *proofs(), "", *asvs(), "", *matrix(), ""])


def proofs() -> Iterator[str]:
    yield "## What is tested"
    yield ""
    yield "A test carries the number of its row in its name; the files hold them and what else belongs to it."
    yield ""
    yield "| Row | What must not happen, and does not | Tests | In |"
    yield "|---|---|---|---|"
    for row in rows():
        files = ", ".join(f"`{file.removeprefix('tests/')}`" for file in row.files)
        title = f"{row.title}. *Not shown:* {row.gap}" if row.gap else row.title
        yield f"| {row.number} | {title} | {len(row.proofs)} | {files} |"


def asvs() -> Iterator[str]:
    yield "## OWASP ASVS 5.0.0"
    yield ""
    yield summary(Counter(one.level for one in requirements()))
    for chapter in sorted({chapter_of(one) for one in requirements()}):
        yield ""
        yield f"**V{chapter}**"
        yield ""
        yield "| Id | L | Asks | Proven by, or why not |"
        yield "|---|---|---|---|"
        yield from (line_of(one) for one in requirements() if chapter_of(one) == chapter)


def summary(levels: Counter[str]) -> str:
    """How many requirements there are, and how to read them."""
    return f"""\
All {levels["1"]} requirements of level 1, all {levels["2"]} of level 2 and the {levels["3"]} of level 3 that matter for
money, each in a few words of ours; the ids are the standard's. `S…` is a row of the table above."""


def chapter_of(one: Requirement) -> int:
    return int(one.number.split(".")[0])


def line_of(one: Requirement) -> str:
    named = ", ".join(shown(reference) for reference in one.references)
    answer = "; ".join(part for part in (named, one.reason) if part)
    return f"| {one.number} | {one.level} | {one.gist} | {answer} |"


def shown(reference: str) -> str:
    if reference.startswith("docs/"):
        name = reference.removeprefix("docs/")
        return "above" if name == "security.md" else f"[{name}]({name})"
    return reference if reference.startswith("S") else f"`{reference}`"


def matrix() -> Iterator[str]:
    cells = len(TABLE) * len(METHODS) * len(Who) * 2
    yield "## Who may open what"
    yield ""
    yield f"{len(TABLE)} addresses × {len(METHODS)} methods × {len(Who)} kinds of people × with and without htmx:"
    yield f"{cells:,} cells,"
    yield LEGEND
    yield ""
    yield "| Address | GET | POST | HEAD | And |"
    yield "|---|---|---|---|---|"
    for name, row in TABLE.items():
        roles = " | ".join(letters(row.roles(method)) for method in ("GET", "POST", "HEAD"))
        yield f"| `{path_of(name)}` | {roles} | {', '.join(marks(row))} |"


def path_of(name: str) -> str:
    return ADDRESSES[name].route if name in ADDRESSES else name


def letters(roles: Roles) -> str:
    return " ".join(letter for role, letter in LETTERS.items() if role in roles)


def marks(row: Row) -> Iterator[str]:
    if row.public:
        yield "strangers"
    if row.unproven:
        yield "before the factor"
    if row.barred:
        yield "not one's own"
