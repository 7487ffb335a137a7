"""Whose sessions are going on, and ending them: by their owner, by an administrator, or because the account changed.

A session ends on the server with its row: the next request that comes with its key is a stranger's. A note in the
shared cache lets that browser say why.
"""

from typing import Final

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person
from backoffice.accounts.models.session import LONGEST, Session, SessionQuerySet
from backoffice.accounts.policies import Refused
from backoffice.accounts.sessions import Ending
from backoffice.accounts.signals import sessions_ended

_NOTE: Final = "session-ended:{}"


class SessionOver(Exception):
    """The session to be ended is not there: it has ended already, or it never was this person's."""


def sessions_of(person: Person) -> SessionQuerySet:
    """Find the sessions of a person that are going on now, the one seen last first."""
    found: SessionQuerySet = Session.objects.of(person).going_on_at(timezone.now()).newest_first()
    return found


def check_can_end_sessions(person: Person, by: Person) -> None:
    """Let people end their own sessions, and administrators those of others.

    :raises Refused: for anybody else.
    """
    if by != person and not by.is_administrator:
        raise Refused(_("Only this person and administrators can end these sessions."))


def can_end_sessions(person: Person, by: Person) -> bool:
    """Whether :func:`check_can_end_sessions` lets ``by``."""
    return by == person or by.is_administrator


def end_session(*, public_id: str, of: Person, by: Person, reason: str = "") -> None:
    """End one session of a person.

    :param public_id: `Session.public_id`.
    :raises Refused: when ``by`` may not.
    :raises SessionOver: when it is not going on.
    """
    check_can_end_sessions(of, by)
    with transaction.atomic():
        meant = [session for session in _locked(of) if session.public_id == public_id]
        if not meant:
            raise SessionOver(_("That session has ended already."))
        _end(meant, of, by, _ending_by(of, by), reason)


def end_sessions(person: Person, by: Person, reason: str = "", *, but: str | None = None) -> int:
    """End all sessions of a person, and return how many there were.

    :param but: the key of a session that goes on: the one this is asked from.
    :raises Refused: when ``by`` may not.
    """
    check_can_end_sessions(person, by)
    return end_because(_ending_by(person, by), person, by, reason, but=but)


def end_because(ending: Ending, person: Person, by: Actor, reason: str = "", *, but: str | None = None) -> int:
    """End all sessions of a person because their account changed; whoever changed it was allowed to.

    To be called inside the transaction of the change. Returns how many there were.
    """
    with transaction.atomic():
        meant = [session for session in _locked(person) if session.session_key != but]
        if meant:
            _end(meant, person, by, ending, reason)
    return len(meant)


def why_ended(session_key: str) -> Ending | None:
    """Say once why the session with this key was ended from elsewhere; None where it was not."""
    note = _NOTE.format(Session(session_key=session_key).public_id)
    value = cache.get(note)
    if value is not None:
        cache.delete(note)
    return None if value is None else Ending(value)


def _locked(person: Person) -> SessionQuerySet:
    """Also those that ran out, which are rows still."""
    found: SessionQuerySet = Session.objects.of(person).order_by("session_key").select_for_update()
    return found


def _ending_by(person: Person, by: Person) -> Ending:
    return Ending.BY_THEMSELVES if by == person else Ending.BY_ADMINISTRATOR


def _end(meant: list[Session], person: Person, by: Actor, ending: Ending, reason: str) -> None:
    Session.objects.filter(pk__in=[session.pk for session in meant]).delete()
    for session in meant:
        cache.set(_NOTE.format(session.public_id), ending.value, LONGEST.total_seconds())
    sessions_ended.send(sender=Session, person=person, by=by, ending=ending, reason=reason, sessions=meant)
