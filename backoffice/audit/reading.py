"""Reading the log is itself written down (security.md §3)."""

from django.db import transaction

from backoffice.accounts.actors import Actor
from backoffice.audit.models import Entry
from backoffice.audit.services import record

LONGEST_ADDRESS = 500


def note_reading(*, by: Actor, page: str) -> Entry:
    """Write down that the log is read, and return the entry that says so."""
    with transaction.atomic():
        return record("audit.read", by=by, after={"page": page[:LONGEST_ADDRESS]})
