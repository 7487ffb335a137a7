"""Write rows down together with whatever the partner did that it says it never does.

An incident is kept for people to see, and the audit log has an entry for it. The same incident is not reported again
by every sync that meets it; one that happens again is.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from backoffice.accounts.actors import System
from backoffice.audit.canonical import plain
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.mirror.models import Incident
from backoffice.mirror.targets import Row, Target
from backoffice.mirror.upsert import Contradiction, RefusedRow, Stored, upsert
from backoffice.partner.pages import UnreadableRow

CHANGED, NOT_STORED, NOT_READ, VANISHED = "changed", "not_stored", "not_read", "vanished"
NOT_BELIEVED: Final = "list_not_believed"
NOT_READ_AGAIN: Final = "not_read_again"
#: A list that leaves out more rows than this at once, and more than one of so many, is a fault rather than the truth.
MOST_GONE_AT_ONCE: Final = 20
ONE_OF: Final = 10
#: That a list is not believed, or a row not read again, is said anew after so long.
SAID_AGAIN_AFTER: Final = timedelta(days=1)
SYNC = System("Sync")
_LONGEST_OBJECT_ID = 128


@transaction.atomic
def store(target: Target, rows: Iterable[Row], unreadable: Sequence[UnreadableRow] = ()) -> Stored:
    """Mirror ``rows`` and report what is wrong with them, in one transaction.

    This is also how one row is mirrored outside a sync, such as the order a look-up brought. Call it as late in a
    transaction as can be: reporting holds the head of the audit log until the commit.
    """
    stored = upsert(target, rows)
    report(target, stored, unreadable)
    return stored


def report(target: Target, stored: Stored, unreadable: Sequence[UnreadableRow] = ()) -> None:
    """Report what was wrong with rows just written, as the last statement of their transaction."""
    for contradiction in stored.contradictions:
        _report_contradiction(target, contradiction)
    for refused in stored.refused:
        _report_refused(target, refused)
    for row in unreadable:
        _report_unreadable(target, row)


def count_not_taken(target: Target) -> int:
    """Count the different rows the partner gave that could not be read or stored."""
    given = Incident.objects.filter(mirror=target.mirror, kind__in=(NOT_READ, NOT_STORED))
    return given.values("object_id").distinct().count()


def is_believable(gone: int, held: int) -> bool:
    """Whether a list that leaves out ``gone`` of the ``held`` rows we know of may be the truth."""
    return gone <= MOST_GONE_AT_ONCE or gone * ONE_OF <= held


@transaction.atomic
def report_vanished(target: Target, keys: Sequence[Any], *, of: int | None = None) -> bool:
    """Keep on rows we hold that the partner no longer has them, and report each of them.

    A row that stays gone is reported once, and anew when it was back in between. Where the target does not keep since
    when rows are gone, nobody knows whether one was back: each is reported once.

    :param of: how many rows we hold of what was read, where a list left them out; None where the partner was asked for
        the very row. A list that leaves out too many of them is not believed: one incident says so, nothing is kept,
        and False comes back.
    """
    if of is not None and not is_believable(len(keys), of):
        _report_list(target, not_believed(len(keys), of))
        return False
    gone = _keep_gone(target, keys, is_listing=of is not None) if target.gone_at else _untold(target, keys)
    _report_gone(target, gone)
    return True


def report_unlisted(target: Target, keys: Sequence[Any], *, of: int, is_fresh_word: bool) -> str:
    """Keep and report rows that a list leaves out, and return why they are not believed to be gone; empty when they
    are. By a list that may come from a cache none is.

    :param of: how many rows we hold of what was read.
    """
    if keys and not is_fresh_word:
        doubt = _("The partner's list leaves out rows held here, but may come from a cache. None is taken for gone.")
        _report_list(target, doubt)
        return doubt
    return "" if report_vanished(target, keys, of=of) else not_believed(len(keys), of)


def report_denied(target: Target, key: Any) -> None:
    """Keep that the partner, asked for one row, no longer has it; not again for a day, for its list may go on showing
    it, and is believed then."""
    if not _said_lately(target, VANISHED, str(key)):
        report_vanished(target, [key])


@transaction.atomic
def report_unread(target: Target, key: Any, why: str) -> None:
    """Report that a row we hold could not be read again by itself; it stays as it was last read."""
    if not _said_lately(target, NOT_READ_AGAIN, str(key)):
        sentence = _("This row could not be read again, and is kept here as it was last read. %(why)s") % {"why": why}
        _write_down(target, NOT_READ_AGAIN, str(key), sentence, key=key, after={"not_read": why})


def _keep_gone(target: Target, keys: Sequence[Any], *, is_listing: bool) -> list[Any]:
    """Set since when rows are gone, and return the keys of those that were not gone until now; of a row that was found
    singly since, only another single answer says it anew."""
    standing = Q(**{f"{target.gone_at}__isnull": True})
    if not is_listing:
        standing |= Q(read_at__gt=F(target.gone_at))
    rows = target.model._default_manager.filter(standing, **{f"{target.key}__in": keys})
    # One order of keys for everybody, as where rows are written.
    found = list(rows.select_for_update().order_by(target.key).values_list(target.key, flat=True))
    now = clock.now()
    # Read later than now, it was read while the clock ran ahead, and would count as found singly since.
    gone = {target.gone_at: now, "read_at": Least("read_at", Value(now))}
    target.model._default_manager.filter(**{f"{target.key}__in": found}).update(**gone)
    return found


def _untold(target: Target, keys: Sequence[Any]) -> list[Any]:
    known = _known(target, VANISHED).filter(object_id__in=[str(key) for key in keys])
    reported = set(known.values_list("object_id", flat=True))
    return [key for key in keys if str(key) not in reported]


@transaction.atomic
def _report_list(target: Target, why: str) -> None:
    if not _said_lately(target, NOT_BELIEVED, ""):
        _write_down(target, NOT_BELIEVED, "", why)


def _said_lately(target: Target, kind: str, object_id: str) -> bool:
    now = clock.now()
    said = _known(target, kind).filter(object_id=object_id, seen_at__gt=now - SAID_AGAIN_AFTER)
    # Dated ahead, it was said while the clock ran ahead, and is no reason to keep silent for as long.
    return said.filter(seen_at__lte=now + clock.SET_BACK).exists()


def not_believed(gone: int, held: int) -> str:
    """Say that a list leaves out too much to be believed."""
    return _(
        "The partner's list leaves out %(gone)s of the %(held)s rows held here. So many at once are not believed to be"
        " gone."
    ) % {"gone": f"{gone:,}", "held": f"{held:,}"}


def _report_gone(target: Target, keys: Sequence[Any]) -> None:
    sentence = _("The partner's list no longer has this row. It is kept here as it was last read.")
    for key in keys:
        _write_down(target, VANISHED, str(key), sentence, key=key)


def _report_contradiction(target: Target, found: Contradiction) -> None:
    sentence = _("This row was final, and the partner now tells it otherwise: %(columns)s.") % {
        "columns": ", ".join(found.after)
    }
    _write_down(target, CHANGED, str(found.key), sentence, key=found.key, before=found.before, after=found.after)


def _report_refused(target: Target, refused: RefusedRow) -> None:
    digest = hashlib.sha256(refused.row.raw).hexdigest()
    sentence = _("The partner sent a row that cannot be stored: %(reason)s (digest %(digest)s).") % {
        "reason": refused.reason,
        "digest": digest,
    }
    _report_once(target, NOT_STORED, digest, sentence)


def _report_unreadable(target: Target, row: UnreadableRow) -> None:
    digest = hashlib.sha256(row.raw).hexdigest()
    sentence = _("The partner sent a row against its own contract: %(reason)s (digest %(digest)s).") % {
        "reason": row.reason,
        "digest": digest,
    }
    _report_once(target, NOT_READ, digest, sentence)


def _report_once(target: Target, kind: str, object_id: str, sentence: str) -> None:
    if not _known(target, kind).filter(object_id=object_id).exists():
        _write_down(target, kind, object_id, sentence)


def _known(target: Target, kind: str) -> QuerySet[Incident]:
    return Incident.objects.filter(mirror=target.mirror, kind=kind)


def _write_down(
    target: Target,
    kind: str,
    object_id: str,
    sentence: str,
    *,
    key: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    incident = Incident.objects.create(
        mirror=target.mirror,
        kind=kind,
        object_id=object_id[:_LONGEST_OBJECT_ID],
        sentence=sentence,
        before=_as_json(before),
        after=_as_json(after),
        seen_at=clock.now(),
    )
    record(
        "mirror.incident",
        by=SYNC,
        obj=target.instance(key) if key is not None else None,
        before=incident.before,
        after=incident.after,
        reason=sentence,
    )


def _as_json(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: plain(value) for name, value in values.items()}
