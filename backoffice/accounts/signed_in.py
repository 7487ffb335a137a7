"""Who sent a request."""

from typing import cast

from django.http import HttpRequest

from backoffice.accounts.models import Person


def person_of(request: HttpRequest) -> Person:
    """Return the signed-in person; the middleware lets nobody else in."""
    return cast(Person, request.user)
