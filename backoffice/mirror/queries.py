"""How old each mirror is and how its last reading went."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.database import clock
from backoffice.mirror.models import Mirror, SyncRun

#: The newest run and the newest complete one of every mirror, each by one look into `runs_of_a_mirror`. What began
#: later than now began while the clock ran ahead: it would hide what was read since, and that nothing was.
_FRESHNESS: Final = """
    SELECT named.mirror, latest.state, latest.sentence, complete.started_at
    FROM unnest(%(mirrors)s::text[]) WITH ORDINALITY AS named(mirror, place)
    LEFT JOIN LATERAL (
        SELECT state, sentence FROM mirror_syncrun WHERE mirror = named.mirror AND started_at <= %(latest)s
        ORDER BY started_at DESC LIMIT 1
    ) AS latest ON true
    LEFT JOIN LATERAL (
        SELECT started_at FROM mirror_syncrun
        WHERE mirror = named.mirror AND state = 'complete' AND started_at <= %(latest)s
        ORDER BY started_at DESC LIMIT 1
    ) AS complete ON true
    ORDER BY named.place
"""


@dataclass(frozen=True, slots=True)
class Freshness:
    """One mirror: when it was last read in full, how its newest run stands, and what that run says."""

    mirror: Mirror
    label: str
    read_at: datetime | None
    state: SyncRun.State | None
    sentence: str

    @property
    def is_troubled(self) -> bool:
        """Whether the newest run could not be read to its end, so that what is shown is what was read before."""
        return self.state in (SyncRun.State.PARTIAL, SyncRun.State.FAILED)


def freshness() -> list[Freshness]:
    """Return the age and state of every mirror, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_FRESHNESS, {"mirrors": list(Mirror.values), "latest": timezone.now() + clock.SET_BACK})
        return [_freshness(*row) for row in cursor.fetchall()]


def _freshness(name: str, state: str | None, sentence: str | None, read_at: datetime | None) -> Freshness:
    mirror = Mirror(name)
    known = SyncRun.State(state) if state else None
    return Freshness(mirror, str(mirror.label), read_at, known, _sentence(known, sentence or ""))


def _sentence(state: SyncRun.State | None, sentence: str) -> str:
    if state is None:
        return _("Not read yet.")
    return _("Being read now.") if state == SyncRun.State.RUNNING else sentence


def freshness_of(mirror: Mirror) -> Freshness:
    """Return the age and state of one mirror."""
    return next(found for found in freshness() if found.mirror == mirror)
