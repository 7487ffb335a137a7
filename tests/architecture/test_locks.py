"""Locks of the session are numbers that everybody shares: two of one class would wait for each other's work."""

import re
from collections import Counter

from tests.database import ROOT


def test_no_two_kinds_of_work_share_a_class_of_locks() -> None:
    sources = [path.read_text() for path in (ROOT / "backoffice").rglob("*.py")]
    classes = Counter(number for source in sources for number in re.findall(r"\b20_26\d_\d{3}\b", source))
    assert len(classes) >= 7
    assert [number for number, times in classes.items() if times > 1] == []
