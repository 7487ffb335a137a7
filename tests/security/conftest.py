"""What all tests of security lean on."""

import pytest


@pytest.fixture
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups of made-up objects reach no partner here; they need not wait before they try again."""
    monkeypatch.setattr("backoffice.partner.clock.SystemClock.sleep", lambda _clock, _seconds: None)
