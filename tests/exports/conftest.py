"""A list to export in these tests, a folder for built files, and what a worker does, done at once."""

from pathlib import Path

import pytest
from pytest_django import Settings

from backoffice.accounts.models import Role
from backoffice.exports import registry
from backoffice.exports.registry import Export, Sums
from tests.exports.balances import BALANCES, balances


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Export:
    """The balances, open to auditors and finance, and no other list."""
    export = Export(BALANCES, balances, Sums("balance", "asset"), opened_to=(Role.AUDITOR, Role.FINANCE))
    monkeypatch.setattr(registry, "_exports", {})
    registry.register(export)
    return export


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where files are built, and nothing else is."""
    settings.EXPORT_DIRECTORY = tmp_path / "exports"
    return tmp_path / "exports"
