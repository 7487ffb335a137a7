"""Processes of the product begin and end, and the log says so, with a digest of the settings they began with."""

import hashlib
import json
import os
import socket
from typing import Any, Final

from django.conf import settings
from django.views.debug import SafeExceptionReporterFilter

from backoffice.accounts.actors import System
from backoffice.audit.models import Entry
from backoffice.audit.services import record

WEB: Final = "web"
WORKER: Final = "worker"
_SECRET: Final = SafeExceptionReporterFilter.hidden_settings


def began(part: str) -> Entry:
    """Write down that a process began."""
    return record("process.began", by=System(part), after={**identity(), "settings": settings_digest()})


def ended(part: str) -> Entry:
    """Write down that a process ended as it was asked to. One that was killed says nothing."""
    return record("process.ended", by=System(part), after=identity())


def identity() -> dict[str, Any]:
    return {"host": socket.gethostname(), "process": os.getpid()}


def settings_digest() -> str:
    """Return the SHA-256 over every setting that is no secret: two processes with one digest were told the same."""
    told = {name: plain(getattr(settings, name)) for name in dir(settings) if name.isupper() and not is_secret(name)}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def plain(value: Any) -> Any:
    """Reduce a setting to what is the same in every process; of what has no text of its own, the kind counts."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case dict():
            return {str(key): plain(item) for key, item in value.items() if not is_secret(str(key))}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted(str(plain(item)) for item in value)
    return str(value) if isinstance(value, os.PathLike) else type(value).__qualname__
