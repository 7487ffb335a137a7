"""What each role may do and what it may never, in the words of the people it is about (DESIGN.md §1)."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Role
from backoffice.ui.values import Text


@dataclass(frozen=True)
class Abilities:
    """What somebody comes to do, and what they must never be able to."""

    role: Text
    can: tuple[Text, ...]
    never: tuple[Text, ...]


ABILITIES: Final = {
    Role.FINANCE: Abilities(
        Role.FINANCE.label,
        (
            _("Ask for deposits and withdrawals, one by one or as a file"),
            _("Have deposits sent that no rule holds for another person"),
            _("Ask for closings by hand and for the release of a freeze"),
            _("Reconcile, look things up at the partners, export"),
        ),
        (_("Approve anything"), _("Change people or rules")),
    ),
    Role.MANAGER: Abilities(
        Role.MANAGER.label,
        (
            _("Approve and reject what others ask for"),
            _("Freeze at once, ask for a release, let sending go on after a halt"),
            _("Activate and deactivate clients, reconcile, export"),
            _("Read the people and the audit log"),
        ),
        (_("Ask for money to move"), _("Decide on what they asked for, or on their own account")),
    ),
    Role.AUDITOR: Abilities(
        Role.AUDITOR.label,
        (_("Read everything, people and the audit log included"), _("Export every list and verify the audit log")),
        (_("Change anything"),),
    ),
    Role.ADMINISTRATOR: Abilities(
        Role.ADMINISTRATOR.label,
        (
            _("Propose invitations, roles, reactivations and resets of second factors"),
            _("Deactivate people and end their sessions at once"),
            _("Propose other rules"),
            _("Read the people, the audit log and the exports"),
        ),
        (_("Move or approve money"), _("Give anybody access without a manager")),
    ),
}


def abilities_of(role: str) -> Abilities:
    """Return what a role comes to."""
    return ABILITIES[Role(role)]
