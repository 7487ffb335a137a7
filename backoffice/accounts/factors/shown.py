"""What a session remembers: that its person showed a second factor in it (security.md S19, S22)."""

from hashlib import sha256
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest

from backoffice.accounts.models import Person
from backoffice.database import clock

SHOWN_AT: Final = "factor_shown_at"
SHOWN_BY: Final = "factor_shown_by"
#: How long a browser may still come with the key its session had before: requests that were under way.
UNDER_WAY_SECONDS: Final = 30


def mark(request: HttpRequest, person: Person) -> None:
    """Remember that the session's person has just shown a second factor."""
    request.session[SHOWN_AT], request.session[SHOWN_BY] = clock.now().timestamp(), person.pk


def is_shown(request: HttpRequest) -> bool:
    """Whether the person signed in showed a second factor in this session."""
    return SHOWN_AT in request.session and request.session.get(SHOWN_BY) == request.user.pk


def renew(request: HttpRequest) -> None:
    """Give the session a new key, as after every proof of who somebody is.

    The old key is void at once. It is remembered for moments, so that a page's own requests that were on their way do
    not have the browser throw its new key away (`RenewedSessionMiddleware`).
    """
    former = request.session.session_key
    request.session.cycle_key()
    if former:
        cache.set(_cache_key(former), True, timeout=UNDER_WAY_SECONDS)


def was_renewed(session_key: str) -> bool:
    """Whether a session had this key until moments ago."""
    return cache.get(_cache_key(session_key)) is not None


def _cache_key(session_key: str) -> str:
    return f"renewed-session:{sha256(session_key.encode()).hexdigest()}"
