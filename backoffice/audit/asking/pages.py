"""What the pages of a person's day and of all events show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import Person
from backoffice.audit.asking import days
from backoffice.audit.asking.days import MOST_SHOWN
from backoffice.audit.events import SENTENCES
from backoffice.audit.pages import log_crumb
from backoffice.ui import times
from backoffice.ui.values import Action, Crumb, Fact, Figure, Link, Text

#: What the first part of an event's code speaks of.
AREAS: Final[dict[str, Text]] = {
    "access": gettext_lazy("Refusals"),
    "account": gettext_lazy("Changes of accounts"),
    "approval": gettext_lazy("Decisions"),
    "audit": gettext_lazy("The audit log"),
    "bulk": gettext_lazy("Files of operations"),
    "client": gettext_lazy("Clients"),
    "closing": gettext_lazy("Ends of operations by two people"),
    "day": gettext_lazy("Days"),
    "delegation": gettext_lazy("Decisions handed over"),
    "evidence": gettext_lazy("Evidence of closings"),
    "exception": gettext_lazy("Exceptions"),
    "export": gettext_lazy("Exports"),
    "factor": gettext_lazy("Second factors"),
    "file": gettext_lazy("Files that were checked"),
    "freeze": gettext_lazy("Freezes"),
    "funding": gettext_lazy("Sending"),
    "late_order": gettext_lazy("Orders that came late"),
    "ledger": gettext_lazy("Ledgers"),
    "mirror": gettext_lazy("Mirrors"),
    "operation": gettext_lazy("Operations"),
    "order": gettext_lazy("Orders"),
    "person": gettext_lazy("People and sign-ins"),
    "process": gettext_lazy("Processes"),
    "question": gettext_lazy("Questions kept"),
    "reconciliation": gettext_lazy("Reconciliation"),
    "recovery": gettext_lazy("Recovery codes"),
    "rules": gettext_lazy("Rules"),
    "schedule": gettext_lazy("Scheduled exports"),
    "seals": gettext_lazy("Seals"),
    "selftest": gettext_lazy("Control self-test"),
    "transaction": gettext_lazy("Transactions"),
}


# A person's day -------------------------------------------------------------------------------------------------------


def day_context(person: Person, day: date) -> dict[str, Any]:
    """Everything a person did on a day, in the order it was done."""
    done, found = list(days.done_by(person, day)[: MOST_SHOWN + 1]), days.figures_of(person, day)
    return {
        "person": person,
        "day": day,
        "title": _("%(name)s on %(day)s") % {"name": person.name, "day": times.day(day)},
        "figures": figures_of(found),
        "entries": done[:MOST_SHOWN],
        "is_cut": len(done) > MOST_SHOWN,
        "others": list(days.done_for(person, day)[:MOST_SHOWN]),
        "events": [Fact(SENTENCES.get(event, event), f"{n:,}") for event, n in days.events_of(person, day)],
        "actions": ways_from(person, day),
    }


def figures_of(found: days.Figures) -> list[Figure]:
    return [
        Figure(_("Entries"), found.entries),
        Figure(_("Refused or failed"), found.refused, tone="bad" if found.refused else ""),
        Figure(_("First to last"), span_of(found), note=str(timezone.get_current_timezone())),
        Figure(_("Addresses"), len(found.addresses), note=", ".join(found.addresses)),
    ]


def span_of(found: days.Figures) -> str:
    """From when to when somebody worked that day, to the minute: ``09:02 to 17:40``."""
    if found.first is None or found.last is None:
        return "\N{EN DASH}"
    first, last = (f"{timezone.localtime(at):%H:%M}" for at in (found.first, found.last))
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def ways_from(person: Person, day: date) -> list[Action]:
    """The days beside, and the list of the log with the same question."""
    asked = {"person": person.pk, "at_from": day.isoformat(), "at_to": day.isoformat()}
    before, after = day_address(person, day - timedelta(days=1)), day_address(person, day + timedelta(days=1))
    return [
        Action(_("Day before"), before, "chevron-left"),
        Action(_("Day after"), after, "chevron-right"),
        Action(_("In the list"), f"{reverse('audit:list')}?{urlencode(asked)}", "list-details"),
    ]


def day_address(person: Person, day: date) -> str:
    return f"{reverse('audit:day')}?{urlencode({'person': person.pk, 'day': day.isoformat()})}"


def day_crumbs() -> list[Crumb]:
    return [log_crumb(), Crumb(_("A person's day"))]


# Every event ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EventLine:
    """One event: its code, its sentence, and its newest entry where there is one."""

    code: str
    sentence: Text
    newest: Link | None

    @property
    def url(self) -> str:
        return f"{reverse('audit:list')}?{urlencode({'event': self.code})}"


@dataclass(frozen=True)
class Area:
    """The events that speak of one thing, and the name by which the page can be opened there."""

    code: str
    title: Text
    lines: list[EventLine]

    @property
    def anchor(self) -> str:
        return f"area-{self.code}"


def events_context() -> dict[str, Any]:
    """Every event the log knows, by what it speaks of."""
    newest = newest_of(SENTENCES)
    codes = sorted(SENTENCES, key=area_of)
    areas = [
        Area(code, AREAS.get(code, code), [line_of(event, newest) for event in of])
        for code, of in groupby(codes, area_of)
    ]
    return {
        "areas": sorted(areas, key=lambda area: str(area.title)),
        "crumbs": [log_crumb(), Crumb(_("Events"))],
        "line": [_("%(n)s events; a service can write no other") % {"n": len(SENTENCES)}],
    }


def area_of(code: str) -> str:
    return code.split(".", 1)[0]


def line_of(code: str, newest: dict[str, int]) -> EventLine:
    number = newest.get(code)
    link = Link(f"{number:,}", reverse("audit:entry", args=[number])) if number else None
    return EventLine(code, SENTENCES[code], link)


def newest_of(codes: Iterable[str]) -> dict[str, int]:
    """Return the number of the newest entry of each event: one look into the index on events for each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, newest.number FROM unnest(%s::text[]) AS code, LATERAL ("
            "SELECT number FROM audit_entry WHERE event = code ORDER BY number DESC LIMIT 1) AS newest",
            [list(codes)],
        )
        return dict(cursor.fetchall())
