"""Every event of the log has a test that finds its entry (security.md S31)."""

from pathlib import Path

import pytest

from backoffice.audit.events import SENTENCES

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def texts() -> str:
    return "\n".join(path.read_text() for path in TESTS.rglob("*.py") if path != Path(__file__))


@pytest.mark.parametrize("event", sorted(SENTENCES))
def test_s31_a_test_finds_the_entry(texts: str, event: str) -> None:
    assert f'"{event}"' in texts
