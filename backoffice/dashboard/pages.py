"""The first page of each role: figures, then lists, drawn from the queries and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.dashboard import control, queries
from backoffice.dashboard.chart import Chart, draw
from backoffice.dashboard.control import EXCEPTIONS
from backoffice.dashboard.words import (
    WHO_MOVES_IT_ON,
    request_url,
    since_of,
    title_of,
)
from backoffice.funding.badges import badge_of
from backoffice.funding.queries import unsettled_late_orders
from backoffice.funding.states import State
from backoffice.mirror.queries import Freshness, freshness
from backoffice.money import Money
from backoffice.reconciliation.badges import run_badge
from backoffice.reconciliation.days.open_days import OpenDays, open_days
from backoffice.reconciliation.exceptions.naming import verdict_label
from backoffice.reconciliation.models import Run
from backoffice.ui import times
from backoffice.ui.values import Action, Badge, Fact, Figure

IN_DOUBT = "/funding/?state=unknown&state=review"


@dataclass(frozen=True)
class RequestRow:
    """A request that waits for a decision."""

    request: Request
    now: datetime

    @property
    def url(self) -> str:
        return request_url(self.request.subject)

    @property
    def money(self) -> Money | None:
        return None if self.request.amount is None else Money(self.request.amount, self.request.asset)

    @property
    def waiting(self) -> str:
        return span(self.request.requested_at, self.now)

    @property
    def expires(self) -> str:
        return span(self.now, self.request.valid_until)


@dataclass(frozen=True)
class OperationRow:
    """An operation as a row of any of the lists."""

    operation: Any
    now: datetime

    @property
    def url(self) -> str:
        return str(self.operation.get_absolute_url())

    @property
    def title(self) -> str:
        return title_of(self.operation)

    @property
    def badge(self) -> Badge:
        return badge_of(self.operation)

    @property
    def since(self) -> str:
        return span(since_of(self.operation), self.now)

    @property
    def who(self) -> str:
        """Who moves it on; nobody while a freeze keeps it from being sent, where the query asked for that."""
        if self.operation.state == State.APPROVED and getattr(self.operation, "is_held", False):
            return _("Held by a freeze")
        return str(WHO_MOVES_IT_ON[State(self.operation.state)])

    @property
    def last_answer(self) -> str:
        return _(self.operation.last_answer) if self.operation.last_answer else _("Nothing heard yet")

    @property
    def next_lookup(self) -> str:
        """When the partner is asked again."""
        at = self.operation.next_lookup_at
        if at is None:
            return ""
        return _("in %(span)s") % {"span": span(self.now, at)} if at > self.now else _("now")


def page_for(person: Person) -> dict[str, Any]:
    """Everything the first page of this person draws."""
    now = timezone.now()
    builders = {
        Role.FINANCE: finance_page,
        Role.MANAGER: manager_page,
        Role.AUDITOR: auditor_page,
        Role.ADMINISTRATOR: administrator_page,
    }
    return {"mirrors": mirror_lines(freshness()), "clock": clock(now), **builders[Role(person.role)](person, now)}


# The roles ------------------------------------------------------------------------------------------------------------


def manager_page(person: Person, now: datetime) -> dict[str, Any]:
    """Decide: what waits for an approval, what is in doubt."""
    waiting = queries.requests_waiting(person, now)
    exceptions = queries.open_exceptions(person, now)
    days = open_days(now, queries.DAYS_NAMED)
    return {
        "figures": [
            approvals_figure(now, *queries.count_waiting(person, now)),
            doubt_figure(queries.doubt(), now),
            exceptions_figure(exceptions),
            control.days_figure(days, now),
        ],
        **kept_in_order(person, exceptions, days, now),
        "waiting": [RequestRow(request, now) for request in waiting[: queries.ROWS_SHOWN]],
        "has_queue": True,
        "actions": [Action(_("Review next"), request_url(waiting[0].subject), primary=True)] if waiting else [],
        **shared_by_readers(exceptions, now),
    }


def finance_page(person: Person, now: datetime) -> dict[str, Any]:
    """Follow: one's own operations on their way, and those that ended without effect."""
    mine = queries.on_their_way(person)
    exceptions = queries.open_exceptions(person, now)
    days = open_days(now, queries.DAYS_NAMED)
    return {
        "line": asked_line(queries.asked_today(queries.start_of_day(now))),
        "figures": [
            on_their_way_figure(mine.count(), mine.filter(state=State.PENDING_APPROVAL).count()),
            doubt_figure(queries.doubt(), now),
            control.own_figure(exceptions, person),
            control.days_figure_with_next(days, now),
        ],
        **kept_in_order(person, exceptions, days, now),
        "mine": [OperationRow(one, now) for one in mine[: queries.ROWS_SHOWN]],
        "has_own": True,
        "ended": [OperationRow(one, now) for one in queries.ended_without_effect(person, now)],
        "actions": [
            Action(_("Ask for withdrawal"), "/funding/withdraw/"),
            Action(_("Deposit"), "/funding/deposit/", icon="plus", primary=True),
        ],
        **shared_by_readers(exceptions, now),
    }


def auditor_page(person: Person, now: datetime) -> dict[str, Any]:
    """Read: what the log holds of today, what is in doubt, what the runs found."""
    log = queries.log_since(queries.start_of_day(now))
    exceptions = queries.open_exceptions(person, now)
    return {
        "figures": [
            Figure(_("Written to the log today"), log["written"], note=_("Entries"), url="/audit/"),
            Figure(_("Refused today"), log["refused"], note=_("Pages and actions"), tone=tone(log["refused"])),
            Figure(_("Exported today"), log["exported"], note=_("Files"), url="/exports/"),
            exceptions_figure(exceptions),
        ],
        "actions": [
            Action(_("Who funded what"), "/audit/who-funded-what/"),
            Action(_("Audit log"), "/audit/", primary=True),
        ],
        **shared_by_readers(exceptions, now),
    }


def administrator_page(_person: Person, now: datetime) -> dict[str, Any]:
    """Watch: people and health. Money is none of this role's business."""
    log = queries.log_since(queries.start_of_day(now))
    people = queries.people_by_role()
    return {
        "figures": [
            Figure(_("People who can sign in"), sum(people.values()), note=_("All roles")),
            Figure(_("Failed sign-ins today"), log["failed_sign_ins"], tone=tone(log["failed_sign_ins"])),
            Figure(_("Refused today"), log["refused"], note=_("Pages and actions"), tone=tone(log["refused"])),
        ],
        "people": [Fact(Role(role).label, people.get(role, 0)) for role in Role.values],
        "is_watching": True,
    }


def shared_by_readers(exceptions: queries.OpenExceptions, now: datetime) -> dict[str, Any]:
    """What everybody who may read money sees."""
    return {
        "in_doubt": [OperationRow(one, now) for one in queries.operations_in_doubt()],
        "shows_doubt": True,
        "late_orders": list(unsettled_late_orders()[: queries.ROWS_SHOWN]),
        "runs": [run_line(run) for run in queries.latest_runs()],
        "exceptions": exception_facts(exceptions),
        "chart": chart(now),
        "reads_money": True,
    }


def kept_in_order(person: Person, exceptions: queries.OpenExceptions, days: OpenDays, now: datetime) -> dict[str, Any]:
    """What those who work exceptions and days see of them: their own, and what is not closed."""
    return {
        "own": [control.OwnException(one, now) for one in queries.own_exceptions(person)],
        "own_count": exceptions.own,
        "own_url": control.own_url(person),
        "days": [control.DayLine(one) for one in days.newest],
    }


# Figures --------------------------------------------------------------------------------------------------------------


def approvals_figure(now: datetime, count: int, oldest: datetime | None) -> Figure:
    note = _("Oldest %(span)s") % {"span": span(oldest, now)} if oldest else _("Nobody waits for you")
    return Figure(_("Approvals waiting"), count, note=note, url="/approvals/")


def on_their_way_figure(count: int, waiting: int) -> Figure:
    note = ngettext("%(n)s waits for a manager", "%(n)s wait for a manager", waiting) % {"n": waiting}
    return Figure(_("On their way"), count, note=note if count else _("Nothing of yours is open"), url="/funding/")


def doubt_figure(doubt: queries.Doubt, now: datetime) -> Figure:
    total = str(Money(doubt.total, doubt.asset)) if doubt.total is not None else ""
    note = _("Oldest %(span)s") % {"span": span(doubt.since, now)} if doubt.since else _("Every outcome is proven")
    return Figure(_("In doubt"), doubt.count, unit=total, note=note, tone=tone(doubt.count), url=IN_DOUBT)


def exceptions_figure(exceptions: queries.OpenExceptions) -> Figure:
    """What is to be dealt with, as on the list of exceptions; whose it is, unless something is overdue."""
    label, count = _("Exceptions open"), exceptions.count
    if exceptions.overdue:
        return Figure(label, count, note=overdue_note(exceptions.overdue), tone="bad", url=EXCEPTIONS)
    own = ngettext("%(n)s is yours", "%(n)s are yours", exceptions.own) % {"n": exceptions.own}
    note = own if exceptions.own else _("None overdue") if count else _("Nothing to look at")
    return Figure(label, count, note=note, tone=tone(count), url=EXCEPTIONS)


def overdue_note(count: int) -> str:
    return ngettext("%(n)s overdue", "%(n)s overdue", count) % {"n": f"{count:,}"}


def tone(count: int) -> str:
    return "warn" if count else ""


# Lists and facts ------------------------------------------------------------------------------------------------------


def asked_line(asked: dict[str, int]) -> str:
    """What was asked for today, in words."""
    deposits = ngettext("%(n)s deposit", "%(n)s deposits", asked.get("deposit", 0)) % {"n": asked.get("deposit", 0)}
    withdrawals = ngettext("%(n)s withdrawal", "%(n)s withdrawals", asked.get("withdrawal", 0)) % {
        "n": asked.get("withdrawal", 0)
    }
    return _("Today: %(deposits)s, %(withdrawals)s asked") % {"deposits": deposits, "withdrawals": withdrawals}


@dataclass(frozen=True)
class RunLine:
    """One run: from when its window is, and how it came out."""

    label: str
    url: str
    badge: Badge


def run_line(run: Run) -> RunLine:
    start, _zone = times.moment(run.window_from, times.MomentStyle.SHORT)
    return RunLine(_("Run %(n)s, from %(start)s") % {"n": run.pk, "start": start}, run_url(run), run_badge(run))


def exception_facts(exceptions: queries.OpenExceptions) -> list[Fact]:
    """The open exceptions, by verdict."""
    return [Fact(verdict_label(verdict), count) for verdict, count in exceptions.by_verdict.items()]


@dataclass(frozen=True)
class MirrorLine:
    """One mirror: how old it is, and what its newest reading says where that is not well."""

    label: str
    read_at: datetime | None
    sentence: str


def mirror_lines(mirrors: list[Freshness]) -> list[MirrorLine]:
    return [MirrorLine(one.label, one.read_at, one.sentence if one.is_troubled else "") for one in mirrors]


def chart(now: datetime) -> Chart | None:
    """The drawing of the last days, or None when nothing was funded in them."""
    asset, totals = queries.funded_by_day(now)
    if not asset:
        return None
    return draw(asset, totals, last=timezone.localdate(now), days=queries.CHART_DAYS)


def clock(now: datetime) -> str:
    """The time of day, with its zone."""
    local = timezone.localtime(now)
    return f"{local:%H:%M} {local.tzname()}"


def run_url(run: Run) -> str:
    return reverse("reconciliation:run", args=[run.pk])


def span(start: datetime, end: datetime) -> str:
    return times.duration((end - start).total_seconds())
