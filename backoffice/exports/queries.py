"""What was exported, as the audit log has it."""

from django.db.models import QuerySet

from backoffice.audit.models import Entry
from backoffice.audit.queries import entries

EVENTS = ("export.made", "export.broken")


def exported() -> QuerySet[Entry]:
    """Every export, whole or broken off."""
    return entries().filter(event__in=EVENTS)
