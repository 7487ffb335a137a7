"""Who may see clients, have CoinMENA asked about them, and switch them on or off."""

from typing import Final

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import check_role, has_role

READERS: Final = (Role.FINANCE, Role.MANAGER, Role.AUDITOR)
#: An auditor changes nothing, and what CoinMENA answers changes the mirror.
ASKERS: Final = (Role.FINANCE, Role.MANAGER)
SWITCHERS: Final = (Role.MANAGER,)


def check_can_ask_partner(person: Person) -> None:
    """Refuse people on whose behalf CoinMENA is not asked.

    :raises Refused: naming the roles that can.
    """
    check_role(person, *ASKERS)


def can_ask_partner(person: Person) -> bool:
    """Whether CoinMENA is asked on behalf of this person."""
    return has_role(person, *ASKERS)


def check_can_set_activation(person: Person) -> None:
    """Refuse people who may not activate or deactivate a client.

    :raises Refused: naming the roles that can.
    """
    check_role(person, *SWITCHERS)


def can_set_activation(person: Person) -> bool:
    """Whether this person may activate or deactivate a client."""
    return has_role(person, *SWITCHERS)
