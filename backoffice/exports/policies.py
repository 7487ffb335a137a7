"""Who may see what was exported, and take a file away. Whose list it is says the permission matrix (`Export.roles`)."""

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused, check_role
from backoffice.audit.policies import EXPORTERS
from backoffice.exports.registry import Export

#: Who took what away is part of the log, so its readers may see it.
READERS = (Role.AUDITOR, Role.MANAGER, Role.ADMINISTRATOR)
LOG_EXPORTERS = EXPORTERS


def check_may_take(export: Export, by: Actor) -> None:
    """Refuse whoever may not take a list away, by the role and the account they have now. Parts of the system may.

    :raises Refused: naming the roles that can.
    """
    if isinstance(by, Person):
        check_role(by, *(role for role in Role if role in export.roles and by.is_active))


def may_take(export: Export, by: Actor) -> bool:
    """Whether somebody may take a list away, by the role and the account they have now."""
    try:
        check_may_take(export, by)
    except Refused:
        return False
    return True
