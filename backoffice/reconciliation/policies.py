"""Who reconciles, and who reads what was found."""

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import check_role, has_role

READERS = (Role.FINANCE, Role.MANAGER, Role.AUDITOR)
RECONCILERS = (Role.FINANCE, Role.MANAGER)


def check_can_reconcile(by: Actor) -> None:
    """Refuse whoever may only read.

    :raises Refused: naming the roles that can.
    """
    if not isinstance(by, System):
        check_role(by, *RECONCILERS)


def can_reconcile(person: Person) -> bool:
    """Say whether to offer the button."""
    return has_role(person, *RECONCILERS)
