"""Clients as the partner has them, mirrored."""

from datetime import UTC, datetime

import pytest

from backoffice.clients.models import Client
from tests.partners import Partners


@pytest.fixture
def noura(db: None) -> Client:
    """A verified, active client who is in the mirror; the partner knows her only where a test says so."""
    return Client.objects.create(
        partner_client_id="user_12345",
        partner_id=4711,
        name="Noura Al Khalifa",
        status="verified",
        active=True,
        country_id="bh",
        created_at=datetime(2026, 2, 3, tzinfo=UTC),
        updated_at=datetime(2026, 2, 4, tzinfo=UTC),
        raw=b'{"partner_client_id":"user_12345"}',
        read_at=datetime.now(UTC),
    )


@pytest.fixture
def noura_at_partner(noura: Client, partners: Partners) -> Partners:
    """The sandbox, where Noura exists too and has 740.50 USD."""
    partners.make_client("user_12345", first_name="Noura", last_name="Al Khalifa", country_id="bh")
    partners.make_order("user_12345", amount="740.50")
    return partners
