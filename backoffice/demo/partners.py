"""The control path of the sandbox partners, for making the demo's history."""

import json
import urllib.request
from typing import Any

from django.conf import settings


def control(method: str, path: str, body: Any = None) -> Any:
    """Ask the control path and return its answer. The address is the sandbox's: loopback only."""
    request = urllib.request.Request(  # noqa: S310
        f"{settings.COINMENA_BASE_URL}/control/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")
