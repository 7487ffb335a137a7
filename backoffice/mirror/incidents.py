"""Write rows down together with whatever the partner did that it says it never does.

An incident is kept for people to see, and the audit log has an entry for it. The same incident is not reported again
by every sync that meets it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
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


@transaction.atomic
def report_vanished(target: Target, keys: Sequence[Any]) -> None:
    """Report rows we hold that the partner's list no longer has, each of them once."""
    sentence = _("The partner's list no longer has this row. It is kept here as it was last read.")
    known = _known(target, VANISHED).filter(object_id__in=[str(key) for key in keys])
    reported = set(known.values_list("object_id", flat=True))
    for key in keys:
        if str(key) not in reported:
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
