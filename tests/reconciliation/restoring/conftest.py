"""What the tests of a restore share."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import embedded
from backoffice.funding.models import Freeze
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.mirror import paging
from backoffice.reconciliation.restoring import BY
from tests.database import connect_to
from tests.funding.cast import NOURA, mirrored_asset, mirrored_client
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup


@pytest.fixture
def coinmena(committed: str, partners: Partners, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Partners:
    """CoinMENA with Noura, to which nothing comes late and whose list is settled at once, so that nobody waits."""
    settings.COINMENA_QUARANTINE_SECONDS = 0
    monkeypatch.setattr(paging, "SETTLED_AFTER", timedelta(seconds=-2))
    partners.make_client(NOURA)
    partners.adjust(NOURA, "USD", change="2000.00")
    return partners


@pytest.fixture
def noura(coinmena: Partners) -> Client:
    return mirrored_client()


@pytest.fixture
def usd(coinmena: Partners) -> Asset:
    return mirrored_asset()


@pytest.fixture
def taken(committed: str, postgres: embedded.Embedded) -> Iterator[Callable[[], Backup]]:
    """Take a backup of the test's database, now."""
    copies: list[str] = []

    def take() -> Backup:
        backup = Backup(postgres, committed)
        copies.append(backup.copy)
        return backup

    yield take
    connections.close_all()
    for copy in copies:
        connect_to(postgres, committed)
        embedded.drop_database(postgres, copy)


@pytest.fixture
def lock(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Freeze:
    """A lock whose backup is an hour old, and nothing read since."""
    return freeze_after_restore(backup_at=timezone.now() - timedelta(hours=1), by=BY)
