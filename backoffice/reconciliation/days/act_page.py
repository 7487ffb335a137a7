"""What the page shows that asks before a day is prepared, signed, closed or opened again: exactly what is signed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.reconciliation import pages
from backoffice.reconciliation.comparing.totals import AssetTotal
from backoffice.reconciliation.days import fingerprints, queries, report, report_page, wording
from backoffice.reconciliation.days.day_page import exceptions_note
from backoffice.reconciliation.models import UNDONE, Day, Run
from backoffice.reconciliation.services.days import signed_report
from backoffice.ui.values import Crumb, Fact, Figure, Link, Text


@dataclass(frozen=True)
class Act:
    """One step of a day: the question, the button, what happens next, and what the factor is good for."""

    name: str
    question: Text
    button: Text
    next: Text
    factor: Text = ""
    fingerprint: Callable[[Day], str] | None = None


ACTS: Final = {
    one.name: one
    for one in (
        Act(
            "prepare_day",
            gettext_lazy("Prepare %(day)s?"),
            gettext_lazy("Prepare %(day)s"),
            gettext_lazy("A manager other than you reviews it next. Until then it can be prepared again."),
        ),
        Act(
            "review_day",
            gettext_lazy("Sign the review of %(day)s?"),
            gettext_lazy("Sign the review of %(day)s"),
            gettext_lazy(
                "You sign that you have looked at what this run found. The day can be closed next, once no exception "
                "of it is open. Until it is closed you can still send it back."
            ),
            gettext_lazy("For signing the review of %(day)s, and nothing else."),
            fingerprints.review_fingerprint,
        ),
        Act(
            "close_day",
            gettext_lazy("Close %(day)s?"),
            gettext_lazy("Close %(day)s"),
            gettext_lazy(
                "The report is made and kept with its digest. From then on the day is checked every night, and later "
                "changes are shown as drift. Only two people together can open it again."
            ),
            gettext_lazy("For closing %(day)s, and nothing else."),
            fingerprints.closing_fingerprint,
        ),
        Act(
            "reopen_day",
            gettext_lazy("Ask to reopen %(day)s?"),
            gettext_lazy("Ask to reopen %(day)s"),
            gettext_lazy(
                "A manager other than you and whoever closed it decides. What was signed stays as its report; the day "
                "is prepared, reviewed and closed anew."
            ),
            gettext_lazy("For asking to reopen %(day)s, and nothing else."),
            lambda day: fingerprints.reopening_fingerprint(day, signed_report(day)),
        ),
    )
}


def act_context(act: Act, date: Any, day: Day | None, run: Run, why_not: str) -> dict[str, Any]:
    """Everything the page that asks shows of a day; ``why_not`` locks the button and says why."""
    said = {"day": wording.name_of(date)}
    back = reverse("reconciliation:day", args=[date])
    counts = queries.counts_of(date)
    return {
        "act": act.name,
        "day": date,
        "signed": day,
        "run": run,
        "title": str(act.question) % said,
        "button": str(act.button) % said,
        "next": act.next,
        "factor_sentence": str(act.factor) % said,
        "why_not": why_not,
        "back_url": back,
        "crumbs": [
            Crumb(_("Reconciliation"), reverse("reconciliation:days")),
            Crumb(date.isoformat(), back),
            Crumb(str(act.button) % said),
        ],
        "figures": figures_of(run, counts),
        "facts": facts_of(day, run),
        "assets": [pages.asset_line(AssetTotal.from_json(kept)) for kept in run.totals],
        "carried_sums": carried_sums(date),
    }


def carried_sums(date: Any) -> list[dict[str, Any]]:
    """What is carried forward up to a day, by asset, with sum and age: as the report will say it."""
    rows = report.carried_sums(queries.carried_up_to(date), timezone.now())
    return [report_page.sum_row(one) for one in rows]


def figures_of(run: Run, counts: Any) -> list[Figure]:
    """What the run found, and how much of it is still open."""
    undone = sum(counts[state] for state in UNDONE)
    matched = _("%(matched)s of %(rows)s") % {"matched": f"{run.matched_count:,}", "rows": f"{run.rows_count:,}"}
    return [
        Figure(_("Match rate"), pages.rate_of(run), note=matched),
        Figure(_("Ours"), run.ours_count, note=_("Operations in the window")),
        Figure("CoinMENA", run.theirs_count, note=_("Orders in the window")),
        Figure(_("Exceptions"), sum(counts.values()), note=exceptions_note(counts), tone="warn" if undone else ""),
    ]


def facts_of(day: Day | None, run: Run) -> list[Fact]:
    """What is signed: the run, its digest, and who put it there."""
    words = {"n": run.pk}
    name = _("Run %(n)s, complete") % words if run.is_complete else _("Run %(n)s, partial") % words
    facts = [
        Fact(_("Run"), Link(name, reverse("reconciliation:run", args=[run.pk]))),
        Fact(_("Digest"), f"{run.digest[:8]}…{run.digest[-4:]}"),
        Fact(_("CoinMENA read to"), run.mirror_read_to),
    ]
    if day is None:
        return facts
    facts.append(Fact(_("Prepared"), wording.signed(day.prepared_by.name, day.prepared_at)))
    if day.note:
        facts.append(Fact(_("Note"), day.note))
    if day.reviewed_by:
        facts.append(Fact(_("Reviewed"), wording.signed(day.reviewed_by.name, day.reviewed_at)))
    if day.review_note:
        facts.append(Fact(_("Note of the review"), day.review_note))
    return facts
