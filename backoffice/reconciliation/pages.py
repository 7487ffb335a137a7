"""What the page of a run shows, as display values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.funding.badges import MEANINGS
from backoffice.funding.models import Kind
from backoffice.funding.states import State
from backoffice.money import Money
from backoffice.reconciliation.badges import run_badge, verdict_badge
from backoffice.reconciliation.columns import made_by
from backoffice.reconciliation.comparing.effects import sides_of
from backoffice.reconciliation.comparing.explanation import sentence_of, tests_of
from backoffice.reconciliation.comparing.near_misses import NearMiss, near_misses
from backoffice.reconciliation.comparing.titles import title_of, window_text
from backoffice.reconciliation.comparing.totals import AssetTotal
from backoffice.reconciliation.exceptions.queries import exception_of
from backoffice.reconciliation.filters import ALL, EXCEPTIONS_GROUP, PENDING_GROUP
from backoffice.reconciliation.models import EXCEPTIONS, PENDING, Run, Verdict
from backoffice.ui.values import Amount, Badge, Crumb, Fact, Meaning, Named, Person, Reference

GAUGE_WIDTH = 1000


@dataclass(frozen=True)
class Hint:
    """A near miss in words, with the page of its order or operation."""

    text: str
    url: str


@dataclass(frozen=True)
class Row:
    """One finding as a row; `tests` and `sentence` are there when it is opened."""

    finding: Any
    run: Run
    is_open: bool
    near: Sequence[NearMiss] = ()

    @property
    def title(self) -> str:
        """What the row is about: our operation, or the partner's order where there is none of ours."""
        who = self.finding.client_name or self.finding.our_client or self.finding.their_client
        if not self.finding.has_ours:
            return _("Order %(id)s, %(client)s") % {"id": self.finding.order_id, "client": who}
        return _("%(kind)s for %(client)s") % {"kind": Kind(self.finding.our_type).label, "client": who}

    @property
    def sub(self) -> str | Reference:
        """The reference, or that there is none."""
        return Reference(self.finding.reference) if self.finding.reference else _("No reference")

    @property
    def ours(self) -> Amount | None:
        return amount(self.finding.our_amount, self.finding.our_asset)

    @property
    def theirs(self) -> Amount | None:
        return amount(self.finding.their_amount, self.finding.their_asset)

    @property
    def difference(self) -> Amount | None:
        return difference(sides_of(self.finding).difference)

    @property
    def our_state(self) -> Badge | None:
        state = self.finding.our_state
        if not state:
            return None
        meaning = MEANINGS[State(state)]
        return Badge(State(state).label, meaning, calm=meaning is not Meaning.URGENT)

    @property
    def their_status(self) -> str | None:
        return self.finding.their_status  # type: ignore[no-any-return]

    @property
    def tests(self) -> list[Any]:
        return tests_of(self.finding, self.run)

    @property
    def sentence(self) -> str:
        return sentence_of(self.finding, self.run)

    @property
    def hints(self) -> list[Hint]:
        """What looks like its pair, in words and with its page."""
        return [Hint(words_of(one), self.address_of(one)) for one in self.near]

    def address_of(self, near: NearMiss) -> str:
        if near.order_id:
            return reverse("orders:detail", args=[near.order_id])
        return "" if self.run.ledger else reverse("funding:detail", args=[near.reference])

    @property
    def operation_url(self) -> str:
        """The page of our operation."""
        return reverse("funding:detail", args=[self.finding.reference]) if self.finding.operation_id else ""

    @property
    def order_url(self) -> str:
        """The page of the partner's order."""
        return reverse("orders:detail", args=[self.finding.order_id]) if self.finding.order_id else ""

    @property
    def exception_url(self) -> str:
        """The page of the exception that lives on over the runs, where there is one."""
        item_id = exception_of(self.finding, self.run)
        return reverse("reconciliation:exception", args=[item_id]) if item_id else ""

    @property
    def facts(self) -> list[Fact]:
        """What stands beside the tests of an opened row."""
        order_id = self.finding.order_id
        return [
            Fact(_("Verdict"), verdict_badge(self.finding.verdict)),
            Fact(_("Difference"), self.difference),
            Fact(_("Our time"), self.finding.our_at),
            Fact(_("CoinMENA's time"), self.finding.their_at),
            Fact(_("Operation"), Reference(self.finding.reference, self.operation_url) if self.operation_url else None),
            Fact(_("Order"), Reference(str(order_id), self.order_url) if order_id else None),
            *self.looked_up,
        ]

    @property
    def looked_up(self) -> list[Fact]:
        """The look-up that proves an absence, where one was made."""
        made = self.finding.check_made
        return [Fact(_("Looked up"), made.asked_at), Fact(_("Answer"), made.sentence)] if made else []


def words_of(near: NearMiss) -> str:
    """Name a near miss: the order or the reference, and how far apart the two are."""
    what = _("Order %(id)s") % {"id": near.order_id} if near.order_id else near.reference
    minutes = int(near.apart.total_seconds() // 60)
    apart = ngettext("%(n)s minute apart", "%(n)s minutes apart", minutes) % {"n": f"{minutes:,}"}
    return _("%(what)s, %(apart)s") % {"what": what, "apart": apart}


@dataclass(frozen=True)
class Group:
    """The rows of one verdict on this page, under a heading that counts all of them."""

    label: str
    count: int
    differences: tuple[Amount, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Pill:
    """One choice of verdicts, with how many rows it holds."""

    label: str
    count: int
    name: str
    is_current: bool


@dataclass(frozen=True)
class AssetLine:
    """Both sides of one asset, and the exceptions that explain the difference."""

    total: AssetTotal
    explained_by: str

    @property
    def ours(self) -> Amount:
        return Amount(self.total.ours_net, self.total.asset)

    @property
    def theirs(self) -> Amount:
        return Amount(self.total.theirs_net, self.total.asset)

    @property
    def difference(self) -> Amount:
        return Amount(self.total.difference, self.total.asset, difference=True)


def crumbs(*last: Crumb) -> list[Crumb]:
    """The way to a page of the runs."""
    top = Crumb(_("Reconciliation"), reverse("reconciliation:days"))
    return [top, Crumb(_("Runs"), reverse("reconciliation:runs")), *last]


def run_context(run: Run) -> dict[str, Any]:
    """Everything the page of a run draws from the run itself."""
    return {
        "run": run,
        "title": _("Reconciliation of %(window)s") % {"window": title_of(run)},
        "badge": run_badge(run),
        "crumbs": crumbs(Crumb(_("Run %(n)s") % {"n": run.pk})),
        "line": line_of(run),
        "rate": rate_of(run),
        "gauge": gauge_of(run),
        "again": again(run),
        "not_listed_url": f"{reverse('orders:list')}?{urlencode(not_listed_in(run))}",
        "ours_note": _("Entries of %(ledger)s") % {"ledger": run.ledger}
        if run.ledger
        else _("Operations in the window"),
        "assets": [asset_line(AssetTotal.from_json(kept)) for kept in run.totals],
    }


def not_listed_in(run: Run) -> dict[str, str]:
    """The filter of the orders, in the reader's days, that finds what of a run's window CoinMENA no longer lists."""
    zone = timezone.get_current_timezone()
    days = {"created_from": run.window_from, "created_to": run.window_to - timedelta(microseconds=1)}
    return {"listed": "no", **{name: f"{at.astimezone(zone):%Y-%m-%d}" for name, at in days.items()}}


def again(run: Run) -> dict[str, Any]:
    """What the form of a new run takes to make the same one."""
    return {"start": run.window_from.isoformat(), "end": run.window_to.isoformat(), "ledger": run.ledger_id or ""}


def line_of(run: Run) -> list[object]:
    """The line of facts under the title."""
    maker = made_by(run)
    facts: list[object] = [
        _("%(window)s, half-open") % {"window": window_text(run)},
        _("Run %(n)s, complete") % {"n": run.pk} if run.is_complete else _("Run %(n)s, partial") % {"n": run.pk},
        _("Ledger %(name)s") % {"name": run.ledger} if run.ledger else _("Our operations"),
        Named(str(run.client), run.client.partner_client_id) if run.client else _("All clients"),
        _("By %(name)s") % {"name": maker.name} if isinstance(maker, Person) else maker,
    ]
    return facts


def rate_of(run: Run) -> str:
    """The share of rows that match, never rounded up to a hundred."""
    if not run.rows_count:
        return "–"
    return f"{run.matched_count * 1000 // run.rows_count / 10:.1f} %"


def gauge_of(run: Run) -> dict[str, str]:
    """Widths of the gauge's bars, of a thousand."""
    rows = run.rows_count or 1
    matched = run.matched_count * GAUGE_WIDTH // rows
    wrong = max(run.exceptions_count * GAUGE_WIDTH // rows, 7 if run.exceptions_count else 0)
    return {"matched": str(min(matched, GAUGE_WIDTH - wrong)), "wrong": str(wrong), "at": str(GAUGE_WIDTH - wrong)}


def asset_line(total: AssetTotal) -> AssetLine:
    parts = [
        ngettext("%(n)s %(verdict)s: %(amount)s", "%(n)s %(verdict)s: %(amount)s", reason.count)
        % {
            "n": f"{reason.count:,}",
            "verdict": str(Verdict(reason.verdict).label).lower(),
            "amount": signed(reason.difference),
        }
        for reason in total.reasons
    ]
    return AssetLine(total, ", ".join(parts))


def signed(value: Any) -> str:
    text = str(Money(value, "")).strip()
    return f"+{text}" if value > 0 else text


def groups_of(findings: Sequence[Any], run: Run, opened: int | None) -> list[Group]:
    """Arrange the findings of a page under their verdicts, in the order they come, each with what it nearly matches."""
    near = near_misses(findings)
    return [
        group_of(verdict, [Row(one, run, one.pk == opened, near.get(one.pk, ())) for one in of_verdict], run)
        for verdict, of_verdict in groupby(findings, key=lambda finding: finding.verdict)
    ]


def group_of(verdict: str, rows: list[Row], run: Run) -> Group:
    reasons = [
        Amount(reason.difference, total.asset, difference=True)
        for total in map(AssetTotal.from_json, run.totals)
        for reason in total.reasons
        if reason.verdict == verdict
    ]
    return Group(str(Verdict(verdict).label), run.counts.get(verdict, 0), tuple(reasons), tuple(rows))


def pills_of(run: Run, chosen: list[str]) -> list[Pill]:
    """The choices of verdicts: the groups always, a single verdict where it has rows."""
    choices = [
        (ALL, _("All"), run.rows_count),
        (EXCEPTIONS_GROUP, _("Exceptions"), run.exceptions_count),
        *((verdict.value, str(verdict.label), run.counts[verdict]) for verdict in EXCEPTIONS if verdict in run.counts),
        (PENDING_GROUP, _("Not decided yet"), run.pending_count),
        *((verdict.value, str(verdict.label), run.counts[verdict]) for verdict in PENDING if verdict in run.counts),
        (Verdict.MATCHED.value, str(Verdict.MATCHED.label), run.matched_count),
    ]
    return [Pill(label, count, name, chosen == [name]) for name, label, count in choices]


def amount(value: Any, asset: str | None) -> Amount | None:
    return None if value is None else Amount(value, asset or "")


def difference(money: Money | None) -> Amount | None:
    return None if money is None else Amount(money.amount, money.asset, quiet=money.is_zero, difference=True)


def opened_in(params: Any) -> int | None:
    """The finding a person opened, from the address; anything that is no number opens nothing."""
    text = params.get("open", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
