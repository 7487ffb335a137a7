"""What the page of figures shows: five drawings, each with the table it was drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.money import format_amount
from backoffice.reconciliation.days import queries
from backoffice.reconciliation.exceptions.severity import LARGE
from backoffice.reconciliation.pictures import bars, piles, rates
from backoffice.reconciliation.pictures.piles import AGE_LABELS, SIZE_LABELS, Pair, Pile, Risk
from backoffice.reconciliation.pictures.rates import Rated
from backoffice.ui import times
from backoffice.ui.values import Amount

DAYS_SHOWN: Final = 30


@dataclass(frozen=True)
class Picture:
    """One drawing of bars, what it says in words, and its table: headings, then rows whose first cell names them."""

    key: str
    title: str
    sentence: str
    plots: list[bars.Plot]
    legend: tuple[str, str]
    headings: tuple[str, ...]
    rows: list[tuple[object, ...]]
    foot: str
    empty: tuple[str, str]
    url: str
    link: str


def pictures_context(now: datetime) -> dict[str, Any]:
    """Everything the page draws, in the same number of queries however much there is."""
    today = queries.day_of(now)
    found = piles.piles(today)
    return {
        "title": _("Figures"),
        "rates": rates_of(today),
        "pictures": [
            by_age(found),
            by_size(found),
            days_open(piles.open_days(today)),
            at_risk(piles.risks(found)),
        ],
    }


# Match rate -----------------------------------------------------------------------------------------------------------


def rates_of(today: date) -> dict[str, Any]:
    """The match rate of the last days, by the newest run over all of each."""
    first = today - timedelta(days=DAYS_SHOWN - 1)
    newest = queries.newest_runs(first, today)
    days = [Rated(day, newest.get(day)) for day in (first + timedelta(days=n) for n in range(DAYS_SHOWN))]
    compared = [one for one in days if one.share is not None]
    return {
        "plots": rates.draw(days) if compared else [],
        "sentence": rates_sentence(days, compared),
        "rows": [rate_row(one) for one in reversed(compared)],
    }


def rates_sentence(days: Sequence[Rated], compared: Sequence[Rated]) -> str:
    """Say what the drawing of the rates shows."""
    words = {"first": times.day(days[0].day), "last": times.day(days[-1].day), "of": len(days)}
    said = ngettext(
        "%(first)s to %(last)s: %(n)s of %(of)s days was compared.",
        "%(first)s to %(last)s: %(n)s of %(of)s days were compared.",
        len(compared),
    ) % {**words, "n": len(compared)}
    if not compared:
        return said
    lowest = min(compared, key=lambda one: one.share or 0)
    return f"{said} " + _("The lowest rate is %(rate)s, on %(day)s.") % {
        "rate": lowest.rate,
        "day": times.day(lowest.day),
    }


def rate_row(one: Rated) -> dict[str, Any]:
    return {"day": one.day, "url": reverse("reconciliation:day", args=[one.day]), "rate": one.rate, "run": one.run}


# Bars -----------------------------------------------------------------------------------------------------------------


def by_age(found: Sequence[Pile]) -> Picture:
    """Exceptions that have not ended, by how long ago their business day is."""
    pairs = piles.by_age(found)
    return picture_of_exceptions(
        "by-age", _("Open exceptions by age"), _("Age"), AGE_LABELS, pairs, _("Counted from their business day.")
    )


def by_size(found: Sequence[Pile]) -> Picture:
    """Exceptions that have not ended, by the money in question."""
    foot = _("In USD, or as much in another currency; the scale is that of the approvals.")
    pairs = piles.by_size(found)
    return picture_of_exceptions("by-amount", _("Open exceptions by amount"), _("Amount"), SIZE_LABELS, pairs, foot)


def picture_of_exceptions(
    key: str, title: str, heading: str, labels: Sequence[Promise], pairs: Sequence[Pair], foot: str
) -> Picture:
    legend = (_("To deal with"), _("Carried forward"))
    return Picture(
        key=key,
        title=title,
        sentence=sentence_of(title, labels, pairs),
        plots=plots_of(labels, pairs, legend),
        legend=legend,
        headings=(heading, *legend, _("All")),
        rows=rows_of(labels, pairs),
        foot=foot,
        empty=(_("No open exceptions."), _("What a run finds different is drawn here until it is dealt with.")),
        url=reverse("reconciliation:exceptions"),
        link=_("Open the worklist"),
    )


def days_open(pairs: Sequence[Pair]) -> Picture:
    """Days that are over and not closed, by how long ago they ended."""
    title, legend = _("Days open"), (_("To prepare"), _("To sign"))
    return Picture(
        key="days-open",
        title=title,
        sentence=sentence_of(title, AGE_LABELS, pairs),
        plots=plots_of(AGE_LABELS, pairs, legend),
        legend=legend,
        headings=(_("Age"), *legend, _("All")),
        rows=rows_of(AGE_LABELS, pairs),
        foot=_("Days that are over and not closed, since the first operation."),
        empty=(_("No day is open."), _("Every day that is over is closed.")),
        url=reverse("reconciliation:days"),
        link=_("Open the days"),
    )


def plots_of(labels: Sequence[Promise], pairs: Sequence[Pair], legend: tuple[str, str]) -> list[bars.Plot]:
    """Draw counts; nothing where all of them are none."""
    if not any(pair.total for pair in pairs):
        return []
    lines = [
        bars.Line(
            str(label), f"{pair.total:,}", (float(pair.first), float(pair.second)), told(str(label), pair, legend)
        )
        for label, pair in zip(labels, pairs, strict=True)
    ]
    return bars.draw(lines)


def told(label: str, pair: Pair, legend: tuple[str, str]) -> str:
    """One bar in words: ``8 to 30 days. To deal with: 3. Carried forward: 1.``"""
    return f"{label}. {legend[0]}: {pair.first:,}. {legend[1]}: {pair.second:,}."


def rows_of(labels: Sequence[Promise], pairs: Sequence[Pair]) -> list[tuple[object, ...]]:
    return [(str(label), pair.first, pair.second, pair.total) for label, pair in zip(labels, pairs, strict=True)]


def sentence_of(title: str, labels: Sequence[Promise], pairs: Sequence[Pair]) -> str:
    """Say what a drawing of counts shows: ``Open exceptions by age. Up to 1 day: 3. …``"""
    counts = " ".join(f"{label}: {pair.total:,}." for label, pair in zip(labels, pairs, strict=True))
    return f"{title}. {counts}"


# Money ----------------------------------------------------------------------------------------------------------------


def at_risk(found: Sequence[Risk]) -> Picture:
    """The money in question of what has not ended, by asset; assets side by side in the measure of `LARGE`."""
    legend = (_("To deal with"), _("Carried forward"))
    lines = [risk_line(one, legend) for one in found]
    title = _("Money at risk by asset")
    return Picture(
        key="at-risk",
        title=title,
        sentence=" ".join([f"{title}.", *(line.title for line in lines)]),
        plots=bars.draw(lines) if lines else [],
        legend=legend,
        headings=(_("Asset"), *legend, _("All"), _("Exceptions")),
        rows=[risk_row(one) for one in found],
        foot=risk_foot(found),
        empty=(_("No money is at risk."), _("The amounts of open exceptions are drawn here, by asset.")),
        url=f"{reverse('reconciliation:exceptions')}?sort=-risk",
        link=_("Open the worklist"),
    )


def risk_line(one: Risk, legend: tuple[str, str]) -> bars.Line:
    scale = LARGE.get(one.asset)
    parts = (float(one.to_do / scale), float(one.carried / scale)) if scale else ()
    said = (format_amount(one.to_do), format_amount(one.carried))
    title = f"{one.asset}. {legend[0]}: {said[0]}. {legend[1]}: {said[1]}."
    return bars.Line(one.asset, format_amount(one.total), parts, title)


def risk_row(one: Risk) -> tuple[object, ...]:
    return (one.asset, *(Amount(amount, one.asset) for amount in (one.to_do, one.carried, one.total)), one.count)


def risk_foot(found: Sequence[Risk]) -> str:
    said = _("Bars compare assets by what counts as a large amount of each: 10,000 USD, 4,000 BHD.")
    bare = ", ".join(one.asset for one in found if not one.is_scaled)
    return f"{said} " + _("Nobody has set one for %(assets)s.") % {"assets": bare} if bare else said
