"""Say at the end of a run how much was asked: cells of the matrix, hostile requests. Works over several processes."""

from collections import Counter

import pytest

COUNTED = ("cells of the permission matrix", "hostile requests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what tests told by ``record_property``."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    told = Counter[str]()
    for report in reports:
        if getattr(report, "when", "") == "call":
            told.update({name: int(count) for name, count in report.user_properties if name in COUNTED})
    for name, count in told.items():
        terminalreporter.write_line(f"{count:,} {name}")
