"""A trial as pages show it: figures, counts by rule, and the list of what would have been different."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from backoffice.approvals.models import RuleKind
from backoffice.approvals.ruling.kinds import MONEY
from backoffice.approvals.ruling.past import url_of
from backoffice.approvals.ruling.trial import MOST_FACTS, Effect, Trial, Tried
from backoffice.approvals.wording import people_of
from backoffice.ui.values import Amount, Badge, Figure, Meaning, Reference

ON_A_PAGE: Final = 50
EFFECTS: Final = {
    Effect.NEWLY_GATED: (gettext_noop("Newly asks for somebody"), Meaning.INFO),
    Effect.MORE: (gettext_noop("More people"), Meaning.INFO),
    Effect.FEWER: (gettext_noop("Fewer people"), Meaning.WARNING),
    Effect.NO_LONGER_GATED: (gettext_noop("No longer asks for anybody"), Meaning.WARNING),
    Effect.BLOCKED: (gettext_noop("Blocked"), Meaning.NEGATIVE),
    Effect.NO_LONGER_BLOCKED: (gettext_noop("No longer blocked"), Meaning.WARNING),
}


@dataclass(frozen=True)
class ChangeRow:
    """One thing of the past that would have been different."""

    reference: Reference
    what: str
    amount: Amount | None
    client: str
    tried: Tried
    before: str
    after: str
    badge: Badge


def summary_of(trial: Trial) -> dict[str, Any]:
    """Say in a few figures and one sentence what came out."""
    return {
        "trial": trial,
        "figures": figures_of(trial),
        "extent": extent_of(trial),
        "has_changes": bool(trial.changes),
        "unsatisfiable": unsatisfiable_sentence(trial),
    }


def trial_context(trial: Trial, asked: str, page: str, *, is_linked: bool) -> dict[str, Any]:
    """Return the whole trial, one page of its changes. :param is_linked: whether the reader may open what changes."""
    wanted = [one for one in trial.changes if not asked or one.effect == asked]
    shown: Page[Tried] = Paginator(wanted, ON_A_PAGE).get_page(page)
    return {
        **summary_of(trial),
        "effects": [
            {"value": str(effect), "label": _(EFFECTS[effect][0]), "count": count, "is_chosen": asked == effect}
            for effect, count in sorted(trial.effects.items())
        ],
        "asked": asked if asked in set(Effect) else "",
        "page": shown,
        "rows": [row_of(one, is_linked=is_linked) for one in shown.object_list],
        "counts": counts_of(trial),
    }


def figures_of(trial: Trial) -> list[Figure]:
    """The figures above a trial."""
    effects = trial.effects
    gated = effects[Effect.MORE] + effects[Effect.NEWLY_GATED]
    eased = effects[Effect.FEWER] + effects[Effect.NO_LONGER_GATED]
    blocked = effects[Effect.BLOCKED]
    return [
        Figure(_("Asked for"), f"{trial.tried:,}", note=_("in the last 90 days")),
        Figure(_("More people"), f"{gated:,}", note=_("or newly somebody")),
        Figure(_("Fewer people"), f"{eased:,}", note=_("or nobody any more"), tone="warn" if eased else ""),
        Figure(_("Blocked"), f"{blocked:,}", note=_("no rule would match"), tone="bad" if blocked else ""),
    ]


def extent_of(trial: Trial) -> str:
    """Say what was tried, and whether that was all of it."""
    if not trial.tried:
        return _("Nothing was asked for in the last 90 days, so there is nothing to try it on.")
    if not trial.is_all:
        return _("Only the newest %(n)s of the last 90 days were tried.") % {"n": f"{MOST_FACTS:,}"}
    if not trial.changes:
        return _("Everything that was asked for in the last 90 days would have needed as many people as now.")
    count = len(trial.changes)
    return ngettext(
        "%(n)s of %(all)s would have needed other people than under the live rules.",
        "%(n)s of %(all)s would have needed other people than under the live rules.",
        count,
    ) % {"n": f"{count:,}", "all": f"{trial.tried:,}"}


def unsatisfiable_sentence(trial: Trial) -> str:
    """Say that some of it could not have been approved by today's managers; empty where all could."""
    if not trial.unsatisfiable:
        return ""
    return ngettext(
        "%(n)s of them could not have been approved: it asks for more people than there are managers.",
        "%(n)s of them could not have been approved: they ask for more people than there are managers.",
        trial.unsatisfiable,
    ) % {"n": f"{trial.unsatisfiable:,}"}


def counts_of(trial: Trial) -> list[dict[str, Any]]:
    """Say by rule how often it decided, under the live rules and in the draft, the busiest first."""
    names = sorted(
        {*trial.live_counts, *trial.draft_counts}, key=lambda name: (-trial.draft_counts[name], name == "", name)
    )
    return [
        {"name": name or _("No rule"), "live": trial.live_counts[name], "draft": trial.draft_counts[name]}
        for name in names
    ]


def row_of(one: Tried, *, is_linked: bool) -> ChangeRow:
    facts = one.past.facts
    is_money = facts.kind in MONEY and facts.amount is not None
    text, meaning = EFFECTS[one.effect or Effect.MORE]
    return ChangeRow(
        reference=Reference(one.past.subject, url_of(one.past) if is_linked else ""),
        what=str(RuleKind(facts.kind).label),
        amount=Amount(facts.amount, facts.asset) if is_money else None,
        client=facts.client,
        tried=one,
        before=needs(one.before, one),
        after=needs(one.after, one),
        badge=Badge(_(text), meaning, calm=True),
    )


def needs(rule: Any, one: Tried) -> str:
    """Say how many people a rule asks for, and what is without one."""
    if rule is not None:
        return people_of(rule.people_needed)
    is_blocked = one.effect in (Effect.BLOCKED, Effect.NO_LONGER_BLOCKED)
    return _("Blocked") if is_blocked else _("Nobody else")
