"""What a process of the campaign does. It begins without Django, so nothing of the product is imported up here."""

import os
from typing import Any


def prepare() -> None:
    """Set Django up in a process of the pool."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()


def run_one(first: int, last: int) -> dict[str, Any]:
    """Run one slice in this process."""
    from tests import database
    from tests.faults.slices import run_slice

    return run_slice(database.start_server(), first, last).as_json()
