"""From where a change is made: bound once per request (or job), read by the audit log and the logs."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from backoffice.worker.stopping import Stopping

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Origin:
    """Where an action comes from: the network address and the id that the logs, the audit log and the answer share."""

    address: str = ""
    request_id: str = ""


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def address_of(request: HttpRequest) -> str:
    """Return the network address a request comes from.

    ``X-Forwarded-For`` is what anybody may write, except for what our own proxies (``TRUSTED_PROXY_COUNT``) appended.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if not 0 < settings.TRUSTED_PROXY_COUNT <= len(hops):
        return peer
    told = hops[-settings.TRUSTED_PROXY_COUNT]
    return told if is_address(told) else peer


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_from_this_machine(request: HttpRequest) -> bool:
    """Tell whether a request was made on this machine, and not passed on to it by a proxy."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    return is_address(peer) and ipaddress.ip_address(peer).is_loopback and "X-Forwarded-For" not in request.headers


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


@contextmanager
def one_job() -> Iterator[None]:
    """Give one job of a worker its own request id in the logs and the audit log, and its connection back at the end.

    A job that ends because its worker was asked to stop has not failed: its row, or the next one like it, goes on.
    """
    try:
        with originating_from(address="worker"):
            try:
                yield
            except Stopping:
                log.info("a job ended with its worker")
    finally:
        connection.close()
