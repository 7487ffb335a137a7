"""The columns of the *In doubt* lane: how long, what comes next, and what rings."""

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.funding.badges import badge_of
from backoffice.funding.columns import AMOUNT, ASKED_BY, CLIENT, EFFECT, REFERENCE
from backoffice.funding.models import Operation
from backoffice.funding.queries import happened_at
from backoffice.funding.services.resolving import ALARM_AFTER
from backoffice.funding.states import State
from backoffice.ui import times
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.values import Badge, Meaning


def _time_in_doubt(operation: Operation) -> timedelta:
    now = timezone.now()
    return now - happened_at(operation.in_doubt_since or operation.requested_at, operation, now)


def doubt_of(operation: Operation) -> str:
    """How long nobody has known what became of it."""
    return times.duration(_time_in_doubt(operation).total_seconds())


def mark_of(operation: Operation) -> Badge | None:
    """What asks for people: the alarm from 15 minutes on, and the review at any age."""
    if _time_in_doubt(operation) >= ALARM_AFTER:
        return Badge(_("Alarm"), Meaning.NEGATIVE)
    return Badge(_("Two people"), Meaning.WARNING) if operation.state == State.REVIEW else None


def next_look(operation: Operation) -> str:
    """When the partner is asked again."""
    if operation.next_lookup_at is None or operation.next_lookup_at <= timezone.now():
        return gettext("now")
    left = (operation.next_lookup_at - timezone.now()).total_seconds()
    return gettext("in %(span)s") % {"span": times.duration(left)}


DOUBT_COLUMNS = Columns(
    REFERENCE,
    CLIENT,
    EFFECT,
    replace(AMOUNT, sort=""),
    Column(key="state", label=_("State"), kind=Kind.BADGE, value=badge_of),
    Column(key="doubt", label=_("In doubt for"), value=doubt_of, classes="one-line", on_phone=OnPhone.LABEL),
    Column(key="mark", label=_("Rings"), kind=Kind.BADGE, value=mark_of),
    Column(key="next", label=_("Next look-up"), value=next_look, classes="one-line", on_phone=OnPhone.LABEL),
    replace(ASKED_BY, on_phone=OnPhone.HIDE),
)
