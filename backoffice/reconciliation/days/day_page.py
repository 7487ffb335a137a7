"""What the page of a day shows: its three steps, its figures, its exceptions, what is carried, what drifted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.accounts.models import Person
from backoffice.audit.queries import history_of
from backoffice.database import clock
from backoffice.money import exact_sum
from backoffice.reconciliation import pages
from backoffice.reconciliation import policies as reconciling
from backoffice.reconciliation.balances import queries as balances
from backoffice.reconciliation.comparing.effects import sides_of
from backoffice.reconciliation.comparing.titles import window_text
from backoffice.reconciliation.comparing.totals import AssetTotal
from backoffice.reconciliation.days import policies, queries, wording
from backoffice.reconciliation.days.drift_page import count_of, cut_note, drift_rows
from backoffice.reconciliation.days.policies import why_not
from backoffice.reconciliation.days.queries import Standing
from backoffice.reconciliation.days.steps import buttons_of, steps_of
from backoffice.reconciliation.exceptions import naming
from backoffice.reconciliation.exceptions.pages import work_url
from backoffice.reconciliation.exceptions.policies import can_work
from backoffice.reconciliation.exceptions.telling import Told, told_of
from backoffice.reconciliation.models import (
    UNDONE,
    DayState,
    ExceptionEvent,
    ExceptionItem,
    ExceptionState,
    Finding,
    Run,
    Sighting,
    Source,
    Verdict,
)
from backoffice.reconciliation.pages import Pill
from backoffice.ui.columns import Columns
from backoffice.ui.filters import ChoicesFilter
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Listing, ListingPage
from backoffice.ui.values import Action, Amount, Badge, Crumb, Fact, Link, Meaning

ALL: Final = "all"
OPEN: Final = "open"
GROUPS: Final = {
    ALL: list(ExceptionState.values),
    OPEN: [state.value for state in UNDONE],
    **{one.value: [one.value] for one in (ExceptionState.CARRIED, ExceptionState.RESOLVED, ExceptionState.CLEARED)},
}
LABELS: Final = {
    ALL: gettext_lazy("All"),
    OPEN: gettext_lazy("Open"),
    ExceptionState.CARRIED.value: gettext_lazy("Carried forward"),
    ExceptionState.RESOLVED.value: gettext_lazy("Resolved"),
    ExceptionState.CLEARED.value: gettext_lazy("Cleared"),
}
#: States in which the page speaks of the run that was prepared, and not of the newest one.
ON_ITS_RUN: Final = (DayState.PREPARED, DayState.REVIEWED, DayState.CLOSED)
CARRIED_SHOWN: Final = 20


def shown(rows: QuerySet[Any], names: list[str]) -> QuerySet[Any]:
    """Keep the exceptions of the groups named."""
    return rows.filter(state__in=[state for name in names for state in GROUPS[name]])


class DayFilters(django_filters.FilterSet):  # type: ignore[misc]
    """The one filter of a day's exceptions: `?show=open`."""

    show = ChoicesFilter(
        choices=list(LABELS.items()), label=gettext_lazy("State"), any_label=gettext_lazy("All"), search=shown
    )


DAY_EXCEPTIONS: Final = Listing(
    name="day-exceptions",
    title=gettext_lazy("Exceptions"),
    columns=Columns(),
    sorts=(Sort("verdict", gettext_lazy("Verdict"), ("rank", "verdict", "id"), descending=False),),
    filterset=DayFilters,
)


def day_context(day: date, person: Person, params: QueryDict, now: datetime) -> dict[str, Any]:
    """Everything the page of a day shows to ``person``."""
    signed = queries.days().filter(pk=day).first()
    newest = queries.runs_of(day).first()
    run = signed.run if signed is not None and signed.state in ON_ITS_RUN else newest
    counts = queries.counts_of(day)
    standing = Standing(day, signed, newest, counts, 0)
    drifts = drift_rows(signed)
    drifted = count_of(signed, drifts)
    page = ListingPage(DAY_EXCEPTIONS, params, queries.exceptions_of(day))
    return {
        "day": day,
        "signed": signed,
        "run": run,
        "newest": newest,
        "title": _("Reconciliation of %(day)s") % {"day": wording.name_of(day)},
        "badge": wording.state_badge(standing),
        "drift_badge": wording.drift_badge(drifted),
        "crumbs": [Crumb(_("Reconciliation"), reverse("reconciliation:days")), Crumb(day.isoformat())],
        "window": window_of(day, run),
        "before": run_before(run),
        "is_overtaken": bool(run and newest and run.digest != newest.digest),
        "steps": steps_of(standing, person, now),
        "buttons": buttons_of(standing, person, now),
        "again": again_of(day, person, standing, now),
        "can_check": signed is not None and not why_not(lambda: policies.check_can_ask_to_check(person, signed)),
        "can_work": can_work(person),
        "group_url": f"{reverse('reconciliation:exceptions')}?day_from={day}&day_to={day}",
        "unchecked_badge": wording.unchecked_badge(signed),
        "why_unchecked": wording.why_unchecked(signed),
        "balances_unproven": why_balances_unproven(),
        "to_balances": Action(_("Balances"), reverse("reconciliation:balances")),
        "drifts": drifts,
        "drift_note": cut_note(drifted, drifts),
        "reports": queries.reports_of(day) if signed else [],
        "carried": carried_of(day, now),
        "history": history_of(signed) if signed else [],
        **figures_of(run, counts),
        **exceptions_context(page, params, run, counts),
    }


def window_of(day: date, run: Run | None) -> str:
    """The window in words; where there is no run yet, as one would have it."""
    window = queries.window_of(day)
    return window_text(run or Run(window_from=window.start, window_to=window.end))


def run_before(run: Run | None) -> Run | None:
    """The run of this day before the one shown."""
    if run is None:
        return None
    same = Run.objects.filter(source=run.source, client=None, window_from=run.window_from, window_to=run.window_to)
    return same.filter(pk__lt=run.pk).order_by("-pk").first()


def again_of(day: date, person: Person, standing: Standing, now: datetime) -> dict[str, str] | None:
    """The window to reconcile again, for whoever may; nothing for a closed day, or one that has not begun to end."""
    window = queries.window_of(day)
    if not reconciling.can_reconcile(person) or standing.is_closed or window.start >= now:
        return None
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}


# Figures --------------------------------------------------------------------------------------------------------------


def why_balances_unproven() -> str:
    """Say why the newest proof of the balances could not prove them all; empty when it could, or there is none."""
    proven = balances.newest(Source.BALANCES)
    return "" if proven is None or proven.is_complete else proven.incomplete_because


def figures_of(run: Run | None, counts: Any) -> dict[str, Any]:
    """The strip and both sides."""
    return {
        "rate": pages.rate_of(run) if run else "–",
        "gauge": pages.gauge_of(run) if run else None,
        "exceptions_count": sum(counts.values()),
        "exceptions_note": exceptions_note(counts),
        "exceptions_tone": "warn" if sum(counts[state] for state in UNDONE) else "",
        "assets": [pages.asset_line(AssetTotal.from_json(kept)) for kept in run.totals] if run else [],
    }


def exceptions_note(counts: Any) -> str:
    """How many are open, and how the others ended: ``2 open, 1 cleared by partner data``."""
    parts = [
        (_("%(n)s open"), sum(counts[state] for state in UNDONE)),
        (_("%(n)s carried forward"), counts[ExceptionState.CARRIED]),
        (_("%(n)s resolved"), counts[ExceptionState.RESOLVED]),
        (_("%(n)s cleared by partner data"), counts[ExceptionState.CLEARED]),
    ]
    return ", ".join(text % {"n": f"{count:,}"} for text, count in parts if count) or _("Nothing to look at")


# Exceptions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemRow:
    """One exception of the day as a row; `told` and `note` are there when it is opened."""

    item: Any
    finding: Finding | None
    told: Told | None
    note: ExceptionEvent | None
    now: datetime

    @property
    def is_open(self) -> bool:
        return self.told is not None

    @property
    def title(self) -> str:
        return naming.title_of(self.item)

    @property
    def sub(self) -> object:
        if self.item.verdict == Verdict.EXTRA_AT_PARTNER:
            return naming.alone_of(self.item)
        return naming.sub_of(self.item)

    @property
    def ours(self) -> Amount | None:
        return pages.amount(self.finding.our_amount, self.finding.our_asset) if self.finding else None

    @property
    def difference(self) -> Amount | None:
        known = naming.difference_of(self.item)
        if known is not None or self.finding is None:
            return known
        return pages.difference(sides_of(self.finding).difference)

    @property
    def owner(self) -> object:
        return naming.owner_of(self.item)

    @property
    def severity(self) -> Badge:
        return naming.severity_badge(self.item)

    @property
    def due(self) -> object:
        return naming.due_of(self.item, self.now)

    @property
    def state(self) -> Badge:
        if self.item.state == ExceptionState.CLEARED:
            text = _("Cleared by partner data, run %(n)s") % {"n": self.item.last_run_id}
            return Badge(text, Meaning.POSITIVE, calm=True)
        return naming.state_badge(self.item)

    @property
    def url(self) -> str:
        return reverse("reconciliation:exception", args=[self.item.pk])

    @property
    def read_again_url(self) -> str:
        return work_url("read", [self.item.pk])

    @property
    def is_undone(self) -> bool:
        return self.item.state in UNDONE

    @property
    def facts(self) -> list[Fact]:
        """What stands beside the tests."""
        first = self.item.first_run_id
        return [
            Fact(_("Difference"), self.difference),
            Fact(_("Owner"), self.owner),
            Fact(_("Due"), self.due),
            Fact(_("First seen"), Link(_("Run %(n)s") % {"n": first}, reverse("reconciliation:run", args=[first]))),
            *([Fact(_("Ticket"), self.item.ticket)] if self.item.ticket else []),
            *([Fact(_("Why"), self.item.resolution_text)] if self.item.resolution_text else []),
        ]


@dataclass(frozen=True)
class Group:
    """The exceptions of one verdict on this page, with what they come to by asset."""

    label: str
    count: int
    differences: tuple[Amount, ...]
    rows: tuple[ItemRow, ...]


def exceptions_context(page: ListingPage, params: QueryDict, run: Run | None, counts: Any) -> dict[str, Any]:
    """The table of exceptions, its pills, and which row is opened."""
    show = params.get("show", "") or ALL
    return {
        "page": page,
        "page_token": params.get("page", ""),
        "show": show,
        "pills": pills_of(counts, show),
        "findings": findings_of(run),
        "groups": groups_of(page.keyset.rows, pages.opened_in(params)),
    }


def pills_of(counts: Any, show: str) -> list[Pill]:
    """The choices by state, each with how many it holds."""
    return [
        Pill(str(label), sum(counts[state] for state in GROUPS[name]), name, name == show)
        for name, label in LABELS.items()
    ]


def findings_of(run: Run | None) -> list[Link]:
    """The ways to the rows that are no exceptions, on the page of the run."""
    if run is None:
        return []
    address = reverse("reconciliation:run", args=[run.pk])
    verdicts = (Verdict.MATCHED, Verdict.TOO_EARLY, Verdict.MIRROR_BEHIND)
    return [Link(one.label, f"{address}?show={one}", f"{run.counts.get(one, 0):,}") for one in verdicts]


def groups_of(items: Sequence[Any], opened: int | None) -> list[Group]:
    """Arrange the exceptions of a page under their verdicts, in the order they come."""
    found, now = latest_findings(items), clock.now()
    rows = [row_of(item, found.get(item.pk), item.pk == opened, now) for item in items]
    return [group_of(verdict, list(some)) for verdict, some in groupby(rows, key=lambda row: row.item.verdict)]


def row_of(item: Any, finding: Finding | None, is_open: bool, now: datetime) -> ItemRow:
    if not is_open:
        return ItemRow(item, finding, None, None, now)
    notes = item.events.filter(kind=ExceptionEvent.Kind.NOTE).select_related("by").order_by("-id")
    return ItemRow(item, finding, told_of(item), notes.first(), now)


def latest_findings(items: Iterable[Any]) -> dict[int, Finding]:
    """The newest finding of each exception, in one query."""
    seen = Sighting.objects.filter(exception__in=[one.pk for one in items], finding__isnull=False)
    newest = seen.order_by("exception", "-run").distinct("exception").select_related("finding")
    return {one.exception_id: one.finding for one in newest if one.finding is not None}


def group_of(verdict: str, rows: list[ItemRow]) -> Group:
    by_asset: dict[str, list[Any]] = {}
    for row in rows:
        if row.difference is not None:
            by_asset.setdefault(row.difference.asset, []).append(row.difference.amount)
    sums = ((asset, exact_sum(amounts)) for asset, amounts in sorted(by_asset.items()))
    amounts = tuple(Amount(total, asset, difference=True) for asset, total in sums if total)
    return Group(naming.verdict_label(verdict), len(rows), amounts, tuple(rows))


# Carried --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CarriedRow:
    """One exception that is carried forward, with its age in days."""

    item: Any
    age: str

    @property
    def title(self) -> str:
        return naming.title_of(self.item)

    @property
    def sub(self) -> object:
        return naming.sub_of(self.item)

    @property
    def url(self) -> str:
        return reverse("reconciliation:exception", args=[self.item.pk])

    @property
    def difference(self) -> Amount | None:
        return naming.difference_of(self.item)


def carried_of(day: date, now: datetime) -> dict[str, Any]:
    """What is carried forward from this day and those before it: the oldest ones, and how many there are."""
    carried = queries.carried_up_to(day)
    count = carried.count()
    rows = [CarriedRow(one, age_in_words(one, now)) for one in carried[:CARRIED_SHOWN]] if count else []
    return {"count": count, "rows": rows, "more": count - len(rows)}


def age_in_words(item: ExceptionItem, now: datetime) -> str:
    days = (queries.day_of(now) - item.day).days
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
