"""Who may open the audit log. The history of one object is part of its page, and open to whoever may open that."""

from backoffice.accounts.models import Role

#: Finance reads what its own work says on the pages of operations and clients, not the log of everybody's.
READERS = (Role.AUDITOR, Role.MANAGER, Role.ADMINISTRATOR)
EXPORTERS = VERIFIERS = READERS
