"""The sessions of people, kept where a person and an administrator can see and end them (security.md S22)."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models

from backoffice.accounts.models.person import Person

#: A session without activity for this long is over, and one that is this old is over in any case.
IDLE_AFTER: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=8)

LONGEST_BROWSER: Final = 300
LONGEST_ADDRESS: Final = 45


class SessionQuerySet(models.QuerySet["Session"]):
    def of(self, person: Person) -> Self:
        return self.filter(person=person)

    def going_on_at(self, now: datetime) -> Self:
        """Leave out what has run out by now, although nobody has come back to hear so."""
        return self.filter(seen_at__gt=now - IDLE_AFTER, began_at__gt=now - LONGEST, expire_date__gt=now)

    def newest_first(self) -> Self:
        return self.order_by("-seen_at", "session_key")


class Session(AbstractBaseSession):
    """Django's session, with what its owner has to know to recognise it. Deleting the row ends it at once.

    The store writes every column from the session's own data, so the two cannot come apart, and a new key (at sign-in,
    at a step-up, with a new password) keeps them.
    """

    # No constraint in the database: where an insert fails, Django's store takes it for a key in use and tries for ever.
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    browser = models.CharField(max_length=LONGEST_BROWSER, blank=True)
    address = models.CharField(max_length=LONGEST_ADDRESS, blank=True)
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = BaseSessionManager.from_queryset(SessionQuerySet)()

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        indexes = [models.Index(fields=["person", "-seen_at"], name="session_by_person")]

    @classmethod
    def get_session_store_class(cls) -> Any:
        from backoffice.accounts.session_store import SessionStore

        return SessionStore

    @property
    def public_id(self) -> str:
        """What names the session in pages and logs: nobody can get in with it, unlike with its key."""
        return public_id_of(self.session_key)


def public_id_of(session_key: str | None) -> str:
    """Give the public name of the session with this key; empty where there is none."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32] if session_key else ""
