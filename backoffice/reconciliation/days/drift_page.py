"""What changed after a day was closed, as rows: what was signed, what it is now."""

from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.reconciliation.days import queries
from backoffice.reconciliation.exceptions.naming import verdict_label
from backoffice.reconciliation.models import Day, DayReport, DayState, Drift, ExceptionItem, Source
from backoffice.ui.values import Badge, Link, Meaning, Reference

SHOWN: Final = 50
#: How the fields of a row are called, in the order they are told.
NAMES: Final = {
    "verdict": gettext_lazy("verdict"),
    "our_state": gettext_lazy("our state"),
    "our_amount": gettext_lazy("our amount"),
    "our_asset": gettext_lazy("our asset"),
    "our_type": gettext_lazy("our type"),
    "our_client": gettext_lazy("our client"),
    "their_status": gettext_lazy("CoinMENA's status"),
    "their_amount": gettext_lazy("CoinMENA's amount"),
    "their_opposite_amount": gettext_lazy("CoinMENA's other side"),
    "their_asset": gettext_lazy("CoinMENA's asset"),
    "their_type": gettext_lazy("CoinMENA's type"),
    "their_client": gettext_lazy("CoinMENA's client"),
    "order": gettext_lazy("order"),
    "reference": gettext_lazy("reference"),
    "same_reference_count": gettext_lazy("orders under the reference"),
}
#: What a row that appeared or vanished is told by.
TOLD: Final = ("verdict", "their_amount", "their_asset", "their_status", "our_amount", "our_asset", "our_state")


@dataclass(frozen=True)
class DriftRow:
    """One change: what it is about, what was signed, what it is now."""

    drift: Drift
    item_id: int | None = None

    @property
    def exception_url(self) -> str:
        """The page of the exception that follows from it, where there is one."""
        return reverse("reconciliation:exception", args=[self.item_id]) if self.item_id else ""

    @property
    def still(self) -> bool:
        """Whether it is not as signed even now."""
        return bool(self.drift.before != self.drift.after)

    @property
    def about(self) -> object:
        side = self.drift.after or self.drift.before or {}
        kind, _colon, name = self.drift.key.partition(":")
        if kind == "operation":
            return Reference(name, reverse("funding:detail", args=[name]))
        if kind != "order":
            return _("A row about nothing")
        number = str(side.get("order") or name)
        return Link(_("Order %(id)s") % {"id": number}, reverse("orders:detail", args=[int(number)]))

    @property
    def badge(self) -> Badge:
        if not self.still:
            return Badge(_("As signed again"), Meaning.POSITIVE, calm=True)
        return Badge(Drift.Kind(self.drift.kind).label, Meaning.NEGATIVE)

    @property
    def is_gone(self) -> bool:
        """Whether CoinMENA no longer lists the order of a pair, of which our side is left."""
        after = self.drift.after
        return self.drift.kind == Drift.Kind.VANISHED and after is not None and not after.get("order")

    @property
    def signed(self) -> list[str]:
        return told(self.drift.before, None if self.is_gone else self.drift.after)

    @property
    def now(self) -> list[str]:
        return [_("CoinMENA no longer lists the order")] if self.is_gone else told(self.drift.after, self.drift.before)

    @property
    def run_url(self) -> str:
        return reverse("reconciliation:run", args=[self.drift.run_id])


def drift_rows(day: Day | None) -> list[DriftRow]:
    """What changed since a closed day was signed: the newest telling of each row, newest first."""
    if day is None or day.state != DayState.CLOSED:
        return []
    report = DayReport.objects.defer("content").get(day=day, version=day.version)
    newest: dict[str, Drift] = {}
    for drift in queries.drifts_of(report):
        newest.setdefault(drift.key, drift)
    items = ExceptionItem.objects.filter(source=Source.OPERATIONS, key__in=newest).values_list("key", "pk")
    ids = dict(items) if newest else {}
    return [DriftRow(one, ids.get(one.key)) for one in newest.values()]


def count_of(day: Day | None, rows: list[DriftRow]) -> int:
    """How many rows of a day are not as signed, those that are not among the rows told as well."""
    still = sum(one.still for one in rows)
    return queries.in_all(day.date, still) if day is not None and still else still


def cut_note(count: int, rows: list[DriftRow]) -> str:
    """Say that fewer rows are listed than differ; empty where all are."""
    listed = sum(one.still for one in rows)
    if listed >= count:
        return ""
    said = {"listed": f"{listed:,}", "count": f"{count:,}"}
    return _("%(listed)s of %(count)s changes are listed. The newest run shows every row.") % said


def told(side: dict[str, Any] | None, other: dict[str, Any] | None) -> list[str]:
    """Say one side of a change: the fields that differ, or what it was where the other side is not there."""
    if side is None:
        return [_("Not there")]
    names = TOLD if other is None else [name for name in NAMES if side.get(name) != other.get(name)]
    return [f"{NAMES[name]}: {shown(name, side.get(name))}" for name in names if other is not None or side.get(name)]


def shown(name: str, value: Any) -> str:
    if value in (None, ""):
        return "–"
    return verdict_label(value).lower() if name == "verdict" else str(value)
