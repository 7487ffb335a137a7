"""A key for the seals, and a second place on the disk of the test."""

import base64
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

KEY = base64.b64encode(b"a key for the seals of the tests").decode()
ANOTHER_KEY = base64.b64encode(b"another key for seals 32 bytes..").decode()


@pytest.fixture
def second_place(tmp_path: Path, settings: Settings) -> Path:
    """Seals are made, and stand in this directory a second time."""
    place = tmp_path / "seals"
    place.mkdir()
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_DIRECTORY = KEY, str(place)
    settings.AUDIT_SEAL_FORMER_KEYS = []
    return place
