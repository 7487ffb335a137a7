"""What a second factor is shown for: exactly this act, on exactly this day as it stands."""

from typing import Any, Final

from backoffice.audit.canonical import canonical_text, digest
from backoffice.reconciliation.days.queries import exceptions_of
from backoffice.reconciliation.models import Day, DayReport

VERSION: Final = 1


def review_fingerprint(day: Day) -> str:
    """Return the digest of what a reviewer signs: the findings of the run that was prepared."""
    return _digest("review", day, run=day.run_id, digest=day.run.digest)


def closing_fingerprint(day: Day) -> str:
    """Return the digest of what is closed: the findings, and each exception of the day with what was done about it."""
    return _digest("close", day, run=day.run_id, digest=day.run.digest, exceptions=_exceptions(day))


def reopening_fingerprint(day: Day, report: DayReport) -> str:
    """Return the digest of what would be opened again: the report that was signed."""
    return _digest("reopen", day, state=str(day.state), report=report.digest)


def _exceptions(day: Day) -> list[list[Any]]:
    fields = ("id", "verdict", "state", "resolution", "resolution_text", "ticket", "difference", "at_risk")
    return [list(row) for row in exceptions_of(day.date).order_by("id").values_list(*fields)]


def _digest(act: str, day: Day, **content: Any) -> str:
    about = {"version": VERSION, "act": act, "day": day.date.isoformat(), "closing": day.version}
    return digest(canonical_text({**about, **content}))
