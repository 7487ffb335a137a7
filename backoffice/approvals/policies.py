"""May this person decide on this request now, and if not, why not and who can?

One function answers, and the button, the server and the audit log all use it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals import queries
from backoffice.approvals.models import Request
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import ChangedByThePartner, subject_of
from backoffice.ui import times

#: Who sees the queue; who decides is asked of each request apart.
READERS: Final = (Role.FINANCE, Role.MANAGER, Role.AUDITOR)
OWN_REQUEST: Final = gettext_noop(
    "You cannot approve this: it is your own request. "
    "Nobody decides on what they asked for, and no setting changes that."
)


class Conflict(Exception):
    """Somebody or something was faster, or the content is no longer what was shown. The text is fit for staff."""


@dataclass(frozen=True)
class Reason:
    """Why a person may not decide. ``is_conflict``: the request changed, not the person's right (409, not 403)."""

    code: str
    sentence: str
    is_conflict: bool = False


def why_not_decide(person: Person, request: Request, now: datetime, shown: str | None = None) -> Reason | None:
    """Say why ``person`` may not decide on ``request`` at ``now``; None means they may.

    :param shown: the fingerprint of what the person saw, where they are deciding and not only looking.
    """
    return _why_not_person(person, request) or _why_not_state(person, request, now) or _why_not_content(request, shown)


def check_can_decide(person: Person, request: Request, now: datetime, shown: str | None = None) -> None:
    """Refuse a decision that may not be made.

    :raises Refused: when this person may not decide on it.
    :raises Conflict: when nobody can any more, or the content changed.
    """
    reason = why_not_decide(person, request, now, shown)
    if reason is not None:
        raise (Conflict if reason.is_conflict else Refused)(reason.sentence)


def check_can_cancel(person: Person, request: Request, now: datetime) -> None:
    """Refuse taking back a request that is somebody else's or no longer waits.

    :raises Refused: for anybody but the person who asked.
    :raises Conflict: when it was decided, cancelled or expired meanwhile.
    """
    if person.pk != request.requested_by_id:
        raise Refused(_("Only %(name)s, who asked for it, can cancel it.") % {"name": request.requested_by.name})
    reason = _why_not_state(person, request, now)
    if reason is not None:
        raise Conflict(reason.sentence)


def can_cancel(person: Person, request: Request, now: datetime) -> bool:
    """Tell whether cancelling is offered."""
    return person.pk == request.requested_by_id and _why_not_state(person, request, now) is None


def is_expired(request: Request, now: datetime) -> bool:
    """Tell whether the request's time is over, whether or not its row has been moved yet."""
    return request.state == RequestState.EXPIRED or (
        request.state == RequestState.WAITING and request.valid_until <= now
    )


def _why_not_person(person: Person, request: Request) -> Reason | None:
    if person.pk == request.requested_by_id:
        return Reason("own_request", _with_who_can(_(OWN_REQUEST), request))
    if person.pk == request.barred_id:
        return Reason("own_act", _with_who_can(_("You cannot decide on this: it would undo what you did."), request))
    if not person.is_manager or not person.is_active:
        return Reason("not_a_manager", _with_who_can(_("Only managers decide on requests."), request))
    return None


def _why_not_state(person: Person, request: Request, now: datetime) -> Reason | None:
    if is_expired(request, now):
        return Reason(
            "expired", _("This request has expired: nobody decided in time. It can be asked for again."), True
        )
    if request.state != RequestState.WAITING:
        return Reason("already_decided", _decided_sentence(request), True)
    if queries.decision_of(request, person) is not None:
        return Reason("decided_by_you", _("You have decided on this request already."), True)
    return None


def _why_not_content(request: Request, shown: str | None) -> Reason | None:
    subject = subject_of(request)
    current = subject.current_fingerprint(request.subject)
    if current == request.fingerprint and shown in (None, current):
        return None
    if current != request.fingerprint and isinstance(subject, ChangedByThePartner):
        return Reason("content_changed", subject.changed_sentence(request.subject), True)
    sentence = _("What you were shown is not what is stored now, so your decision was not taken. Read the page again.")
    return Reason("content_changed", sentence, True)


def _decided_sentence(request: Request) -> str:
    decision = request.decisions.order_by("-decided_at", "-id").select_related("decided_by").first()
    if request.state == RequestState.CANCELLED or decision is None:
        return _("%(name)s has cancelled this request.") % {"name": request.requested_by.name}
    template = (
        _("%(name)s has approved this already.")
        if request.state == RequestState.APPROVED
        else _("%(name)s has rejected this already.")
    )
    return template % {"name": decision.decided_by.name}


def _with_who_can(sentence: str, request: Request) -> str:
    able = queries.people_who_can_decide(request.requested_by_id, request.barred_id)
    names = _(" or ").join(person.name for person in able)
    if not names:
        return f"{sentence} " + _("Nobody else can at the moment: an administrator has to invite a manager.")
    moment = times.written(request.valid_until, times.MomentStyle.SHORT)
    who = _("%(names)s can, until %(moment)s.") % {"names": names, "moment": moment}
    return f"{sentence} {who}"
