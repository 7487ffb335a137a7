"""The sessions of a person as a page shows them (`templates/accounts/sessions.html`)."""

from dataclasses import dataclass
from datetime import datetime

from backoffice.accounts.browsers import in_words
from backoffice.accounts.models import Person
from backoffice.accounts.sessions_ending import sessions_of


@dataclass(frozen=True)
class ShownSession:
    """One session in words. ``is_this``: the page is being read in it."""

    public_id: str
    browser: str
    address: str
    began_at: datetime | None
    seen_at: datetime | None
    is_this: bool


def shown_sessions(person: Person, this: str | None = None) -> list[ShownSession]:
    """Describe the sessions of a person that are going on, this one first.

    :param this: the key of the session in which they are looked at.
    """
    rows = [
        ShownSession(
            public_id=session.public_id,
            browser=in_words(session.browser),
            address=session.address,
            began_at=session.began_at,
            seen_at=session.seen_at,
            is_this=session.session_key == this,
        )
        for session in sessions_of(person)
    ]
    return sorted(rows, key=lambda row: not row.is_this)
