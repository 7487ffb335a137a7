"""How long a session lives: 15 minutes without activity, 8 hours at most, and only while the account stays as it was.

security.md S7, S22. What a page asks for by itself (a polled region) is no activity.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.context import address_of
from backoffice.accounts.models import Person
from backoffice.accounts.models.session import IDLE_AFTER, LONGEST, LONGEST_BROWSER
from backoffice.accounts.session_store import ADDRESS, BROWSER, ROLE, SEEN_AT, SIGNED_IN_AT
from backoffice.ui.render import is_htmx

#: Activity is noted once a minute, so that not every request writes the session.
NOTED_EVERY = timedelta(minutes=1)


class Ending(models.TextChoices):
    """Why a session was ended; the labels are what the person reads on the sign-in page."""

    IDLE = "idle", _("You were signed out after 15 minutes without activity.")
    TOO_OLD = "too old", _("You were signed out: a session lasts 8 hours at most.")
    ROLE_CHANGED = "role changed", _("You were signed out because your role changed.")
    CLOSED = "account closed", _("You were signed out because your account was closed. An administrator can say why.")
    BY_THEMSELVES = "by the person", _("You were signed out: this session was ended from another one of yours.")
    BY_ADMINISTRATOR = "by an administrator", _("You were signed out by an administrator, who can say why.")
    FACTOR_RESET = "factor reset", _("You were signed out because your second factor was reset. Set up a new one.")
    PASSWORD = "password changed", _("You were signed out because your password was changed. Sign in with the new one.")  # noqa: S105


def begin(request: HttpRequest, person: Person) -> None:
    """Note when, from where and in which role a person signed in."""
    now = timezone.now().timestamp()
    request.session.update(
        {
            SIGNED_IN_AT: now,
            SEEN_AT: now,
            ROLE: person.role,
            BROWSER: printable(request.headers.get("User-Agent", ""))[:LONGEST_BROWSER],
            ADDRESS: address_of(request),
        }
    )


def printable(text: str) -> str:
    """Leave out what is no character to read: the text is whatever a browser likes to say."""
    return "".join(letter for letter in text if letter.isprintable())


def ending_of(request: HttpRequest) -> Ending | None:
    """Say why the session of this request may not go on, or None when it may."""
    is_known = request.user.is_authenticated  # asked for first: it makes Django end a session whose password changed
    session = request.session
    if SESSION_KEY not in session:
        return None
    if not is_known:
        return Ending.CLOSED
    if session.get(ROLE) != request.user.role:  # type: ignore[union-attr]
        return Ending.ROLE_CHANGED
    if age_of(session, SIGNED_IN_AT) >= LONGEST:
        return Ending.TOO_OLD
    return Ending.IDLE if age_of(session, SEEN_AT) >= IDLE_AFTER else None


def age_of(session: Any, mark: str) -> timedelta:
    """How long ago a mark was set; one that is missing is as old as time."""
    return timedelta(seconds=timezone.now().timestamp() - session.get(mark, 0))


def note_activity(request: HttpRequest) -> None:
    """Remember that a person did something, unless the page asked by itself."""
    if SESSION_KEY in request.session and not is_by_itself(request) and age_of(request.session, SEEN_AT) >= NOTED_EVERY:
        request.session[SEEN_AT] = timezone.now().timestamp()


def is_by_itself(request: HttpRequest) -> bool:
    """Whether a page asked for one of its regions: by htmx, to read, and not by a link or form that was followed."""
    return is_htmx(request) and request.method == "GET" and not request.htmx.boosted  # type: ignore[attr-defined]


def person_of(request: HttpRequest) -> Person | None:
    """Whose session this is, active or not."""
    return Person.objects.filter(pk=request.session[SESSION_KEY]).first()
