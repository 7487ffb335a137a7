"""Who may see transactions, take them away as a file, and have one read again from the partner."""

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import check_role, has_role

READERS = (Role.FINANCE, Role.MANAGER, Role.AUDITOR)
#: An auditor changes nothing, and a look-up changes the mirror.
LOOKERS_UP = (Role.FINANCE, Role.MANAGER)


def check_can_look_up(person: Person) -> None:
    """Refuse people who may not have the partner asked for a transaction.

    :raises Refused: naming the roles that can.
    """
    check_role(person, *LOOKERS_UP)


def can_look_up(person: Person) -> bool:
    """Whether the partner is asked on behalf of this person."""
    return has_role(person, *LOOKERS_UP)
