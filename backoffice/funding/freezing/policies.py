"""Who may freeze and who may ask for a release; and whether a freeze, or another environment, keeps money back."""

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused, check_role
from backoffice.approvals.policies import Conflict
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.reasons import LOG_BEHIND, SWITCHED_OVER
from backoffice.funding.models import Freeze, Gate, Scope
from backoffice.ui import times

# People -----------------------------------------------------------------------------------------------------------


def check_can_freeze(person: Person) -> None:
    """Refuse everybody but managers to stop money; one of them is enough, because stopping harms nobody."""
    check_role(person, Role.MANAGER)


def can_freeze(person: Person) -> bool:
    return person.is_manager


def check_can_ask_release(person: Person, freeze: Freeze) -> None:
    """Refuse asking for a release to those who only read and to the one who froze, and for what is over.

    :raises Refused: when this person may not ask. :raises Conflict: when nobody can any more.
    """
    check_role(person, Role.FINANCE, Role.MANAGER)
    if freeze.released_at is not None:
        raise Conflict(_("It has been released already."))
    if person.pk == freeze.frozen_by_id:
        raise Refused(_("You froze it. Two other people release it: one asks, a manager approves."))


def why_not_ask_release(person: Person, freeze: Freeze) -> str:
    """Say why ``person`` cannot ask for the release of ``freeze``; empty when they can."""
    try:
        check_can_ask_release(person, freeze)
    except (Refused, Conflict) as refusal:
        return str(refusal)
    return ""


# Sending ----------------------------------------------------------------------------------------------------------


def why_not_here(gate: Gate, environment: str) -> str:
    """Say why nothing is sent from ``environment``; empty where it is the one that payments were last sent in."""
    return "" if gate.environment == environment else _("These are not the settings of the last payment.")


def why_frozen(kind: str, client_id: int | None, asset_id: str | None) -> str:
    """Say which freeze holds back an operation of this type, client and asset; empty when none does.

    The claim asks under the gate's lock: whoever freezes takes that lock first, so once a freeze is committed no claim
    gets past it.
    """
    holding = freezes.holding(kind, client_id, asset_id)
    if not holding.exists():
        return ""
    freeze = holding.first()
    return "" if freeze is None else frozen_sentence(freeze)


def frozen_sentence(freeze: Freeze) -> str:
    """Say what is frozen, by whom, since when and why."""
    words = {
        "what": name_of(freeze),
        "name": freeze.frozen_by.name if freeze.frozen_by else "",
        "moment": times.written(freeze.frozen_at, times.MomentStyle.SHORT),
        "reason": freeze.reason,
    }
    if freeze.reason == LOG_BEHIND:
        return _("%(what)s is frozen since %(moment)s, because the audit log is behind its seals.") % words
    if freeze.reason == SWITCHED_OVER:
        return (
            _("%(what)s is frozen since %(moment)s, because the database server was switched over or restored.") % words
        )
    if freeze.frozen_by is None:
        return _("%(what)s is frozen since %(moment)s, because a backup was restored.") % words
    return _("%(what)s is frozen by %(name)s since %(moment)s: %(reason)s") % words


def name_of(freeze: Freeze) -> str:
    """Name what a freeze holds back: everything, money out, an asset, a client."""
    if freeze.client is not None:
        return str(freeze.client)
    return freeze.asset_id or str(Scope(freeze.scope).label)
