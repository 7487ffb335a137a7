"""What the tests of bulk files stand on: somebody to fund, something to fund with."""

import pytest

from backoffice.clients.models import Asset, Client
from tests.funding.cast import mirrored_asset, mirrored_client


@pytest.fixture
def noura() -> Client:
    return mirrored_client()


@pytest.fixture
def usd() -> Asset:
    return mirrored_asset()
