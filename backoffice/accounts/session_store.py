"""Where sessions are kept: Django's database store over a table of our own (`SESSION_ENGINE`)."""

from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.exceptions import SessionInterrupted

from backoffice.accounts.models.session import LONGEST_ADDRESS, LONGEST_BROWSER, Session

#: What a session remembers of itself. The marks of time are seconds since 1970.
SIGNED_IN_AT: Final = "signed_in_at"
SEEN_AT: Final = "seen_at"
ROLE: Final = "role"
BROWSER: Final = "browser"
ADDRESS: Final = "address"


class SessionStore(DatabaseStore):
    """Writes beside the session's data what the list of sessions shows."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.person_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.browser = str(data.get(BROWSER, ""))[:LONGEST_BROWSER]
        row.address = str(data.get(ADDRESS, ""))[:LONGEST_ADDRESS]
        row.began_at, row.seen_at = moment(data.get(SIGNED_IN_AT)), moment(data.get(SEEN_AT))
        return row

    def cycle_key(self) -> None:
        """Give the session another key, in the row it has: what was ended since it was read stays ended.

        Django writes a second row and deletes the first, so that whoever ends the session between the two ends nothing.

        :raises SessionInterrupted: when it was ended since it was read.
        """
        self._get_session()  # type: ignore[attr-defined]  # reading it shows whether there is one
        if self.session_key is None:
            super().cycle_key()
            return
        key = self._get_new_session_key()  # type: ignore[attr-defined]
        if not self.model.objects.filter(session_key=self.session_key).update(session_key=key):
            raise SessionInterrupted("The session was ended while a request of it was under way.")
        self._session_key = key
        self.modified = True


def moment(seconds: float | None) -> datetime | None:
    """Turn a mark of a session into a moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
