"""Who may look at health, and who may have the controls tried now."""

from backoffice.accounts.models import Role

READERS = (Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR)
TRIERS = (Role.AUDITOR, Role.ADMINISTRATOR)
