"""What the product writes to its logs, line by line, as it would be read."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from backoffice.logs import json_formatter


@contextmanager
def written_logs(level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """Collect every line of every logger, down to the most talkative."""
    lines, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(lines), root.level
    handler.setFormatter(json_formatter())
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
