"""A mirror read by a worker, unasked."""

import structlog

from backoffice.accounts.context import one_job
from backoffice.mirror.models import Mirror
from backoffice.mirror.registry import registered
from backoffice.mirror.runs import AlreadyRunning

log = structlog.get_logger(__name__)


def read_as_a_job(mirror: Mirror) -> None:
    """Read one mirror once, unless another process is reading it."""
    with one_job():
        try:
            run = registered()[mirror]()
        except AlreadyRunning:
            log.info("mirror is being read by another process", mirror=mirror.value)
        else:
            log.info("mirror read", mirror=mirror.value, state=run.state, rows=run.rows_read, changed=run.rows_changed)
