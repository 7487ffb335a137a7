"""Who else has to agree, in words: what a rule demands, who can, and which total of the day it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals.matching import Facts, rule_for
from backoffice.approvals.models import Rule, RuleKind
from backoffice.approvals.queries import people_who_can_decide
from backoffice.approvals.wording import sentence
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
        return Needed(sentence(rule), who_can(rule.people_needed, people_who_can_decide(person.pk)), rule, total)
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
    return Needed(sentence(rule), who_can(rule.people_needed, people_who_can_decide(person.pk)), rule)


def who_can(count: int, people: Sequence[Person]) -> str:
    """Say which of ``people`` can give the ``count`` approvals needed, and what to do where they are too few."""
    names = [person.name for person in people]
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
