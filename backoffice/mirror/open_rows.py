"""Rows that are not final yet are read again one by one until they are: a list may be long past them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from backoffice.database import clock
from backoffice.mirror import runs
from backoffice.mirror.incidents import report, report_vanished
from backoffice.mirror.models import SyncRun
from backoffice.mirror.targets import Row, Target, ToValues
from backoffice.mirror.upsert import upsert
from backoffice.partner.errors import PartnerRefused
from backoffice.partner.fields import Payload
from backoffice.worker.stopping import stop_if_asked

#: Of many open rows each run reads so many; ``keys`` gives those first that were read longest ago.
MOST_OPEN_ROWS: Final = 30
_NOT_FOUND: Final = 404


@dataclass(frozen=True)
class OpenRows:
    """``keys()`` names the rows that are not final, ``fetch(key)`` reads one of them at the partner."""

    keys: Callable[[], Sequence[Any]]
    fetch: Callable[[Any], Payload]
    to_values: ToValues


def read_open_rows(run: SyncRun, target: Target, open_rows: OpenRows) -> None:
    """Read open rows again, each committed by itself. One the partner no longer knows becomes an incident.

    :raises PartnerError: when the partner fails or refuses for another reason.
    :raises Stopping: when this process was asked to stop.
    """
    for key in open_rows.keys()[:MOST_OPEN_ROWS]:
        stop_if_asked()
        asked_at = clock.now()
        try:
            item = open_rows.fetch(key)
        except PartnerRefused as error:
            if error.status != _NOT_FOUND:
                raise
            report_vanished(target, [key])
        else:
            _store(run, target.singly, Row(open_rows.to_values(item), item.raw, asked_at))


@transaction.atomic
def _store(run: SyncRun, target: Target, row: Row) -> None:
    stored = upsert(target, [row])
    runs.advance(run, run.checkpoint, read=1, changed=stored.changed)
    report(target, stored)
