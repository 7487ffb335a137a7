"""Every test there is, by name: what the book names must be one of them."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
NUMBERED = re.compile(r"test_s(\d+)_")


@cache
def tests() -> dict[str, str]:
    """The file of every test; a name that stands in two files is found in either."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in TEST.findall(path.read_text()):
            found.setdefault(name, str(path.relative_to(ROOT)))
    return found


@cache
def numbered() -> dict[str, list[str]]:
    """The tests that carry the number of a row in their name, by that number."""
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for name in tests():
        if row := NUMBERED.match(name):
            rows[f"S{row.group(1)}"].append(name)
    return dict(rows)
