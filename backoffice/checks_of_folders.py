"""Folders of exports that are in each other's way."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error


def folders_are_apart() -> Iterator[CheckMessage]:
    """Where long exports wait is swept, and nobody else's to read: nothing may be laid down for others there."""
    if not settings.EXPORT_FOLDER:
        return
    kept, laid_down = Path(settings.EXPORT_DIRECTORY).resolve(), Path(settings.EXPORT_FOLDER).resolve()
    if kept.is_relative_to(laid_down) or laid_down.is_relative_to(kept):
        yield Error(
            "EXPORT_FOLDER and EXPORT_DIRECTORY lie within each other.",
            hint="Name two folders apart: what waits in EXPORT_DIRECTORY is handed out only by the product.",
            id="settings.E021",
        )
