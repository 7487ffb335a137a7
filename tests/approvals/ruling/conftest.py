"""Adam's draft of the rules."""

import pytest

from backoffice.accounts.models import Person
from backoffice.approvals.models import RuleSet
from backoffice.approvals.ruling import services
from backoffice.clients.models import Asset, Client


@pytest.fixture
def draft(adam: Person, omar: Person, lina: Person, noura: Client, usd: Asset) -> RuleSet:
    """The live rules, copied by Adam to be changed; two managers could decide."""
    return services.begin_draft(by=adam)
