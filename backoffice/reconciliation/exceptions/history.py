"""The history of an exception, newest first: what was done to it, by whom, with which words."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from backoffice.money import format_amount
from backoffice.reconciliation.exceptions.feeds import NO_LONGER_LISTED
from backoffice.reconciliation.exceptions.naming import verdict_label
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem, Resolution, Severity
from backoffice.ui import times
from backoffice.ui.values import Event, Meaning

_Kind = ExceptionEvent.Kind
ICONS: Final[dict[str, str]] = {
    _Kind.ASSIGNED: "user-cog",
    _Kind.NOTE: "pencil",
    _Kind.LINK: "external-link",
    _Kind.READ_AGAIN: "refresh",
    _Kind.ASKED: "hourglass",
    _Kind.REFUSED: "x",
    _Kind.RESOLVED: "check",
    _Kind.CLEARED: "check",
    _Kind.REOPENED: "alert-triangle",
    _Kind.CHANGED: "alert-triangle",
}
MEANINGS: Final[dict[str, Meaning]] = {
    _Kind.RESOLVED: Meaning.POSITIVE,
    _Kind.CLEARED: Meaning.POSITIVE,
    _Kind.REOPENED: Meaning.WARNING,
    _Kind.CHANGED: Meaning.WARNING,
    _Kind.REFUSED: Meaning.NEGATIVE,
}


def history_of(item: ExceptionItem) -> list[Event]:
    """Every line of its history, newest first, ending with the run that saw it first."""
    rows = item.events.select_related("by", "run").order_by("-id")
    return [*(event_of(one) for one in rows), first_seen(item)]


def event_of(event: ExceptionEvent) -> Event:
    return Event(
        what=what_of(event),
        at=event.at,
        by=by_of(event),
        say=event.text,
        icon=ICONS.get(event.kind, "point"),
        meaning=MEANINGS.get(event.kind, Meaning.NEUTRAL),
    )


def first_seen(item: ExceptionItem) -> Event:
    by = _("Run %(n)s") % {"n": item.first_run_id}
    return Event(what=_("First seen"), at=item.opened_at, by=by, icon="point")


def by_of(event: ExceptionEvent) -> str:
    if event.by is not None:
        return event.by.name
    return _("Run %(n)s") % {"n": event.run_id} if event.run_id else _("By itself")


def what_of(event: ExceptionEvent) -> str:
    """One line, with what changed where that is a value."""
    words = {"before": event.before, "after": event.after}
    match event.kind:
        case _Kind.ASSIGNED:
            return _("Assigned to %(after)s") % {"after": event.after or _("nobody")}
        case _Kind.SEVERITY:
            labels = {name: str(Severity(text).label).lower() for name, text in words.items()}
            return _("Severity changed from %(before)s to %(after)s") % labels
        case _Kind.DUE:
            return _("Due on %(after)s") % {"after": moment_in(event.after)}
        case _Kind.CHANGED | _Kind.REOPENED if event.before:
            said = {"kind": event.get_kind_display(), "before": found_in(event.before), "after": found_in(event.after)}
            return _("%(kind)s: %(before)s, now %(after)s") % said
        case _Kind.CARRIED if event.after == Resolution.TIMING:
            return _("Carried forward: a matter of timing")
        case _Kind.CARRIED | _Kind.ASKED | _Kind.RESOLVED if event.after in Resolution.values:
            return ended_as(event)
        case _Kind.CLEARED if event.after == NO_LONGER_LISTED:
            return _("Cleared: CoinMENA no longer lists this order")
        case _Kind.LINK:
            return _("Link: %(after)s") % words
        case _:
            return str(event.get_kind_display())


def ended_as(event: ExceptionEvent) -> str:
    """What was done, how, and under which ticket or operation."""
    said = {"kind": event.get_kind_display(), "how": str(Resolution(event.after).label).lower(), "on": event.before}
    return _("%(kind)s: %(how)s, %(on)s") % said if event.before else _("%(kind)s: %(how)s") % said


def found_in(text: str) -> str:
    """Read what a run wrote of a discrepancy: verdict, difference and asset."""
    verdict, *rest = text.split(" ")
    if len(rest) != 2:
        return verdict_label(verdict).lower()
    return f"{verdict_label(verdict).lower()} {signed(rest[0])} {rest[1]}"


def signed(text: str) -> str:
    value = Decimal(text)
    return f"+{format_amount(value)}" if value > 0 else format_amount(value)


def moment_in(text: str) -> str:
    return times.written(datetime.fromisoformat(text))
