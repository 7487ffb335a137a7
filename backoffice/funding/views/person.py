"""Who sent this request."""

from typing import Any

from django.http import HttpRequest


def person_of(request: HttpRequest) -> Any:
    """The signed-in person; the middleware lets nobody else in."""
    return request.user
