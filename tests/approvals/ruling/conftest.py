"""A client, an asset, two managers, and Adam's draft of the rules."""

import pytest

from backoffice.accounts.models import Person
from backoffice.approvals.models import RuleSet
from backoffice.approvals.ruling import services
from backoffice.clients.models import Asset, Client
from tests.funding.cast import mirrored_asset, mirrored_client


@pytest.fixture
def noura(db: None) -> Client:
    """Somebody rules can be about."""
    return mirrored_client()


@pytest.fixture
def usd(db: None) -> Asset:
    """Something amounts can be in."""
    return mirrored_asset()


@pytest.fixture
def draft(adam: Person, omar: Person, lina: Person, noura: Client, usd: Asset) -> RuleSet:
    """The live rules, copied by Adam to be changed; two managers could decide."""
    return services.begin_draft(by=adam)
