"""Reconciliation on the first page: the exceptions a person owns, by when they are due, and the days not closed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.dashboard.queries import OpenExceptions
from backoffice.reconciliation.days.open_days import OpenDay, OpenDays
from backoffice.reconciliation.exceptions import naming
from backoffice.reconciliation.models import UNDONE, DayState
from backoffice.ui import times
from backoffice.ui.values import Badge, Figure, Meaning

EXCEPTIONS: Final = "/reconciliation/exceptions/"
DAYS: Final = "/reconciliation/"
#: A day that is open for longer than the one after it is late.
LATE_AFTER: Final = timedelta(days=2)


# Exceptions of one's own ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OwnException:
    """An exception a person owns, as a line: what is wrong, with what, by when it is due."""

    item: Any
    now: datetime

    @property
    def url(self) -> str:
        return reverse("reconciliation:exception", args=[self.item.pk])

    @property
    def verdict(self) -> str:
        return naming.verdict_label(self.item.verdict)

    @property
    def title(self) -> str:
        return naming.title_of(self.item)

    @property
    def badge(self) -> Badge:
        return due_badge(self.item.due_at, self.now)


def due_badge(due_at: datetime, now: datetime) -> Badge:
    """By when something is due: past, today, tomorrow, later. Days are the reader's."""
    due = timezone.localtime(due_at)
    if due_at < now:
        return Badge(_("Was due %(moment)s") % {"moment": written(due, now)}, Meaning.NEGATIVE)
    days = (due.date() - timezone.localdate(now)).days
    text = _("Due %(moment)s") % {"moment": written(due, now)}
    return Badge(text, {0: Meaning.NEGATIVE, 1: Meaning.WARNING}.get(days, Meaning.NEUTRAL))


def written(due: datetime, now: datetime) -> str:
    """The day, or the hour where that is today."""
    if due.date() != timezone.localdate(now):
        return times.day(due)
    return _("today, %(clock)s") % {"clock": f"{due:%H:%M}"}


def own_url(person: Person) -> str:
    """The worklist of what this person has to do something about."""
    return f"{EXCEPTIONS}?{urlencode({'owner': person.pk, 'state': [one.value for one in UNDONE]}, doseq=True)}"


def own_figure(exceptions: OpenExceptions, person: Person) -> Figure:
    """How many a person owns; what of them is late or due today, else how many there are in all."""
    label, url = _("Exceptions you own"), own_url(person)
    if exceptions.own_overdue:
        note = ngettext("%(n)s overdue", "%(n)s overdue", exceptions.own_overdue) % {"n": exceptions.own_overdue}
        return Figure(label, exceptions.own, note=note, tone="bad", url=url)
    if exceptions.own_due_today:
        note = ngettext("%(n)s due today", "%(n)s due today", exceptions.own_due_today)
        return Figure(label, exceptions.own, note=note % {"n": exceptions.own_due_today}, tone="bad", url=url)
    return Figure(label, exceptions.own, note=in_all(exceptions), url=url if exceptions.own else EXCEPTIONS)


def in_all(exceptions: OpenExceptions) -> str:
    if not exceptions.count:
        return _("Nothing to look at")
    late = exceptions.overdue
    if late:
        said = {"n": f"{exceptions.count:,}", "late": f"{late:,}"}
        return ngettext("%(n)s open in all, %(late)s overdue", "%(n)s open in all, %(late)s overdue", late) % said
    return ngettext("%(n)s open in all", "%(n)s open in all", exceptions.count) % {"n": f"{exceptions.count:,}"}


# Days not closed ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DayLine:
    """A day that is not closed, as a line: what it waits for."""

    day: OpenDay

    @property
    def url(self) -> str:
        return reverse("reconciliation:day", args=[self.day.date])

    @property
    def name(self) -> str:
        return date_format(self.day.date, "D j M")

    @property
    def badge(self) -> Badge:
        return waits_for(self.day)


def waits_for(day: OpenDay) -> Badge:
    """What has to be done next about a day that is not closed."""
    if day.state == DayState.PREPARED:
        return Badge(_("Waits for review"), Meaning.INFO)
    if day.undone:
        open_ones = ngettext("%(n)s exception open", "%(n)s exceptions open", day.undone)
        return Badge(open_ones % {"n": f"{day.undone:,}"}, Meaning.WARNING)
    if day.state == DayState.REVIEWED:
        return Badge(_("Waits to be closed"), Meaning.INFO)
    return Badge(_("To be prepared"), calm=True)


def days_figure(days: OpenDays, now: datetime) -> Figure:
    """How many days are over and not closed, and since when."""
    if days.oldest is None:
        return Figure(_("Days not closed"), 0, note=_("Every day that is over is closed"), url=DAYS)
    note = _("Since %(day)s") % {"day": date_format(days.oldest, "l j F")}
    late = timezone.localdate(now) - days.oldest > LATE_AFTER
    return Figure(_("Days not closed"), days.count, note=note, tone="warn" if late else "", url=DAYS)


def days_figure_with_next(days: OpenDays, now: datetime) -> Figure:
    """How many days are over and not closed, and what the newest two of them wait for."""
    if not days.newest:
        return days_figure(days, now)
    said = [
        _("%(day)s: %(waits)s") % {"day": times.day(one.date), "waits": str(waits_for(one).text).lower()}
        for one in days.newest[:2]
    ]
    return Figure(_("Days not closed"), days.count, note=", ".join(said), url=DAYS)
