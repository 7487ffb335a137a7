"""Sign-in events, written down as Django and the accounts app tell of them (security.md §3).

The one place where entries are written by signals: signing in is the framework's service, not ours.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.browsers import in_words
from backoffice.accounts.models import Person, Session
from backoffice.accounts.sessions import Ending
from backoffice.accounts.signals import (
    company_sign_in_refused,
    password_set,
    reset_asked,
    session_ended,
    sessions_ended,
    sign_in_blocked,
    zone_chosen,
)
from backoffice.audit.models import Entry
from backoffice.audit.services import record

#: Who acts until somebody has proven who they are.
DOOR = System("Sign-in page")
LONGEST_EMAIL = 254
PASSWORD_EVENTS = {
    "changed": "person.password_changed",
    "reset": "person.password_reset",
    "first": "person.password_first_set",
}


@receiver(user_logged_in)
def signed_in(user: Person, **_kwargs: Any) -> None:
    record("person.signed_in", by=user, obj=user)


@receiver(user_login_failed)
def sign_in_failed(credentials: dict[str, Any], **_kwargs: Any) -> None:
    refuse_at_the_door("person.sign_in_failed", str(credentials.get("email", "")))


@receiver(sign_in_blocked)
def sign_in_was_blocked(email: str, **_kwargs: Any) -> None:
    refuse_at_the_door("person.sign_in_blocked", email)


def refuse_at_the_door(event: str, email: str) -> None:
    """Write a refused try down, under the person it was made for when there is one."""
    person = Person.objects.filter(email=email.casefold()).first()
    record(event, by=DOOR, obj=person, after={"email": email[:LONGEST_EMAIL]}, result=Entry.Result.REFUSED)


@receiver(user_logged_out)
def signed_out(user: Person | None, **_kwargs: Any) -> None:
    if user is not None:
        record("person.signed_out", by=user, obj=user)


@receiver(session_ended)
def session_was_ended(person: Person | None, reason: Ending, **_kwargs: Any) -> None:
    actor: Actor = System("Session limits")
    record("person.session_ended", by=actor, obj=person, reason=reason.value)


@receiver(reset_asked)
def link_was_asked_for(email: str, **_kwargs: Any) -> None:
    person = Person.objects.filter(email=email.casefold()).first()
    record("person.reset_asked", by=DOOR, obj=person, after={"email": email[:LONGEST_EMAIL]})


@receiver(password_set)
def password_was_set(person: Person, how: str, **_kwargs: Any) -> None:
    record(PASSWORD_EVENTS[how], by=person, obj=person)


@receiver(company_sign_in_refused)
def company_sign_in_was_refused(email: str, reason: str, **_kwargs: Any) -> None:
    person = Person.objects.filter(email=email.casefold()).first()
    said = {"email": email[:LONGEST_EMAIL]}
    record(
        "person.company_sign_in_refused", by=DOOR, obj=person, after=said, reason=reason, result=Entry.Result.REFUSED
    )


@receiver(sessions_ended)
def sessions_were_ended(
    person: Person, by: Actor, ending: Ending, reason: str, sessions: list[Session], **_kwargs: Any
) -> None:
    ended = [f"{in_words(session.browser)}, {session.address}" for session in sessions]
    record("person.sessions_ended", by=by, obj=person, after={"why": ending.value, "sessions": ended}, reason=reason)


@receiver(zone_chosen)
def zone_was_chosen(person: Person, before: str, after: str, **_kwargs: Any) -> None:
    record("person.zone_chosen", by=person, obj=person, before={"time_zone": before}, after={"time_zone": after})
