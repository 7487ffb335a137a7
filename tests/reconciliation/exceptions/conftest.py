"""An exception of every kind the tests work on."""

from decimal import Decimal

import pytest

from backoffice.reconciliation.models import ExceptionItem
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import item, taken
from tests.reconciliation.rows import Ours, Theirs


@pytest.fixture
def short(db: None) -> ExceptionItem:
    """A deposit of 500.00 of which CoinMENA says 499.50."""
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1", amount=Decimal("499.50")))
    taken()
    return item("operation:dep-1")


@pytest.fixture
def extra(db: None) -> ExceptionItem:
    """An order of 500.00 that nothing of ours stands behind."""
    order = rows.order(Theirs(reference=None))
    taken()
    return item(f"order:{order.pk}")
