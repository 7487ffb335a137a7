"""Who may change the rules, and when. Everybody reads them."""

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import check_role
from backoffice.approvals.models import RuleSet, RuleSetState
from backoffice.approvals.policies import Conflict
from backoffice.ui import times


def check_can_edit(person: Person) -> None:
    """Refuse everybody but administrators: they propose rules, and a manager approves.

    :raises Refused: for everybody else.
    """
    check_role(person, Role.ADMINISTRATOR)


def can_edit(person: Person) -> bool:
    return person.is_administrator


def check_is_draft(rule_set: RuleSet | None) -> RuleSet:
    """Return ``rule_set`` if it can be changed now.

    :raises Conflict: when there is no draft, or it waits for approval.
    """
    if rule_set is None:
        raise Conflict(_("There is no draft any more: it was discarded or has become the live version."))
    if rule_set.state == RuleSetState.PROPOSED:
        raise Conflict(_("This version waits for approval, so nobody can change it. Take it back first."))
    return rule_set


def check_none_is_begun(rule_set: RuleSet | None) -> None:
    """Refuse a second draft.

    :raises Conflict: naming who began the first one, and when.
    """
    if rule_set is not None:
        raise Conflict(begun_sentence(rule_set))


def begun_sentence(rule_set: RuleSet) -> str:
    """Say who is changing the rules, since when."""
    words = {
        "name": rule_set.made_by.name if rule_set.made_by else "",
        "moment": times.written(rule_set.made_at, times.MomentStyle.SHORT),
        "n": rule_set.version,
    }
    if rule_set.state == RuleSetState.PROPOSED:
        return _("Version %(n)s, begun by %(name)s on %(moment)s, waits for approval. There is one at a time.") % words
    return _("%(name)s began a draft, version %(n)s, on %(moment)s. There is one draft at a time.") % words
