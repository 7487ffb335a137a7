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
from backoffice.approvals import pace, queries
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import ChangedByThePartner, MayHaveHappened, NotKnown, TakesEffectLater, subject_of
from backoffice.approvals.voices import spoken_by
from backoffice.ui import times

#: Who sees the queue; which requests is a matter of the role, and who decides is asked of each request apart.
READERS: Final = (Role.FINANCE, Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR)
OWN_REQUEST: Final = gettext_noop(
    "You cannot approve this: it is your own request. "
    "Nobody decides on what they asked for, and no setting changes that."
)


class Conflict(Exception):
    """Somebody or something was faster, or the content is no longer what was shown. The text is fit for staff."""


class NotYet(Conflict):
    """It cannot be done at this moment. Nothing is lost: the same can be done after the wait that the text names."""


class Slowed(NotYet):
    """A person approves faster than anybody reads."""


@dataclass(frozen=True)
class Reason:
    """Why a person may not decide. ``is_conflict``: the request changed, not the person's right (409, not 403).

    ``who_can`` are the names of those who can, where it is a matter of the person.
    """

    code: str
    sentence: str
    is_conflict: bool = False
    who_can: tuple[str, ...] = ()


def why_not_decide(
    person: Person,
    request: Request,
    now: datetime,
    shown: str | None = None,
    *,
    for_person: Person | None = None,
    approving: bool = False,
) -> Reason | None:
    """Say why ``person`` may not decide on ``request`` at ``now``; None means they may.

    :param shown: the fingerprint of what the person saw, where they are deciding and not only looking.
    :param for_person: whose voice is used, where it is not their own.
    :param approving: whether it is about an approval being given, which nobody may do faster than they can read.
    """
    return (
        _why_not_person(person, request, now)
        or (_why_not_voice(person, for_person, request, now) if for_person else None)
        or why_over(request, now, person)
        or _why_not_again(person, for_person or person, request)
        or (why_too_many(person, now) if approving else None)
        or _why_not_content(request, shown)
    )


def check_can_decide(
    person: Person,
    request: Request,
    now: datetime,
    shown: str | None = None,
    *,
    for_person: Person | None = None,
    approving: bool = False,
) -> None:
    """Refuse a decision that may not be made; the parameters are those of `why_not_decide`.

    :raises Refused: when this person may not decide on it.
    :raises Conflict: when nobody can any more, or the content changed; `Slowed` when they can in a moment.
    """
    reason = why_not_decide(person, request, now, shown, for_person=for_person, approving=approving)
    if reason is None:
        return
    if reason.code == "too_many":
        raise Slowed(reason.sentence)
    raise (Conflict if reason.is_conflict else Refused)(reason.sentence)


def not_known_yet(request: Request) -> NotKnown | None:
    """Say why nobody approves ``request`` before more is known, whoever they are; None where that is no question."""
    subject = subject_of(request)
    return subject.not_known_yet() if isinstance(subject, MayHaveHappened) else None


def check_is_known(request: Request) -> None:
    """Refuse an approval of what may have happened already.

    :raises NotYet: while nobody knows whether it has.
    """
    if unknown := not_known_yet(request):
        raise NotYet(unknown.sentence)


def can_refresh(person: Person, request: Request, now: datetime) -> bool:
    """Tell whether the partner is asked anew because ``person`` looks at the preview.

    Of what a decision waits on, asking is part of deciding: it is kept as evidence and can stop the decision, so it is
    done only for whoever may decide. Mere figures are read for everybody who sees the request.
    """
    is_evidence = isinstance(subject_of(request), ChangedByThePartner)
    return not is_evidence or why_not_decide(person, request, now) is None


def check_can_cancel(person: Person, request: Request, now: datetime) -> None:
    """Refuse taking back a request that is somebody else's or no longer waits.

    :raises Refused: for anybody but the person who asked.
    :raises Conflict: when it was decided, cancelled or expired meanwhile.
    """
    if person.pk != request.requested_by_id:
        raise Refused(_("Only %(name)s, who asked for it, can cancel it.") % {"name": request.requested_by.name})
    reason = why_over(request, now, person)
    if reason is not None:
        raise Conflict(reason.sentence)


def can_cancel(person: Person, request: Request, now: datetime) -> bool:
    """Tell whether cancelling is offered."""
    return person.pk == request.requested_by_id and why_over(request, now, person) is None


def why_not_take_back(person: Person, request: Request, now: datetime) -> Reason | None:
    """Say why ``person`` cannot take an approval of ``request`` back; None means they can.

    Whoever gave it may, in whatever role they are by now: it only ever keeps something from happening.
    """
    given = queries.decision_of(request, person)
    if given is None or given.verdict != Decision.Verdict.APPROVED:
        return Reason("not_yours", _("You have given no approval here that could be taken back."))
    if request.state == RequestState.APPROVED:
        return _why_not_undo(request)
    return why_over(request, now, person)


def check_can_take_back(person: Person, request: Request, now: datetime) -> None:
    """Refuse taking an approval back.

    :raises Refused: for whoever has not given one.
    :raises Conflict: when what was approved has begun, or the request ended otherwise.
    """
    reason = why_not_take_back(person, request, now)
    if reason is not None:
        raise (Conflict if reason.is_conflict else Refused)(reason.sentence)


def is_expired(request: Request, now: datetime) -> bool:
    """Tell whether the request's time is over, whether or not its row has been moved yet."""
    return request.state == RequestState.EXPIRED or (
        request.state == RequestState.WAITING and request.valid_until <= now
    )


# The person and the voice ---------------------------------------------------------------------------------------------


def _why_not_person(person: Person, request: Request, now: datetime) -> Reason | None:
    if person.pk == request.requested_by_id:
        return _of_the_person(person, "own_request", _(OWN_REQUEST), request, now)
    if person.pk == request.barred_id:
        return _of_the_person(person, "own_act", str(subject_of(request).words.barred.told), request, now)
    if not person.is_active:
        return _of_the_person(
            person, "deactivated", _("Your account is closed, so you decide on nothing."), request, now
        )
    if not person.is_manager:
        return _of_the_person(person, "not_a_manager", _("Only managers decide on requests."), request, now)
    return None


def _why_not_voice(person: Person, away: Person, request: Request, now: datetime) -> Reason | None:
    said = {"name": away.name}
    if away.pk == request.requested_by_id:
        text = _("You cannot decide on this for %(name)s: it is their own request.")
        return _of_the_person(person, "voice_of_requester", text % said, request, now)
    if away.pk == request.barred_id:
        text = str(subject_of(request).words.barred.told_for)
        return _of_the_person(person, "voice_of_barred", text % said, request, now)
    if not any(one.away_id == away.pk for one in queries.delegations_to(person, now)):
        text = _("%(name)s has not handed over to you, or not for today. You can decide in your own name.")
        return Reason("no_delegation", text % said)
    if not away.is_active or not away.is_manager:
        text = _("%(name)s is no manager any more, so nobody decides for them. You can decide in your own name.")
        return Reason("voice_lost", text % said)
    return None


def _of_the_person(person: Person, code: str, sentence: str, request: Request, now: datetime) -> Reason:
    """Add to ``sentence`` who can, or that it is over and nobody can."""
    over = why_over(request, now, person)
    if over is not None:
        return Reason(code, f"{sentence} {over.sentence}")
    names = tuple(person.name for person in queries.people_still_able(request))
    return Reason(code, f"{sentence} {_who_can(names, request)}", who_can=names)


def _who_can(names: tuple[str, ...], request: Request) -> str:
    if not names:
        return _("Nobody else can at the moment: an administrator has to invite a manager.")
    moment = times.written(request.valid_until, times.MomentStyle.SHORT)
    return _("%(names)s can, until %(moment)s.") % {"names": _(" or ").join(names), "moment": moment}


# The state ------------------------------------------------------------------------------------------------------------


def why_over(request: Request, now: datetime, reader: Person) -> Reason | None:
    """Say to ``reader`` why nobody decides on this any more; None while it waits."""
    if is_expired(request, now):
        return Reason("expired", _expired_sentence(request), True)
    if request.state != RequestState.WAITING:
        return Reason("already_decided", _decided_sentence(request, reader), True)
    return None


def _expired_sentence(request: Request) -> str:
    if request.closed_at is not None and request.closed_at < request.valid_until:
        return _("What this was about has changed, so it ended before its time. It can be asked for again.")
    return _("This request has expired: nobody decided in time. It can be asked for again.")


def _why_not_again(person: Person, voice: Person, request: Request) -> Reason | None:
    """A person counts once, and so does a voice."""
    given = queries.decision_of(request, person)
    if given is not None:
        names = tuple(one.name for one in queries.people_still_able(request))
        moment = times.written(given.decided_at, times.MomentStyle.SHORT)
        text = _("You approved this on %(moment)s. It needs somebody else as well.") % {"moment": moment}
        return Reason("decided_by_you", f"{text} {_who_can(names, request)}", True, names)
    spoken = queries.decision_with_voice(request, voice)
    if spoken is None:
        return None
    said = {"who": spoken.decided_by.name, "name": voice.name}
    if spoken.for_person_id == person.pk:
        return Reason("voice_used", _("%(who)s has approved this for you already.") % said, True)
    if spoken.for_person_id:
        return Reason("voice_used", _("%(who)s has approved this for %(name)s already.") % said, True)
    return Reason("voice_used", _("%(name)s has approved this already, so nobody else does it for them.") % said, True)


def _why_not_undo(request: Request) -> Reason | None:
    subject = subject_of(request)
    if not isinstance(subject, TakesEffectLater):
        sentence = _("What was approved took effect at once, so the approval cannot be taken back.")
        return Reason("in_effect", sentence, True)
    sentence = subject.why_not_taken_back(request.subject)
    return Reason("left_already", sentence, True) if sentence else None


def _decided_sentence(request: Request, reader: Person) -> str:
    decisions = queries.decisions_of(request)
    taken_back = [one for one in decisions if one.taken_back_at is not None]
    if request.state == RequestState.TAKEN_BACK and taken_back:
        last = max(taken_back, key=lambda one: one.taken_back_at or one.decided_at)
        return _("%(name)s has taken the approval back.") % {"name": last.decided_by.name}
    if request.state == RequestState.CANCELLED or not decisions:
        return _("%(name)s has cancelled this request.") % {"name": request.requested_by.name}
    return _last_word(decisions[-1], reader, is_approved=request.state == RequestState.APPROVED)


def _last_word(last: Decision, reader: Person, *, is_approved: bool) -> str:
    if last.decided_by_id == reader.pk and last.for_person_id is None:
        return _("You have approved this already.") if is_approved else _("You have rejected this already.")
    said = {"name": spoken_by(last)}
    if is_approved:
        return _("%(name)s has approved this already.") % said
    return _("%(name)s has rejected this already.") % said


# Pace and content -----------------------------------------------------------------------------------------------------


def why_too_many(person: Person, now: datetime) -> Reason | None:
    """Say that ``person`` approves faster than anybody reads, and when they can go on; None where they can now."""
    seconds = pace.seconds_to_wait(person, now)
    if not seconds:
        return None
    text = _(
        "You have approved %(most)s requests within a minute, which is more than anybody reads. "
        "Nothing is lost: approve this one in %(span)s."
    )
    return Reason("too_many", text % {"most": pace.MOST_IN_A_MINUTE, "span": times.duration(seconds)}, True)


def _why_not_content(request: Request, shown: str | None) -> Reason | None:
    subject = subject_of(request)
    current = subject.current_fingerprint(request.subject)
    if current == request.fingerprint and shown in (None, current):
        return None
    if current != request.fingerprint and isinstance(subject, ChangedByThePartner):
        return Reason("content_changed", subject.changed_sentence(request.subject), True)
    sentence = _("What you were shown is not what is stored now, so your decision was not taken. Read the page again.")
    return Reason("content_changed", sentence, True)
