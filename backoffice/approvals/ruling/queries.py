"""Versions of the rules, and what they are held against."""

from collections.abc import Iterable
from datetime import datetime
from heapq import merge

from django.db.models import QuerySet

from backoffice.approvals.matching import Rulebook
from backoffice.approvals.models import Decision, Request, Rule, RuleKind, RuleSet, RuleSetState
from backoffice.approvals.queries import people_who_can_decide
from backoffice.approvals.ruling import overlaps
from backoffice.approvals.ruling.content import said_by
from backoffice.approvals.ruling.differences import Differences, differences
from backoffice.approvals.ruling.directory import directory
from backoffice.approvals.ruling.findings import (
    Finding,
    World,
    findings_of_group,
    findings_of_rule,
    standing_warned_about,
    ungated_kinds,
)
from backoffice.approvals.ruling.kinds import MONEY
from backoffice.approvals.ruling.past import PastFact, pasts
from backoffice.approvals.ruling.trial import MOST_FACTS, SPAN, Trial, try_on

NEXT_STATES = (RuleSetState.DRAFT, RuleSetState.PROPOSED)
#: What a request about a version is called: ``rules-<version>-<how many times it was submitted>``.
SUBJECT_PREFIX = "rules"


def rule_sets() -> QuerySet[RuleSet]:
    """Return every version with its rules, who made it and what approved it."""
    related = RuleSet.objects.select_related("made_by", "approval__requested_by")
    return related.prefetch_related("rules", "approval__decisions__decided_by")


def versions() -> QuerySet[RuleSet]:
    """Return the versions that are or were live, newest first."""
    known = RuleSet.objects.select_related("made_by", "approval__requested_by").filter(
        state__in=(RuleSetState.LIVE, RuleSetState.FORMER)
    )
    return known.prefetch_related("approval__decisions__decided_by").order_by("-version")


def live() -> RuleSet:
    """Return the version that holds now."""
    return rule_sets().get(state=RuleSetState.LIVE)


def next_version() -> RuleSet | None:
    """Return the draft, or the version that waits for approval; None where nobody is changing the rules."""
    return rule_sets().filter(state__in=NEXT_STATES).first()


def rules_of(rule_set: RuleSet) -> list[Rule]:
    """Return the rules of a version in the order they are read: by kind, then by what they are about."""
    return sorted(rule_set.rules.all(), key=reading_order)


def reading_order(rule: Rule) -> tuple[object, ...]:
    """Sort by kind, the general before the particular, small amounts before large ones."""
    bounds = [(bound is not None, bound or 0) for bound in (rule.day_total_from, rule.at_least, rule.below)]
    kinds = list(RuleKind)
    return (kinds.index(RuleKind(rule.kind)), bool(rule.client or rule.group), rule.asset, *bounds, rule.name)


def requests_about(version: int) -> QuerySet[Request]:
    """Return every request to make a version live, newest first."""
    about = Request.objects.filter(kind=RuleKind.RULES, subject__startswith=f"{SUBJECT_PREFIX}-{version}-")
    return about.select_related("requested_by").prefetch_related("decisions__decided_by").order_by("-id")


def version_named(subject: str) -> int:
    """Return the version that a request called ``subject`` is about."""
    return int(subject.split("-")[1])


def approvals_of(request: Request | None) -> list[Decision]:
    """Return the approvals that count, the first one first."""
    if request is None:
        return []
    given = [one for one in request.decisions.all() if one.verdict == "approved" and one.taken_back_at is None]
    return sorted(given, key=lambda one: (one.decided_at, one.pk))


def world_of(rules: Iterable[Rule], ids: Iterable[str] = ()) -> World:
    """Ask what ``rules`` and groups of these ``ids`` are held against."""
    named = {rule.client for rule in rules if rule.client} | set(ids)
    return World(
        assets=frozenset(asset for asset, _name in directory().assets()),
        clients=frozenset(directory().names(named)) if named else frozenset(),
        managers=len(people_who_can_decide()),
        open_assets={kind.value: directory().open_assets(kind) for kind in MONEY},
    )


def review(rule_set: RuleSet) -> list[Finding]:
    """Return everything to say about a version, what keeps it from being submitted first."""
    rules, groups = rules_of(rule_set), rule_set.groups
    world = world_of(rules, (one for ids in groups.values() for one in ids))
    found = [finding for rule in rules for finding in findings_of_rule(rule, groups, world)]
    found = standing_warned_about(found, kept_rules(rules))
    found += ungated_kinds(rules)
    found += [one for name in sorted(groups) for one in findings_of_group(name, groups[name], rules, world)]
    found += overlaps.duplicates(rules)
    found += overlaps.shadowed(rules, groups)
    found += overlaps.easier_for_more(rules)
    found += overlaps.assets_without_amounts(rules, world.open_assets)
    return sorted(found, key=lambda finding: not finding.is_fault)


def kept_rules(rules: Iterable[Rule]) -> set[str]:
    """Name those of ``rules`` that stand in the live version with the very same words."""
    held = {rule.name: said_by(rule) for rule in live().rules.all()}
    return {rule.name for rule in rules if held.get(rule.name) == said_by(rule)}


def faults_of(rule_set: RuleSet) -> list[Finding]:
    """Return what keeps a version from being submitted and approved."""
    return [finding for finding in review(rule_set) if finding.is_fault]


def compared(before: RuleSet, after: RuleSet) -> Differences:
    """Compare two versions."""
    return differences(rules_of(before), rules_of(after), before.groups, after.groups)


def tried(draft: RuleSet, now: datetime) -> Trial:
    """Try a draft on what was asked for in the last 90 days, beside the live rules."""
    since, held = now - SPAN, live()
    return try_on(
        past_facts(since, now),
        Rulebook(held.rules.all(), held.groups),
        Rulebook(draft.rules.all(), draft.groups),
        since=since,
        until=now,
        managers=len(people_who_can_decide()),
    )


def past_facts(since: datetime, until: datetime) -> list[PastFact]:
    """Return what was asked for in a period, newest first, in one query for each that knows a part of it."""
    parts = [past.facts(since, until, MOST_FACTS) for past in pasts()]
    return list(merge(*parts, key=lambda one: one.at, reverse=True))[:MOST_FACTS]
