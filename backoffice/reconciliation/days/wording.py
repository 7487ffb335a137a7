"""What a day and its states are called, and how they look."""

from datetime import date, datetime
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.reconciliation.days.nightly import missed_before
from backoffice.reconciliation.days.queries import Standing, day_of
from backoffice.reconciliation.models import Day, DayState
from backoffice.ui import times
from backoffice.ui.values import Badge, Meaning

BADGES: Final = {
    DayState.PREPARED: Badge(DayState.PREPARED.label, Meaning.INFO),
    DayState.SENT_BACK: Badge(DayState.SENT_BACK.label, Meaning.WARNING),
    DayState.REVIEWED: Badge(DayState.REVIEWED.label, Meaning.INFO),
    DayState.CLOSED: Badge(DayState.CLOSED.label, Meaning.POSITIVE, calm=True),
    DayState.REOPENED: Badge(DayState.REOPENED.label, Meaning.WARNING),
}


def name_of(day: date) -> str:
    """Name a day in full; the year is left out while it is this one."""
    return date_format(day, "l j F" if day.year == timezone.localdate().year else "l j F Y")


def state_badge(standing: Standing) -> Badge:
    """Where a day stands, in two words."""
    if standing.day is not None:
        return BADGES[DayState(standing.day.state)]
    if standing.date >= day_of(timezone.now()):
        return Badge(_("Not over yet"), calm=True)
    if standing.run is None:
        return Badge(_("Not reconciled"), Meaning.WARNING, calm=True)
    return Badge(_("Open"), Meaning.INFO) if standing.run.is_complete else Badge(_("Partial run"), Meaning.WARNING)


def drift_badge(count: int) -> Badge | None:
    """That a closed day is not as it was signed; nothing where it is."""
    if not count:
        return None
    return Badge(ngettext("%(n)s change since", "%(n)s changes since", count) % {"n": f"{count:,}"}, Meaning.NEGATIVE)


def unchecked_badge(day: Day | None) -> Badge | None:
    """That nobody knows what a closed day is now; nothing where its nightly check saw all of it."""
    return Badge(_("Not checked in full"), Meaning.WARNING) if why_unchecked(day) else None


def why_unchecked(day: Day | None) -> str:
    """Say why it is not known whether a closed day is as it was signed; empty when it was checked last night."""
    if day is None or day.state != DayState.CLOSED or day.closed_at is None:
        return ""
    if day.unchecked_because:
        return day.unchecked_because
    last = max(day.checked_at or day.closed_at, day.closed_at)
    if last >= missed_before(timezone.now()):
        return ""
    return _("A closed day is checked every night, and the nights since %(moment)s were missed.") % {
        "moment": times.written(last, times.MomentStyle.SHORT)
    }


def signed(name: str, at: datetime | None) -> str:
    """Say who did a step and when."""
    moment = times.written(at, times.MomentStyle.SHORT) if at else ""
    return _("%(name)s, %(moment)s") % {"name": name, "moment": moment}


def last_signature(day: Day) -> str:
    """Whose the newest signature is."""
    if day.state == DayState.CLOSED and day.closed_by:
        return signed(day.closed_by.name, day.closed_at)
    if day.reviewed_by and day.state in (DayState.REVIEWED, DayState.SENT_BACK):
        return signed(day.reviewed_by.name, day.reviewed_at)
    return signed(day.prepared_by.name, day.prepared_at)


def left_to_do(undone: int) -> str:
    """What keeps a day from being closed."""
    if not undone:
        return _("Nothing of it is open")
    return ngettext(
        "%(n)s exception to resolve or carry forward", "%(n)s exceptions to resolve or carry forward", undone
    ) % {"n": f"{undone:,}"}
