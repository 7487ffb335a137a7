"""How fast people approve: more often than anybody can read is slowed, faster than anybody can read is flagged (S38).

When a page was opened travels in the form, signed and bound to what it shows, so that nobody has to be remembered.
"""

from datetime import datetime, timedelta
from typing import Final

from django.core import signing
from django.db.models import Min

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision

MOST_IN_A_MINUTE: Final = 10
MINUTE: Final = timedelta(minutes=1)
SHORTEST_READING: Final = timedelta(seconds=2)
#: Flags of an audit entry: the content was approved within two seconds, or without the page that shows it.
UNREAD: Final = "under 2 s after opening"
UNOPENED: Final = "page not opened"
_SALT: Final = "backoffice.approvals.opened"


def opened(shown: str, now: datetime) -> str:
    """Return the mark of a page that was opened ``now`` and shows ``shown``, for a hidden field of its form."""
    return signing.dumps([shown, now.timestamp()], salt=_SALT)


def flags_of(mark: str, shown: str, now: datetime) -> list[str]:
    """Say what is odd about an approval of ``shown`` at ``now``, given the mark of the page it was made on."""
    try:
        of, since = signing.loads(mark, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return [UNOPENED]
    if of != shown:
        return [UNOPENED]
    return [UNREAD] if now.timestamp() - since < SHORTEST_READING.total_seconds() else []


def seconds_to_wait(person: Person, now: datetime) -> int:
    """Return how long ``person`` has to wait until they may approve again; 0 where they need not.

    Requests approved together with one proof were read on one page and count once.
    """
    recent = Decision.objects.filter(decided_by=person, verdict=Decision.Verdict.APPROVED, decided_at__gt=now - MINUTE)
    acts = recent.order_by().values("proof").annotate(at=Min("decided_at")).order_by("-at").values_list("at", flat=True)
    latest = list(acts[:MOST_IN_A_MINUTE])
    if len(latest) < MOST_IN_A_MINUTE:
        return 0
    return int((latest[-1] + MINUTE - now).total_seconds()) + 1
