"""Logs: one JSON object a line, through structlog, for our own code and for libraries alike."""

import logging
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
#: One list for good: a logger that is in use keeps the list it was made with, however often the formatter is built.
OURS: list[Any] = [*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]


def json_formatter() -> logging.Formatter:
    """Build the formatter named in ``LOGGING`` and point structlog at the standard library."""
    structlog.configure(
        processors=OURS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )
