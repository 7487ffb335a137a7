"""What makes one version of the rules different from another, in sentences."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.approvals.ruling.differences import Change, Differences, GroupDifference, RuleDifference
from backoffice.approvals.wording import sentence
from backoffice.ui.values import Badge, Meaning

#: Ids of clients that are named; the group's own page has the rest.
IDS_SHOWN: Final = 50
CHANGE_BADGES: Final = {
    Change.ADDED: (gettext_noop("Added"), Meaning.POSITIVE),
    Change.REMOVED: (gettext_noop("Removed"), Meaning.NEGATIVE),
    Change.CHANGED: (gettext_noop("Changed"), Meaning.WARNING),
    Change.RENAMED: (gettext_noop("Renamed"), Meaning.NEUTRAL),
}


@dataclass(frozen=True)
class DifferenceRow:
    """One rule or group that differs, in sentences: ``before`` and ``after`` are empty where there is none."""

    name: str
    badge: Badge
    before: str
    after: str
    notes: tuple[str, ...] = ()


def differences_of(found: Differences) -> list[DifferenceRow]:
    """Say every difference in sentences."""
    return [*(_of_rule(one) for one in found.rules), *(_of_group(one) for one in found.groups)]


def badge_of_change(change: Change) -> Badge:
    text, meaning = CHANGE_BADGES[change]
    return Badge(_(text), meaning, calm=True)


def _of_rule(one: RuleDifference) -> DifferenceRow:
    before, after = (sentence(rule) if rule else "" for rule in (one.before, one.after))
    if one.change is Change.RENAMED and one.before:
        before, after = one.before.name, one.rule.name
    return DifferenceRow(one.rule.name, badge_of_change(one.change), before, after)


def _of_group(one: GroupDifference) -> DifferenceRow:
    notes = [
        template % {"ids": in_short(ids), "n": len(ids)}
        for template, ids in ((_("Joined (%(n)s): %(ids)s"), one.joined), (_("Left (%(n)s): %(ids)s"), one.left))
        if ids
    ]
    name = _("Group %(group)s") % {"group": one.name}
    return DifferenceRow(name, badge_of_change(one.change), "", "", tuple(notes))


def in_short(ids: Collection[str]) -> str:
    """Name some ids and leave the rest to the group's own page."""
    shown = list(ids)[:IDS_SHOWN]
    return ", ".join(shown) + ("…" if len(ids) > len(shown) else "")
