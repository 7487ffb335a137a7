"""From where a change is made: bound once per request (or job), read by the audit log and the logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

import structlog


@dataclass(frozen=True)
class Origin:
    """Where an action comes from: the network address and the id that the logs, the audit log and the answer share."""

    address: str = ""
    request_id: str = ""


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current_origin() -> Origin:
    """Return the origin of what runs now; empty outside a request or job."""
    return _origin.get()


@contextmanager
def originating_from(address: str, request_id: str | None = None) -> Iterator[Origin]:
    """Bind the origin for everything inside, logs included."""
    origin = Origin(address=address, request_id=request_id or str(uuid4()))
    token = _origin.set(origin)
    with structlog.contextvars.bound_contextvars(request_id=origin.request_id):
        try:
            yield origin
        finally:
            _origin.reset(token)
