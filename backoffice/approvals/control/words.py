"""The report in sentences: for its page, its file, and wherever a change is tried on it."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.accounts.policies import PLURALS
from backoffice.approvals.control.acts import ASKERS, Act, ActKind, merged
from backoffice.approvals.control.differing import Difference, Gain, Standstill
from backoffice.approvals.control.reporting import Line, Stuck
from backoffice.approvals.control.snapshots import Member
from backoffice.approvals.wording import band_of, people_of
from backoffice.money import format_amount
from backoffice.ui.values import Text

KINDS: Final[dict[ActKind, Text]] = {
    ActKind.WITHDRAWAL: gettext_lazy("Withdrawals"),
    ActKind.DEPOSIT: gettext_lazy("Deposits"),
    ActKind.BULK: gettext_lazy("Files of operations"),
    ActKind.CLOSING: gettext_lazy("Closings by hand"),
    ActKind.RELEASE: gettext_lazy("Release of a freeze"),
    ActKind.UNLOCK: gettext_lazy("Release of the lock after a restore"),
    ActKind.ACCOUNT: gettext_lazy("Invitations, roles and second factors"),
    ActKind.RULES: gettext_lazy("Changes of the rules"),
}
WHY_STUCK: Final[dict[Stuck, Text]] = {
    Stuck.NO_RULE: gettext_lazy("No: an administrator has to add a rule"),
    Stuck.NOBODY_ASKS: gettext_lazy("No: nobody can ask for it"),
    Stuck.TOO_FEW: gettext_lazy("No: there are too few managers"),
}


# One act --------------------------------------------------------------------------------------------------------------


def name_of(act: Act) -> str:
    """Name an act: ``Withdrawals from 500 to below 1,000 USD``."""
    return " ".join(part for part in (str(KINDS[act.kind]), amounts_of(act), whom_of(act)) if part)


def amounts_of(act: Act) -> str:
    """Say which amounts of which asset an act is about; empty for what is no money."""
    if not act.moves_money:
        return ""
    if act.asset and (act.at_least is not None or act.below is not None):
        return band_of(act.at_least, act.below, act.asset)
    return _("of any amount in %(asset)s") % {"asset": act.asset} if act.asset else _("in any other asset")


def whom_of(act: Act) -> str:
    """Say whose operations it is about; empty where it is about everybody's."""
    if act.whom.client:
        return _("of client %(client)s") % {"client": act.whom.client}
    return _("of the clients in %(group)s") % {"group": act.whom.group} if act.whom.group else ""


def demand_of(act: Act) -> str:
    """Say what the rules demand of it."""
    if act.is_blocked:
        return _("Blocked: no rule")
    return people_of(act.people_needed) if act.rule else _("Nobody else")


def rules_of(acts: Iterable[Act]) -> str:
    """Name the rule that gates acts; where several do, how many."""
    found = {act.rule.name for act in acts if act.rule}
    if len(found) > 1:
        return ngettext("%(n)s rule", "%(n)s rules", len(found)) % {"n": len(found)}
    return found.pop() if found else _("No rule")


def askers_of(line: Line) -> str:
    """Name who can ask; where nobody can, the roles that could."""
    return names(line.askers) or _("Nobody: it takes %(roles)s") % {"roles": roles_of(line.act)}


def deciders_of(line: Line) -> str:
    """Name who can decide on what somebody else asked for."""
    if not line.act.people_needed:
        return _("Nobody has to")
    return names(line.deciders) or _("Nobody: it takes managers")


def possible(line: Line) -> str:
    """Say whether it can be done today, and why not."""
    if line.stuck is None and not line.not_for:
        return _("Yes")
    return why_stuck(line.act.kind, line.stuck, line.not_for)


def why_stuck(kind: ActKind, stuck: Stuck | None, not_for: Sequence[Member]) -> str:
    """Say why something cannot be done, or for whom not."""
    if stuck is not None:
        return str(WHY_STUCK[stuck])
    said = {"names": names(not_for)}
    if kind is ActKind.ACCOUNT:
        return _("Not for the account of %(names)s") % said
    return _("Not where %(names)s froze") % said


def roles_of(act: Act) -> str:
    """Name the roles that ask for it."""
    return get_text_list([str(PLURALS[role]) for role in ASKERS[act.kind]], _("or"))


# People ---------------------------------------------------------------------------------------------------------------


def way_of(act: Act) -> str:
    """Say one way in which a person makes money leave alone: what one payment may be, and what a day."""
    said = {"what": name_of(act), "day": day_limit(act)}
    return _("%(what)s, of any size, %(day)s") % said if act.below is None else _("%(what)s each, %(day)s") % said


def day_limit(act: Act) -> str:
    """Say how much can come together for one client in a day."""
    if act.day_limit is None:
        return _("no limit on a day")
    said = {"amount": format_amount(act.day_limit), "asset": act.asset}
    return _("below %(amount)s %(asset)s for each client in 24 hours") % said


def limits_of(acts: Iterable[Act]) -> list[str]:
    """Say what one person can do alone, with its limits: ``Deposits below 500 USD each, no limit on a day``."""
    return [way_of(act) for act in merged(acts)]


def ways_of(acts: Iterable[Act], *, through_account: bool) -> list[str]:
    """Say what two people can do together."""
    ways = summed(acts)
    if through_account:
        ways.append(_("everything, by inviting people who are nobody else"))
    return ways


def summed(acts: Iterable[Act]) -> list[str]:
    """Name acts kind by kind, so that eight assets are one line: ``Withdrawals below 10,000 USD, below 0.1 BTC``."""
    by_kind: dict[ActKind, list[str]] = {}
    for act in merged(acts):
        by_kind.setdefault(act.kind, []).append(amounts_of(act))
    return [f"{KINDS[kind]} {', '.join(filter(None, amounts))}".strip() for kind, amounts in by_kind.items()]


# Differences ----------------------------------------------------------------------------------------------------------


def sentences_of(found: Difference) -> tuple[list[str], list[str]]:
    """Say what becomes worse and what becomes better: more power in fewer hands, or something nobody can do."""
    worse = [
        *(_alone(gain, _("%(name)s could send money alone: %(ways)s.")) for gain in found.alone_gained),
        *(_together(pairs, _("%(names)s could together: %(ways)s.")) for pairs in alike(found.pairs_gained)),
        *(_standstill(one) for one in found.stuck),
    ]
    better = [
        *(_no_longer_alone(gain) for gain in found.alone_lost),
        *(_no_longer_together(pairs) for pairs in alike(found.pairs_lost)),
        *(_freed(one) for one in found.freed),
    ]
    return worse, better


def _alone(gain: Gain, sentence: str) -> str:
    return sentence % {"name": gain.people[0].name, "ways": "; ".join(limits_of(gain.acts))}


def _no_longer_alone(gain: Gain) -> str:
    if gain.is_all:
        return _("%(name)s could no longer send money alone.") % {"name": gain.people[0].name}
    return _alone(gain, _("%(name)s could no longer send money alone: %(ways)s."))


def alike(gains: Iterable[Gain]) -> list[list[Gain]]:
    """Put pairs together that have one person in common and can do the same."""
    groups: list[list[Gain]] = []
    for gain in gains:
        group = next((one for one in groups if _is_like(gain, one)), None)
        if group is None:
            groups.append([gain])
        else:
            group.append(gain)
    return groups


def _is_like(gain: Gain, group: list[Gain]) -> bool:
    first = group[0]
    same = (first.acts, first.is_all, first.through_account) == (gain.acts, gain.is_all, gain.through_account)
    return same and bool(_in_common([*group, gain]))


def _in_common(pairs: Sequence[Gain]) -> set[Member]:
    return set.intersection(*(set(pair.people) for pair in pairs))


def _together(pairs: list[Gain], sentence: str) -> str:
    ways = "; ".join(ways_of(pairs[0].acts, through_account=pairs[0].through_account))
    return sentence % {"names": _named(pairs), "ways": ways}


def _no_longer_together(pairs: list[Gain]) -> str:
    if pairs[0].is_all:
        return _("%(names)s could no longer move money together.") % {"names": _named(pairs)}
    return _together(pairs, _("%(names)s could no longer together: %(ways)s."))


def _named(pairs: list[Gain]) -> str:
    """Name two people, or one and everybody who could take the other's place: ``Maya and Lina or Omar``."""
    if len(pairs) == 1:
        return get_text_list([one.name for one in pairs[0].people], _("and"))
    one = _in_common(pairs).pop()
    others = [other.name for pair in pairs for other in pair.people if other != one]
    return _("%(name)s and %(others)s") % {"name": one.name, "others": get_text_list(others, _("or"))}


def _standstill(one: Standstill) -> str:
    why = why_stuck(one.kind, one.stuck, one.not_for)
    return _("%(what)s: still possible? %(why)s.") % {"what": _acts_of(one), "why": why}


def _freed(one: Standstill) -> str:
    return _("%(what)s: can be done again.") % {"what": _acts_of(one)}


def _acts_of(one: Standstill) -> str:
    return str(KINDS[one.kind]) if one.is_all else "; ".join(summed(one.acts))


def names(people: Iterable[Member]) -> str:
    """Name people in a row."""
    return ", ".join(one.name for one in people)
