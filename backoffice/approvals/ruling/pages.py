"""What the pages of the rules show: a version rule by rule and amount by amount, its approval, a draft, its trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from backoffice.accounts.models import Person
from backoffice.approvals import control
from backoffice.approvals.control.words import sentences_of
from backoffice.approvals.matching import Facts, rule_for
from backoffice.approvals.models import Request, Rule, RuleKind, RuleSet, RuleSetState
from backoffice.approvals.ruling import queries, showing_trials
from backoffice.approvals.ruling.content import digest_of_group, fingerprint_of
from backoffice.approvals.ruling.differences import Differences
from backoffice.approvals.ruling.directory import directory
from backoffice.approvals.ruling.kinds import BLOCKED_WITHOUT, MONEY
from backoffice.approvals.ruling.ladder import EVERYBODY, Step, Whom, applicable, assets_named, ladder, whom_named
from backoffice.approvals.ruling.policies import begun_sentence, can_edit, why_not_submit
from backoffice.approvals.ruling.showing_differences import badge_of_change, differences_of
from backoffice.approvals.wording import band_of, matter_of, people_of, sentence, span_of
from backoffice.database import clock
from backoffice.money import Money
from backoffice.ui.values import Badge, Crumb, Fact, Lines, Meaning, Named, Text

GROUP_SHOWN: Final = 50
STATE_MEANINGS: Final = {
    RuleSetState.DRAFT: Meaning.NEUTRAL,
    RuleSetState.PROPOSED: Meaning.WARNING,
    RuleSetState.LIVE: Meaning.POSITIVE,
    RuleSetState.FORMER: Meaning.NEUTRAL,
    RuleSetState.DISCARDED: Meaning.NEUTRAL,
}
#: What happens to something that no rule matches.
UNGATED: Final = {
    True: gettext_noop("What no rule matches is blocked."),
    False: gettext_noop("What no rule matches goes straight through."),
}


# One version ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleRow:
    """One rule as a row."""

    rule: Rule
    about: str
    client: object
    people: str
    span: str
    url: str = ""
    badge: Badge | None = None


@dataclass(frozen=True)
class Rung:
    """One step of amounts and who has to agree; ``is_open`` where nobody has to, or nobody can."""

    amounts: str
    people: str
    rule: str
    is_open: bool = False


@dataclass(frozen=True)
class LadderRow:
    """Every amount of one asset."""

    asset: str
    whom: str
    rungs: list[Rung]


@dataclass(frozen=True)
class Section:
    """Everything about one kind of money, or about all that is no money; ``kind`` is empty for the latter."""

    kind: str
    title: Text
    rows: list[RuleRow]
    ladders: list[LadderRow]
    count: str
    ungated: str


@dataclass(frozen=True)
class GroupRow:
    """One group: its name, its clients, which rules are about it."""

    name: str
    count: str
    clients: list[object]
    more: int
    rules: list[str]
    seen: str


def version_context(rule_set: RuleSet, *, editing: Differences | None = None) -> dict[str, Any]:
    """Return everything a version says. :param editing: what differs from the live rules, where it is being edited."""
    rules = queries.rules_of(rule_set)
    names = directory().names({rule.client for rule in rules if rule.client} | shown_ids(rule_set))
    badges = {one.after.name: badge_of_change(one.change) for one in editing.rules if one.after} if editing else {}
    rows = [row_of(rule, names, badges.get(rule.name), is_edited=editing is not None) for rule in rules]
    return {
        "rule_set": rule_set,
        "badge": Badge(rule_set.get_state_display(), STATE_MEANINGS[RuleSetState(rule_set.state)]),
        "sections": [*(money_section(kind, rules, rows) for kind in MONEY), other_section(rows)],
        "groups": [group_row(rule_set, name, rules, names) for name in sorted(rule_set.groups)],
    }


def shown_ids(rule_set: RuleSet) -> set[str]:
    """Return the ids of the clients whose names a page of this version shows."""
    return {one for ids in rule_set.groups.values() for one in ids[:GROUP_SHOWN]}


def row_of(rule: Rule, names: Any, badge: Badge | None, *, is_edited: bool) -> RuleRow:
    return RuleRow(
        rule=rule,
        about=matter_of(rule),
        client=Named(names.get(rule.client, ""), rule.client) if rule.client else "",
        people=people_of(rule.people_needed),
        span=span_of(rule.validity),
        url=reverse("rules:rule", args=[rule.pk]) if is_edited else "",
        badge=badge,
    )


def money_section(kind: RuleKind, rules: list[Rule], rows: list[RuleRow]) -> Section:
    mine = [row for row in rows if row.rule.kind == kind]
    ungated = _(UNGATED[kind in BLOCKED_WITHOUT])
    return Section(kind.value, kind.label, mine, ladders_of(kind, rules), counted(mine), ungated)


def other_section(rows: list[RuleRow]) -> Section:
    others = [row for row in rows if row.rule.kind not in MONEY]
    return Section("", _("Everything else"), others, [], counted(others), _(UNGATED[True]))


def counted(rows: list[RuleRow]) -> str:
    return ngettext("%(n)s rule", "%(n)s rules", len(rows)) % {"n": len(rows)}


def ladders_of(kind: RuleKind, rules: list[Rule]) -> list[LadderRow]:
    """Return what the rules of a kind come to: every asset they name, then every other; for everybody, then where it is
    otherwise for a client or a group they name."""
    assets = [*assets_named(rules, kind), ""]
    others = _("Any other asset") if len(assets) > 1 else _("Any asset")
    everybodys = {asset: rungs_of(rules, kind, asset, EVERYBODY) for asset in assets}
    rows = [LadderRow(asset or others, "", rungs) for asset, rungs in everybodys.items()]
    for whom in whom_named(rules, kind):
        own = {asset: rungs_of(rules, kind, asset, whom) for asset in assets}
        rows += [LadderRow(one or others, named(whom), own[one]) for one in assets if own[one] != everybodys[one]]
    return rows


def rungs_of(rules: list[Rule], kind: RuleKind, asset: str, whom: Whom) -> list[Rung]:
    """Return the steps of amounts, then what a day's total adds."""
    rungs = [rung_of(step, kind, asset) for step in ladder(rules, kind, asset, whom)]
    totals = [rule for rule in applicable(rules, kind, asset, whom) if rule.day_total_from is not None]
    return rungs + [total_of(rule) for rule in sorted(totals, key=lambda rule: rule.day_total_from or 0)]


def rung_of(step: Step, kind: RuleKind, asset: str) -> Rung:
    amounts = band_of(step.at_least, step.below, asset)
    if step.rule is None:
        return Rung(amounts, _("blocked") if kind in BLOCKED_WITHOUT else _("nobody else"), "", is_open=True)
    return Rung(amounts, people_of(step.people), step.rule.name)


def total_of(rule: Rule) -> Rung:
    """Say what a rule asks for once a day's total is reached, in whatever amounts."""
    words = {"amount": str(Money(rule.day_total_from or 0, rule.asset))}  # type: ignore[arg-type]
    band = "" if rule.at_least is None and rule.below is None else f", {band_of(rule.at_least, rule.below, rule.asset)}"
    return Rung(_("from %(amount)s in 24 hours on") % words + band, people_of(rule.people_needed), rule.name)


def named(whom: Whom) -> str:
    """Name whose operations a ladder is about; empty for everybody's."""
    return whom.client or whom.group


def group_row(rule_set: RuleSet, name: str, rules: list[Rule], names: Any) -> GroupRow:
    ids = rule_set.groups[name]
    return GroupRow(
        name=name,
        count=ngettext("%(n)s client", "%(n)s clients", len(ids)) % {"n": f"{len(ids):,}"},
        clients=[Named(names.get(one, ""), one) for one in ids[:GROUP_SHOWN]],
        more=max(len(ids) - GROUP_SHOWN, 0),
        rules=[rule.name for rule in rules if rule.group == name],
        seen=digest_of_group(ids),
    )


def facts_of(rule_set: RuleSet) -> list[Fact]:
    """Say of a version since when it holds or held, who asked for it, who approved it, and why."""
    facts = [Fact(_("Version"), rule_set.version), Fact(_("Live since"), rule_set.live_at)]
    if rule_set.approval is None:
        return [*facts, Fact(_("Approved by"), _("Nobody: it came with the product"))]
    approvals = queries.approvals_of(rule_set.approval)
    facts.append(Fact(_("Asked for by"), rule_set.approval.requested_by.name))
    facts += [Fact(_("Approved by"), Lines(one.decided_by.name, one.decided_at)) for one in approvals]
    return [*facts, Fact(_("Why"), rule_set.note)]


# Pages ----------------------------------------------------------------------------------------------------------------


def live_context(person: Person) -> dict[str, Any]:
    """Return the page of the live rules."""
    held, following = queries.live(), queries.next_version()
    return {
        **version_context(held),
        "crumbs": [],
        "facts": facts_of(held),
        "versions": [version_row(one) for one in queries.versions()],
        "findings": queries.review(held),
        "following": following,
        "begun": begun_sentence(following) if following else "",
        "can_edit": can_edit(person),
    }


def version_row(rule_set: RuleSet) -> dict[str, Any]:
    """One version in the list of all."""
    return {
        "rule_set": rule_set,
        "url": reverse("rules:version", args=[rule_set.version]),
        "approved_by": ", ".join(one.decided_by.name for one in queries.approvals_of(rule_set.approval)),
        "badge": Badge(rule_set.get_state_display(), STATE_MEANINGS[RuleSetState(rule_set.state)], calm=True),
    }


def one_version_context(rule_set: RuleSet, other: RuleSet | None) -> dict[str, Any]:
    """Return the page of one version, with what makes it different from another one."""
    choices = [one for one in queries.versions() if one.pk != rule_set.pk]
    return {
        **version_context(rule_set),
        "crumbs": crumbs(_("Version %(n)s") % {"n": rule_set.version}),
        "facts": facts_of(rule_set) if rule_set.live_at else [],
        "other": other,
        "choices": choices,
        "differences": differences_of(queries.compared(other, rule_set)) if other else None,
    }


def draft_context(draft: RuleSet, person: Person) -> dict[str, Any]:
    """Return the page of the draft, or of the version that waits for approval."""
    differing = queries.compared(queries.live(), draft)
    is_open = draft.state == RuleSetState.DRAFT and can_edit(person)
    return {
        **version_context(draft, editing=differing if is_open else None),
        "crumbs": crumbs(_("Draft")),
        "begun": begun_sentence(draft),
        "findings": queries.review(draft),
        "differences": differences_of(differing),
        "can_edit": can_edit(person),
        "is_open": is_open,
        "is_mine": draft.approval is not None and draft.approval.requested_by_id == person.pk,
        "earlier": [one for one in queries.requests_about(draft.version) if one != draft.approval],
    }


def submit_context(draft: RuleSet, now: datetime) -> dict[str, Any]:
    """Return what an administrator reads before a draft is submitted."""
    return {
        **change_context(draft, now),
        "rule_set": draft,
        "crumbs": crumbs(_("Draft"), reverse("rules:draft"), _("Submit")),
        "fingerprint": fingerprint_of(draft),
        "rule_sentence": rule_sentence(),
        "why_not": why_not_submit(draft),
    }


def trial_context(draft: RuleSet, person: Person, now: datetime, asked: str, page: str) -> dict[str, Any]:
    """Return the page of the trial. :param asked: which effect is listed; everything where it is empty."""
    return {
        "rule_set": draft,
        "crumbs": crumbs(_("Draft"), reverse("rules:draft"), _("Tried on the past")),
        **showing_trials.trial_context(queries.tried(draft, now), asked, page, is_linked=not person.is_administrator),
        "control": control_context(queries.rules_of(draft)),
    }


def preview_context(proposed: RuleSet, request: Request) -> dict[str, Any]:
    """Return what an approver sees: what changes, what is remarkable, what it would have meant, why."""
    if proposed.state != RuleSetState.PROPOSED:
        return {**_named_question(proposed), "is_over": True}
    return {**_named_question(proposed), **change_context(proposed, clock.now())}


def change_context(draft: RuleSet, now: datetime) -> dict[str, Any]:
    """Return what a draft changes: rule by rule, on the past, and in who could move money alone."""
    return {
        "differences": differences_of(queries.compared(queries.live(), draft)),
        "findings": queries.review(draft),
        "trial": showing_trials.summary_of(queries.tried(draft, now)),
        "control": control_context(queries.rules_of(draft)),
    }


def control_context(rules: Sequence[Rule]) -> dict[str, list[str]]:
    """Return what the control report says of other rules: who could do more, or less, with fewer others."""
    before = control.snapshot_now()
    worse, better = sentences_of(control.difference(control.report(before), control.report(before.with_rules(rules))))
    return {"worse": worse, "better": better}


def _named_question(proposed: RuleSet) -> dict[str, Any]:
    return {
        "question": _("Make version %(n)s of the rules the live one?") % {"n": proposed.version},
        "kind_label": _("Change of the rules"),
        "url": reverse("rules:version", args=[proposed.version]),
    }


def rule_sentence() -> str:
    """What the live rules demand of a change of the rules."""
    rule = rule_for(Facts(kind=RuleKind.RULES))
    return sentence(rule) if rule else ""


def crumbs(*steps: str) -> list[Crumb]:
    """Lead from the rules to a page: texts and addresses in turn, the last one without."""
    texts, urls = steps[::2], [*steps[1::2], ""]
    return [
        Crumb(_("Rules"), reverse("rules:page")),
        *(Crumb(text, url) for text, url in zip(texts, urls, strict=True)),
    ]
