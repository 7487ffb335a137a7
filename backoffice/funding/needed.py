"""Who else has to agree, in words: what a rule demands, who can, and which total of the day it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.approvals.matching import Facts, rule_for
from backoffice.approvals.models import Rule, RuleKind
from backoffice.approvals.queries import people_who_can_decide, stand_ins
from backoffice.approvals.wording import sentence
from backoffice.database import clock
from backoffice.funding.models import Kind
from backoffice.money import Money


@dataclass(frozen=True)
class Needed:
    """What the live rules ask for before something happens: the strong sentence, what follows it, and the rule.

    ``total``: what it makes the client come to in the rules' 24 hours; empty where that is not known yet.
    """

    strong: str
    text: str
    rule: Rule | None = None
    total: str = ""


def needed_for_operation(facts: Facts, person: Person) -> Needed:
    """Say who has to agree to what ``person`` types, as far as it is typed."""
    rule, total = rule_for(facts), total_sentence(facts)
    if rule is not None:
        return Needed(sentence(rule), who_can_today(rule, person), rule, total)
    if facts.amount is None:
        return Needed(_("Not known yet."), _("It depends on client, asset and amount."))
    if facts.kind == Kind.DEPOSIT:
        return Needed(_("None needed."), _("No rule asks for approval of this deposit."), None, total)
    return Needed(_("Blocked."), _("No rule says who approves this withdrawal. An administrator can add one."))


def needed_for_file(person: Person) -> Needed:
    """Say who has to agree to a file of ``person``'s of which some row would go out on their word alone."""
    rule = rule_for(Facts(kind=RuleKind.BULK))
    if rule is None:
        return Needed(_("Blocked."), _("No rule says who approves a file. An administrator can add one."))
    return Needed(sentence(rule), who_can_today(rule, person), rule)


def who_can_today(rule: Rule, person: Person) -> str:
    """Say who can approve what ``person`` asks for under a rule, and who of them is away."""
    entitled, away = people_who_can_decide(person.pk), stand_ins(clock.now())
    here = [one.name for one in entitled if one.pk not in away]
    gone = [one.name for one in entitled if one.pk in away]
    if not gone:
        return who_can(rule.people_needed, here)
    if not here:
        return f"{who_can(rule.people_needed, gone)} {_who_is_away(gone)}"
    return f"{_who_is_here(rule.people_needed, here, gone)} {_who_is_away(gone)}"


def _who_is_here(count: int, here: Sequence[str], gone: Sequence[str]) -> str:
    if len(here) < count <= len(here) + len(gone):
        words = {"names": _listed(here, _("and")), "n": count}
        return _("Only %(names)s can approve it today and %(n)d are needed.") % words
    return who_can(count, here)


def _who_is_away(gone: Sequence[str]) -> str:
    said = ngettext("%(names)s is away.", "%(names)s are away.", len(gone))
    return said % {"names": _listed(gone, _("and"))}


def who_can(count: int, names: Sequence[str]) -> str:
    """Say which of the named people can give the ``count`` approvals needed, and what to do where they are too few."""
    if not names:
        return _("Nobody can approve it at the moment: an administrator has to invite a manager.")
    if len(names) < count:
        words = {"names": _listed(names, _("and")), "n": count}
        return (
            _("Only %(names)s can approve it and %(n)d are needed: an administrator has to invite a manager.") % words
        )
    if count == 1:
        return _("%(names)s can approve it today.") % {"names": _listed(names, _("or"))}
    if len(names) == count:
        return _("%(names)s have to approve it, all of them.") % {"names": _listed(names, _("and"))}
    return _("%(n)d of these have to approve it: %(names)s.") % {"n": count, "names": _listed(names, _("and"))}


def total_sentence(facts: Facts) -> str:
    """Say what the client comes to with this one, as the rules count it; empty while no amount is known."""
    if facts.day_total is None:
        return ""
    return total_in_words(facts.kind, facts.day_total, facts.asset)


def total_in_words(kind: str, total: Decimal, asset: str) -> str:
    """Say a total of 24 hours: of deposits, or of withdrawals, those that wait included."""
    template = (
        _("With this one %(money)s of deposits in 24 hours, those that wait included.")
        if kind == Kind.DEPOSIT
        else _("With this one %(money)s of withdrawals in 24 hours, those that wait included.")
    )
    return template % {"money": Money(total, asset)}


def _listed(names: Sequence[str], last: str) -> str:
    """Write ``Lina, Omar and Rami``."""
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final
