"""`docs/states.md`, made from the state tables in code: the same dicts the database triggers are made from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import TextChoices

from backoffice.approvals import states as approvals
from backoffice.funding import states as funding
from backoffice.funding.models.bulk import FILE_MOVES, FileState

PATH: Final = Path(settings.BASE_DIR) / "docs" / "states.md"
HEAD: Final = """# States

Made by `manage.py states` from `backoffice/funding/states.py`, `backoffice/approvals/states.py` and
`backoffice/funding/models/bulk.py`; do not edit.
The same tables make the triggers in the database, so no code and no query moves a row along any other arrow.

A closing has no state of its own: it stands where its request for approval stands. A freeze is in force until it is
released, a late order open until it is settled; neither comes back, and triggers keep both.
"""

Moves = Mapping[Any, frozenset[Any]]


def document() -> str:
    """Write the whole document."""
    return "\n".join(
        [
            HEAD,
            section("A funding operation", funding.State, funding.MOVES, sorted(funding.FIRST_STATES)),
            section(
                "A request for approval", approvals.RequestState, approvals.MOVES, [approvals.RequestState.WAITING]
            ),
            section("A bulk file", FileState, FILE_MOVES, [FileState.CHECKED]),
        ]
    )


def section(title: str, states: type[TextChoices], moves: Moves, first: list[Any]) -> str:
    """Write one state table with its diagram."""
    return f"## {title}\n\n{table(states, moves)}\n\n{diagram(moves, first)}\n"


def table(states: type[TextChoices], moves: Moves) -> str:
    rows = [f"| `{state}` | {state.label} | {targets(moves[state])} |" for state in states]
    return "\n".join(["| State | On the screen | Moves to |", "|---|---|---|", *rows])


def targets(states: frozenset[Any]) -> str:
    return ", ".join(f"`{state}`" for state in sorted(states)) or "nowhere: it has ended"


def diagram(moves: Moves, first: list[Any]) -> str:
    born = [f"    [*] --> {state}" for state in first]
    arrows = [f"    {before} --> {after}" for before, afters in moves.items() for after in sorted(afters)]
    ended = [f"    {state} --> [*]" for state, afters in moves.items() if not afters]
    return "\n".join(["```mermaid", "stateDiagram-v2", *born, *arrows, *ended, "```"])
