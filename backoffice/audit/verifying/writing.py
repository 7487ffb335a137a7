"""Verifying the log is itself written down, with what came of it."""

from typing import Any

from backoffice.accounts.actors import Actor
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.audit.verifying.checking import Verification


def write_down(found: Verification, *, by: Actor) -> Entry:
    """Write down how a check of the log came out."""
    result = Entry.Result.DONE if found.is_intact else Entry.Result.FAILED
    return record("audit.verified", by=by, after=told(found), result=result)


def told(found: Verification) -> dict[str, Any]:
    return {
        "intact": found.is_intact,
        "sentence": found.sentence,
        "entries": found.entries,
        "seals": found.seals,
        "sealed": found.sealed,
        "seconds": f"{found.seconds:.1f}",
        "bad_entry": found.fault.number if found.fault else None,
        "bad_field": found.fault.field if found.fault else None,
        "faults": [fault.sentence for fault in found.faults],
    }
