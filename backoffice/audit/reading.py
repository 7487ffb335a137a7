"""Reading and checking the log are themselves written down (security.md §3)."""

from django.db import transaction

from backoffice.accounts.actors import Actor
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.audit.verification import Verification, verify

LONGEST_ADDRESS = 500


def note_reading(*, by: Actor, page: str) -> Entry:
    """Write down that the log is read, and return the entry that says so."""
    with transaction.atomic():
        return record("audit.read", by=by, after={"page": page[:LONGEST_ADDRESS]})


def verify_log(*, by: Actor) -> Verification:
    """Check the whole log and write down how it came out."""
    found = verify()
    after = {
        "intact": found.is_intact,
        "sentence": found.sentence,
        "entries": found.entries,
        "milliseconds": round(found.seconds * 1000),
        "bad_entry": found.fault.number if found.fault else None,
        "bad_field": found.fault.field if found.fault else None,
    }
    with transaction.atomic():
        record(
            "audit.verified",
            by=by,
            after=after,
            result=Entry.Result.DONE if found.is_intact else Entry.Result.FAILED,
        )
    return found
