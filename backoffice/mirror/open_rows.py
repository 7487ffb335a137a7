"""Rows that are not final yet are read again one by one until they are: a list may be long past them.

What a partner says of one row alone must not keep a whole list from being read in full, or one bad row closes no day
and releases no lock for ever. So such a row is named and the others are read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils.translation import ngettext

from backoffice.database import clock
from backoffice.mirror import runs
from backoffice.mirror.incidents import report, report_denied, report_unread
from backoffice.mirror.models import SyncRun
from backoffice.mirror.sentences import said_by
from backoffice.mirror.targets import Row, Target, ToValues
from backoffice.mirror.upsert import upsert
from backoffice.partner.errors import PartnerError, PartnerRefused, PartnerUnavailable, RateLimited
from backoffice.partner.fields import Payload
from backoffice.worker.stopping import stop_if_asked

#: Of many open rows each run reads so many; ``keys`` gives those first that were read longest ago.
MOST_OPEN_ROWS: Final = 30
#: After so many rows in a row without an answer the rest is left to the next run: each may take as long as a deadline.
MOST_UNANSWERED: Final = 3
_NOT_FOUND: Final = 404


@dataclass(frozen=True)
class OpenRows:
    """``keys()`` names the rows that are not final, ``fetch(key)`` reads one of them at the partner."""

    keys: Callable[[], Sequence[Any]]
    fetch: Callable[[Any], Payload]
    to_values: ToValues


def read_open_rows(run: SyncRun, target: Target, open_rows: OpenRows) -> str:
    """Read open rows again, each committed by itself, and say which could not be read; empty when all could.

    One the partner no longer knows becomes an incident, and so does one whose answer says nothing that can be used.

    :raises PartnerError: when the partner refuses whatever is asked, or no more may be asked of it.
    :raises Stopping: when this process was asked to stop.
    """
    unread, unanswered = list[tuple[Any, PartnerError]](), 0
    for key in open_rows.keys()[:MOST_OPEN_ROWS]:
        stop_if_asked()
        trouble = _read(run, target, open_rows, key)
        if trouble:
            unread.append((key, trouble))
        unanswered = unanswered + 1 if isinstance(trouble, PartnerUnavailable) else 0
        if unanswered == MOST_UNANSWERED:
            break
    return _unread_in_words(unread)


def _read(run: SyncRun, target: Target, open_rows: OpenRows, key: Any) -> PartnerError | None:
    """Read and keep one row; return why it could not be read, None where it was or the partner no longer has it."""
    asked_at = clock.now()
    try:
        item = open_rows.fetch(key)
    except PartnerError as error:
        if _concerns_all(error):
            raise
        # A gateway's or a cache's 404 is no refusal of the partner: it must not free what may yet be paid (§6, F35).
        if isinstance(error, PartnerRefused) and error.status == _NOT_FOUND:
            report_denied(target, key)
            return None
        if not isinstance(error, PartnerUnavailable):
            report_unread(target, key, said_by(error))
        return error
    _store(run, target.singly, Row(open_rows.to_values(item), item.raw, asked_at))
    return None


def _concerns_all(error: PartnerError) -> bool:
    """Whether the rows to come would meet the same; no answer to one may be about that one."""
    return error.concerns_all and (isinstance(error, RateLimited) or not isinstance(error, PartnerUnavailable))


def _unread_in_words(unread: Sequence[tuple[Any, PartnerError]]) -> str:
    if not unread:
        return ""
    key, error = unread[0]
    counted = ngettext(
        "%(count)s open row could not be read again: %(key)s.",
        "%(count)s open rows could not be read again, the first of them %(key)s.",
        len(unread),
    ) % {"count": f"{len(unread):,}", "key": key}
    return f"{counted} {said_by(error)}"


@transaction.atomic
def _store(run: SyncRun, target: Target, row: Row) -> None:
    stored = upsert(target, [row])
    runs.advance(run, run.checkpoint, read=1, changed=stored.changed)
    report(target, stored)
