"""What the product writes to its logs, line by line, as it would be read."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from backoffice.logs import json_formatter


@contextmanager
def written_logs(level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """Collect every line of every logger, down to the most talkative."""
    lines, root = io.StringIO(), logging.getLogger()
    # Beside the root: those that the settings keep quiet (`LOGGING`) would say nothing of a refused request.
    before = {logger: logger.level for logger in (root, *map(logging.getLogger, settings.LOGGING["loggers"]))}
    handler = logging.StreamHandler(lines)
    handler.setFormatter(json_formatter())
    root.addHandler(handler)
    for logger in before:
        logger.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        for logger, was in before.items():
            logger.setLevel(was)
