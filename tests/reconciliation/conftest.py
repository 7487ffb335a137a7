"""What the tests of the reconciliation share."""

import pytest

from backoffice.reconciliation.comparing import partner_total


@pytest.fixture
def asked_for_its_total() -> None:
    """Let CoinMENA itself be asked how many orders a window holds."""


@pytest.fixture(autouse=True)
def partner_counts_as_we_do(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have CoinMENA count what the mirror holds: orders of most tests are made in the mirror, and nowhere else."""
    if "asked_for_its_total" not in request.fixturenames:
        counted = partner_total.mirror_holds
        monkeypatch.setattr(partner_total, "partner_says", lambda *window: counted(*window)[0])
