"""What funding's tests stand on: one client and one asset, in the mirror and at the partner."""

from collections.abc import Iterator

import pytest
from django.test import Client as Browser

from backoffice.clients.models import Asset, Client
from tests.funding.cast import NOURA, SignIn, mirrored_asset, mirrored_client
from tests.funding.doubt import in_doubt, looked_up_often, slow, travel
from tests.partners import Partners, partners, sandbox

__all__ = ["in_doubt", "looked_up_often", "partners", "sandbox", "slow", "travel"]


@pytest.fixture
def signed_in(client: Browser, request: pytest.FixtureRequest) -> SignIn:
    """Open a browser in which one of the cast, by name, is signed in."""

    def sign_in(name: str) -> Browser:
        client.force_login(request.getfixturevalue(name))
        return client

    return sign_in


@pytest.fixture
def noura() -> Client:
    """Somebody who can be funded."""
    return mirrored_client()


@pytest.fixture
def usd() -> Asset:
    """Something to fund with."""
    return mirrored_asset()


@pytest.fixture
def coinmena(committed: str, partners: Partners) -> Iterator[Partners]:
    """The partner with Noura and 2,000.00 USD of hers, beside a database with real commits."""
    partners.make_client(NOURA)
    partners.adjust(NOURA, "USD", change="2000.00")
    yield partners
