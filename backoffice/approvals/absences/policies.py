"""Who may hand over whose decisions to whom, and when. The database checks people and proof once more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals.models import Delegation
from backoffice.ui import times

#: Who hands over: a manager their own decisions, an administrator those of any manager.
MAKERS: Final = (Role.MANAGER, Role.ADMINISTRATOR)
LONGEST_ABSENCE: Final = timedelta(days=92)


class NotPossible(Exception):
    """What was typed cannot be handed over like that. The text is a sentence for whoever typed it."""


@dataclass(frozen=True, kw_only=True)
class Absence:
    """What is to be handed over: the decisions of ``away`` to ``stand_in`` in ``[begins_at, ends_at)``."""

    away: Person
    stand_in: Person
    begins_at: datetime
    ends_at: datetime


def check_can_hand_over(by: Person, planned: Absence, now: datetime) -> None:
    """Refuse handing over what may not be handed over, or not like that.

    :raises Refused: for whoever is neither the manager who is away nor an administrator.
    :raises NotPossible: when the people or the time do not fit.
    """
    if by.pk != planned.away.pk and not by.is_administrator:
        said = {"name": planned.away.name}
        raise Refused(_("Only %(name)s or an administrator can hand over what %(name)s decides.") % said)
    sentence = _why_not_people(planned) or _why_not_time(planned, now) or _why_not_beside_others(planned)
    if sentence:
        raise NotPossible(sentence)


def check_can_end(by: Person, delegation: Delegation, now: datetime) -> None:
    """Refuse ending an absence that is somebody else's matter or is over.

    :raises Refused: for anybody but the two people concerned and administrators.
    :raises NotPossible: when it is over already.
    """
    if by.pk not in (delegation.away_id, delegation.stand_in_id) and not by.is_administrator:
        said = {"name": delegation.away.name, "other": delegation.stand_in.name}
        raise Refused(_("Only %(name)s, %(other)s or an administrator can end this.") % said)
    if delegation.ended_at is not None or delegation.ends_at <= now:
        raise NotPossible(_("This absence is over already."))


def can_end(by: Person, delegation: Delegation, now: datetime) -> bool:
    """Tell whether ending it is offered."""
    try:
        check_can_end(by, delegation, now)
    except (Refused, NotPossible):
        return False
    return True


def _why_not_people(planned: Absence) -> str:
    if planned.away.pk == planned.stand_in.pk:
        return _("Nobody stands in for themselves: choose another manager.")
    for person in (planned.away, planned.stand_in):
        if not (person.is_manager and person.is_active):
            return _(
                "%(name)s is no manager. Decisions are handed over from one manager to another: it says whose voice is "
                "used and gives nobody a right that their role has not."
            ) % {"name": person.name}
    return ""


def _why_not_time(planned: Absence, now: datetime) -> str:
    if planned.ends_at <= planned.begins_at:
        return _("The last day comes before the first one.")
    if planned.begins_at < _start_of_today(now):
        return _("The first day is over. Hand over from today on, or from a later day.")
    if planned.ends_at - planned.begins_at > LONGEST_ABSENCE:
        return _("Hand over for at most three months, and again if need be.")
    return ""


def _start_of_today(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _why_not_beside_others(planned: Absence) -> str:
    """Nobody is away twice at once, and whoever stands in does not hand over what was handed to them."""
    meanwhile = Delegation.objects.filter(begins_at__lt=planned.ends_at, ends_at__gt=planned.begins_at, ended_at=None)
    meanwhile = meanwhile.select_related("away", "stand_in").order_by("begins_at", "id")
    own = meanwhile.filter(away=planned.away).first()
    if own:
        return _("%(name)s has handed over to %(other)s until %(moment)s already. End that first.") % _said(own)
    passed_on = meanwhile.filter(away=planned.stand_in).first()
    if passed_on:
        return _(
            "%(name)s is away then and has handed over to %(other)s until %(moment)s. What was handed over is not "
            "handed on: choose somebody who is in."
        ) % _said(passed_on)
    stands_in = meanwhile.filter(stand_in=planned.away).first()
    if stands_in:
        return _(
            "%(other)s decides for %(name)s until %(moment)s. What was handed over is not handed on: end that first, "
            "so that %(name)s can choose somebody else."
        ) % _said(stands_in)
    return ""


def _said(delegation: Delegation) -> dict[str, str]:
    return {
        "name": delegation.away.name,
        "other": delegation.stand_in.name,
        "moment": times.written(delegation.ends_at, times.MomentStyle.SHORT),
    }
