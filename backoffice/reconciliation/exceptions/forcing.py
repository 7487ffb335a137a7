"""End an exception although both sides still differ: one person asks with a reason, a manager agrees.

Nothing on either side changes by it. What is decided on is fixed by a fingerprint over the exception and its newest
sighting, so that a run that finds it changed overtakes the request.
"""

import hashlib
import json
import re
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.money import format_amount, to_plain
from backoffice.reconciliation.exceptions.acting import change, locked, tell, write_down
from backoffice.reconciliation.exceptions.policies import check, why_not_force
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem, ExceptionState, Resolution

KIND: Final = "resolution"
VERSION: Final = 1
_KEY: Final = re.compile(r"exception-([0-9]{1,18})-([0-9]{1,9})")


def ask(item: ExceptionItem, resolution: Resolution, text: str, *, by: Person, now: datetime) -> Request:
    """Ask a manager to end a locked exception by force.

    :raises Conflict: when it ended, waits already, or cannot end this way.
    """
    check(why_not_force(item, resolution))
    change(item, resolution=resolution, resolution_text=text)
    request = ask_for_approval(
        kind=KIND,
        subject=f"exception-{item.pk}-{requests_for(item) + 1}",
        title=title_of(item, resolution),
        fingerprint=fingerprint_of(item),
        rule=rule_demanded(Facts(kind=RuleKind.RESOLUTION)),
        by=by,
        now=now,
        client=item.client,
        reason=text,
    )
    change(item, state=ExceptionState.WAITING, approval=request)
    tell(item, ExceptionEvent.Kind.ASKED, by=by, at=now, after=resolution, text=text)
    write_down(
        "exception.resolution_asked", item, by=by, reason=text, resolution=resolution.value, request=request.subject
    )
    return request


def end(request: Request, *, by: Person, note: str, now: datetime) -> None:
    """End the exception that ``request`` is about, inside the transaction that approves it.

    :raises Conflict: when a run changed or cleared it meanwhile.
    """
    item = named(request.subject)
    if item.state != ExceptionState.WAITING or item.approval_id != request.pk:
        raise Conflict(overtaken_sentence())
    change(item, state=ExceptionState.RESOLVED, ended_at=now, resolved_by=request.requested_by)
    words = {"after": item.resolution, "text": note or item.resolution_text}
    tell(item, ExceptionEvent.Kind.RESOLVED, by=by, at=now, **words)
    facts = {"resolution": item.resolution, "request": request.subject, "asked_by": request.requested_by.name}
    write_down("exception.resolved", item, by=by, reason=note or item.resolution_text, **facts)


def let_go(request: Request, event: str, *, by: Actor, now: datetime, note: str = "") -> None:
    """Open the exception again that nobody agreed to end; one that a run took back already stays as it is."""
    item = named(request.subject)
    if item.state == ExceptionState.WAITING and item.approval_id == request.pk:
        change(item, state=ExceptionState.OPEN, resolution="", resolution_text="", approval=None)
        tell(item, ExceptionEvent.Kind.REFUSED, by=by, at=now, text=note)
    write_down(event, item, by=by, reason=note, request=request.subject)


def title_of(item: ExceptionItem, resolution: Resolution) -> str:
    """Name the request in a queue. Stored, so in no reader's language."""
    what = item.verdict.replace("_", " ")
    how_much = "" if item.difference is None else f" by {format_amount(item.difference)} {item.asset}"
    return f"Exception {item.pk}, {what}{how_much}: {resolution.value.replace('_', ' ')}"


def named(key: str) -> ExceptionItem:
    """Lock the exception a request is about and return it.

    :raises ValueError: for a key that is none.
    """
    item = locked(id_in(key))
    if item is None:
        raise ValueError(f"{key} names no exception")
    return item


def id_in(key: str) -> int:
    """Read the exception's id from a request's subject.

    :raises ValueError: for a key that is none.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key} names no exception")
    return int(found[1])


def requests_for(item: ExceptionItem) -> int:
    """Count how often somebody asked to end it."""
    return Request.objects.filter(kind=KIND, subject__startswith=f"exception-{item.pk}-").count()


def fingerprint_of(item: ExceptionItem) -> str:
    """Return the digest of what a manager agrees to, as 64 hexadecimal digits."""
    content = {"version": VERSION, **facts_of(item)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def facts_of(item: ExceptionItem) -> dict[str, Any]:
    sighting = item.sightings.order_by("-run_id").values_list("pk", flat=True).first()
    return {
        "exception": item.pk,
        "key": item.key,
        "verdict": item.verdict,
        "client": item.client,
        "order": item.order_id,
        "asset": item.asset,
        "difference": None if item.difference is None else to_plain(item.difference),
        "at_risk": None if item.at_risk is None else to_plain(item.at_risk),
        "sighting": sighting,
        "resolution": item.resolution,
        "text": item.resolution_text,
    }


def overtaken_sentence() -> str:
    """Say that a run was faster."""
    return _("A later run found this exception changed, so what was asked for is overtaken. Nothing was decided.")
