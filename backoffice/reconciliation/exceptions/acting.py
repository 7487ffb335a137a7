"""One act on one exception or on many: each row by itself, locked, and with a result of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.reconciliation.exceptions.policies import check_can_work
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem

#: As many as are worked at once; the rest is chosen again.
MOST_AT_ONCE: Final = 200

#: What is done to one locked exception, at a moment; returns the sentence of what was done.
Act = Callable[[ExceptionItem, datetime], str]


@dataclass(frozen=True)
class Result:
    """What became of one row: done, or why not."""

    item_id: int
    is_done: bool
    sentence: str


def each(ids: Iterable[int], act: Act, *, by: Person) -> list[Result]:
    """Do ``act`` to every exception of ``ids``, each in a transaction of its own, in their order.

    :raises Refused: for people who may only read.
    :raises Conflict: for more than `MOST_AT_ONCE`.
    """
    check_can_work(by)
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Conflict(_("At most %(most)s exceptions are worked at once. Choose fewer.") % {"most": MOST_AT_ONCE})
    return [one(item_id, act) for item_id in wanted]


def one(item_id: int, act: Act) -> Result:
    """Do ``act`` to one exception, or say why not: then nothing of it is kept."""
    try:
        with transaction.atomic():
            item = locked(item_id)
            if item is None:
                return Result(item_id, False, _("There is no such exception."))
            return Result(item_id, True, act(item, clock.now()))
    except Conflict as conflict:
        return Result(item_id, False, str(conflict))


def locked(item_id: int) -> ExceptionItem | None:
    """Lock one exception for the rest of the transaction and return it as it is now."""
    items = ExceptionItem.objects.select_for_update(of=("self",), no_key=True)
    return items.select_related("owner", "operation").filter(pk=item_id).first()


def change(item: ExceptionItem, **changes: Any) -> None:
    """Change a locked exception, in the database and in hand."""
    ExceptionItem.objects.filter(pk=item.pk).update(**changes)
    for name, value in changes.items():
        setattr(item, name, value)


def tell(item: ExceptionItem, kind: ExceptionEvent.Kind, *, by: Actor, at: datetime, **words: Any) -> None:
    """Add a line to the history of an exception: before, after, text, and the run it comes from."""
    person = None if isinstance(by, System) else by
    ExceptionEvent.objects.create(exception=item, kind=kind, at=at, by=person, **words)


def write_down(event: str, item: ExceptionItem, *, by: Actor, reason: str = "", **facts: Any) -> None:
    """Write the audit entry of an act: what it was about, and what changed."""
    after = {"exception": item.key, "verdict": item.verdict, **facts}
    record(event, by=by, obj=item, client=item.client, after=after, reason=reason)
