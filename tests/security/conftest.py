"""What all tests of security lean on."""

import pytest

from tests.security.pages import Site, site_of_a_day


@pytest.fixture
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups of made-up objects reach no partner here; they need not wait before they try again."""
    monkeypatch.setattr("backoffice.partner.clock.SystemClock.sleep", lambda _clock, _seconds: None)


@pytest.fixture
def site(db: None) -> Site:
    """The product with one row of everything, and a browser for everybody."""
    return site_of_a_day()
