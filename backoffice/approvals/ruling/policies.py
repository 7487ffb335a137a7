"""Who may change the rules, when, and what keeps a version from being submitted. Everybody reads them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import check_role
from backoffice.approvals.models import RuleSet, RuleSetState
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import queries
from backoffice.approvals.ruling.content import fingerprint_of
from backoffice.approvals.ruling.findings import Finding
from backoffice.ui import times


class Faulty(Exception):
    """What was to be saved or submitted has faults; each says what to do."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(" ".join(str(one) for one in findings))
        self.findings = findings


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


def check_can_submit(draft: RuleSet, fingerprint: str) -> None:
    """Refuse what is not what was shown, what changes nothing, and what has faults.

    :raises Conflict, Faulty: when it cannot be submitted like that.
    """
    if fingerprint_of(draft) != fingerprint:
        raise Conflict(_("The draft was changed since you read it. Read it again before you submit it."))
    if not queries.compared(queries.live(), draft):
        raise Conflict(_("The draft says what the live rules say. Change something, or discard it."))
    check_is_faultless(queries.review(draft))


def why_not_submit(draft: RuleSet) -> str:
    """Say why a draft cannot be submitted as it is; empty when it can."""
    try:
        check_can_submit(draft, fingerprint_of(draft))
    except Conflict as conflict:
        return str(conflict)
    except Faulty:
        return _("Something keeps it back: see what was checked.")
    return ""


def check_is_faultless(found: Sequence[Finding]) -> None:
    """Refuse a rule, a group or a version of which something was found that is wrong, and not only remarkable.

    :raises Faulty: with all of it.
    """
    faults = [finding for finding in found if finding.is_fault]
    if faults:
        raise Faulty(faults)


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
