"""The report in sentences: for its page, its file, and wherever a change is tried on it."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.policies import PLURALS
from backoffice.approvals.control.acts import ASKERS, Act, ActKind
from backoffice.approvals.control.differing import Difference, Gain
from backoffice.approvals.control.reporting import Alone, Line, Pair, Stuck
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


def rule_of(act: Act) -> str:
    """Name the rule that gates it."""
    return act.rule.name if act.rule else _("No rule")


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
    if line.stuck is Stuck.NO_RULE:
        return _("No: an administrator has to add a rule")
    if line.stuck is Stuck.NOBODY_ASKS:
        return _("No: nobody can ask for it")
    if line.stuck is Stuck.TOO_FEW:
        return _("No: there are too few managers")
    if line.not_for:
        return _not_for(line)
    return _("Yes")


def _not_for(line: Line) -> str:
    said = {"names": names(line.not_for)}
    if line.act.kind is ActKind.ACCOUNT:
        return _("Not for the account of %(names)s") % said
    return _("Not where %(names)s froze") % said


def roles_of(act: Act) -> str:
    """Name the roles that ask for it."""
    return get_text_list([str(PLURALS[role]) for role in ASKERS[act.kind]], _("or"))


# People ---------------------------------------------------------------------------------------------------------------


def alone_of(alone: Alone) -> list[str]:
    """Say every way in which one person alone makes money leave, with its limits; none is none."""
    return [way_of(act) for act in alone.acts]


def way_of(act: Act) -> str:
    """Say one way: what is sent, up to which payment, up to which total of a day."""
    words = {"what": name_of(act), "payment": payment_limit(act), "day": day_limit(act)}
    return _("%(what)s: %(payment)s, %(day)s.") % words


def payment_limit(act: Act) -> str:
    """Say how large one payment can be."""
    if act.below is None:
        return _("no limit on one payment")
    return _("below %(amount)s %(asset)s each") % {"amount": format_amount(act.below), "asset": act.asset}


def day_limit(act: Act) -> str:
    """Say how much can come together for one client in a day."""
    if act.day_limit is None:
        return _("no limit on a day")
    said = {"amount": format_amount(act.day_limit), "asset": act.asset}
    return _("below %(amount)s %(asset)s for each client in 24 hours") % said


def ways_of(pair: Pair) -> list[str]:
    """Say what two people can do together."""
    ways = summed(pair.acts)
    if pair.through_account:
        ways.append(_("everything, by inviting people who are nobody else"))
    return ways


def summed(acts: Iterable[Act]) -> list[str]:
    """Name acts kind by kind, so that eight assets are one line: ``Withdrawals below 10,000 USD, below 0.1 BTC``."""
    by_kind: dict[ActKind, list[str]] = {}
    for act in acts:
        by_kind.setdefault(act.kind, []).append(amounts_of(act))
    return [f"{KINDS[kind]} {', '.join(amounts)}" for kind, amounts in by_kind.items()]


# Differences ----------------------------------------------------------------------------------------------------------


def sentences_of(found: Difference) -> tuple[list[str], list[str]]:
    """Say what becomes worse and what becomes better: more power in fewer hands, or something nobody can do."""
    worse = [
        *(_gained(gain) for gain in found.alone_gained),
        *(_together(pair) for pair in found.pairs_gained),
        *(f"{name_of(line.act)}. {possible(line)}." for line in found.stuck),
    ]
    better = [
        *(_lost(gain) for gain in found.alone_lost),
        *(_no_longer_together(pair) for pair in found.pairs_lost),
        *(_("%(what)s: can be done again.") % {"what": name_of(line.act)} for line in found.freed),
    ]
    return worse, better


def _gained(gain: Gain) -> str:
    words = {"name": gain.person.name, "ways": "; ".join(summed(gain.acts))}
    return _("%(name)s could send money alone: %(ways)s.") % words


def _lost(gain: Gain) -> str:
    words = {"name": gain.person.name, "ways": "; ".join(summed(gain.acts))}
    return _("%(name)s could no longer send money alone: %(ways)s.") % words


def _together(pair: Pair) -> str:
    words = {"first": pair.first.name, "second": pair.second.name, "ways": "; ".join(ways_of(pair))}
    return _("%(first)s and %(second)s together could do: %(ways)s.") % words


def _no_longer_together(pair: Pair) -> str:
    words = {"first": pair.first.name, "second": pair.second.name, "ways": "; ".join(ways_of(pair))}
    return _("%(first)s and %(second)s together could no longer do: %(ways)s.") % words


def names(people: Sequence[Member]) -> str:
    """Name people in a row."""
    return ", ".join(one.name for one in people)
