"""Something to decide on: Maya's withdrawal for Noura."""

import pytest

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Operation
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal


@pytest.fixture
def noura(db: None) -> Client:
    """Somebody who can be funded."""
    return mirrored_client()


@pytest.fixture
def usd(db: None) -> Asset:
    """Something to fund with."""
    return mirrored_asset()


@pytest.fixture
def operation(maya: Person, noura: Client, usd: Asset) -> Operation:
    """What Maya asked for."""
    return withdrawal(maya, noura, usd, "500.00")


@pytest.fixture
def asked(operation: Operation) -> Request:
    """Maya's request for a second person."""
    return Request.objects.get(subject=operation.reference)
