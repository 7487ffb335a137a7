"""Who may see what was exported, and take the audit log away as a file. Each list's own export has its app's policy."""

from backoffice.accounts.models import Role
from backoffice.audit.policies import EXPORTERS

#: Who took what away is part of the log, so its readers may see it.
READERS = (Role.AUDITOR, Role.MANAGER, Role.ADMINISTRATOR)
LOG_EXPORTERS = EXPORTERS
