"""What the attempts of one operation say together, read at once: every look-up is weighed against all of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from backoffice.funding.models import AttemptOutcome, Operation
from backoffice.funding.queries import CLOSING_EVIDENCE
from backoffice.partner.outcome import Evidence, Row

#: Written out, in the order of `Said`: it is read several times for every payment, and composing it took longer.
_SAID: Final = """
    SELECT made.id, made.number, made.environment, made.planned_at, made.claimed_at, outcome.kind, outcome.row,
        outcome.evidence, outcome.signed_at, outcome.code, outcome.sentence, outcome.recorded_at, made.last_lookup_id,
        (SELECT max(greatest(frozen_at, restored_again_at)) FROM funding_freeze WHERE backup_at IS NOT NULL)
    FROM funding_attempt made LEFT JOIN funding_attemptoutcome outcome ON outcome.attempt_id = made.id
    WHERE made.operation_id = %s ORDER BY made.number, outcome.id
"""


class Said(NamedTuple):
    """One attempt with one of its outcomes; what is the outcome's is None where there is none yet.

    ``restored_at``: when the database was last set back; of what was sent until then it may know nothing. Whether that
    was after the claim is not asked: a claim may lie ahead, and a restore before it is older than its signature anyway.
    """

    attempt_id: int
    number: int
    environment: str
    planned_at: datetime
    claimed_at: datetime
    kind: str | None
    row: str | None
    evidence: str | None
    signed_at: datetime | None
    code: str | None
    sentence: str | None
    recorded_at: datetime | None
    last_lookup_id: int | None
    restored_at: datetime | None


@dataclass(frozen=True)
class Attempts:
    """The attempts of one operation as they stood when they were read, each outcome by itself, oldest attempt first."""

    said: tuple[Said, ...]

    @property
    def environments(self) -> set[str]:
        """Where an order of theirs can be: the environments of those still open; where none is, of those that were
        carried out or refused, which a partner may do that has the order already; else of all."""
        kept_out = {one.attempt_id for one in self.said if one.row in (Row.TURNED_AWAY, Row.NEVER_SENT)}
        every = {one.attempt_id for one in self.said}
        able = self._open or every - kept_out or every
        return {one.environment for one in self.said if one.attempt_id in able}

    @property
    def signed_until(self) -> datetime:
        """The youngest timestamp signed; an attempt whose worker died counts with the latest it could have signed, and
        a restore with its own moment: an attempt of which the backup knows nothing may have been signed until then."""
        signed: dict[int, datetime] = {}
        for one in self.said:
            signed[one.number] = one.signed_at or signed.get(one.number, one.planned_at)
        return max([*signed.values(), *self._restored])

    @property
    def last_lookup_id(self) -> int | None:
        """The newest look-up made before the newest attempt, None where there was none."""
        return self.said[-1].last_lookup_id

    @property
    def restored_at(self) -> datetime | None:
        """When the database was last set back: until then there may have been other attempts."""
        return max(self._restored, default=None)

    @property
    def _restored(self) -> list[datetime]:
        return [one.restored_at for one in self.said if one.restored_at is not None]

    @property
    def last_claimed_at(self) -> datetime:
        return self.said[-1].claimed_at

    @property
    def last_answered_again_at(self) -> datetime | None:
        """When the answer to the newest attempt but the first was written down, or missed."""
        return max((one.recorded_at for one in self.said if one.number > 1 and one.recorded_at), default=None)

    @property
    def is_any_open(self) -> bool:
        """Whether one of them may have been applied: without not-applied or never-sent evidence."""
        return bool(self._open)

    def is_another_open(self, attempt_id: int) -> bool:
        """Tell whether one of them other than ``attempt_id`` may have been applied."""
        return bool(self._open - {attempt_id})

    @property
    def _open(self) -> set[int]:
        closed = {one.attempt_id for one in self.said if one.evidence in CLOSING_EVIDENCE}
        return {one.attempt_id for one in self.said} - closed

    def is_answered(self, attempt_id: int) -> bool:
        """Tell whether the answer to an attempt is written down; that it was lost is no answer."""
        return any(one.attempt_id == attempt_id and one.kind == AttemptOutcome.Kind.ANSWER for one in self.said)

    @property
    def is_said_to_exist(self) -> bool:
        """Whether the partner refused one of them as a second order under a reference that it did not show."""
        return any(one.row == Row.DUPLICATE and one.evidence == Evidence.UNKNOWN for one in self.said)

    def last_in(self, *rows: str) -> Said | None:
        """Return the outcome of the newest attempt that a row of reliability.md §5 among ``rows`` describes."""
        return next((one for one in reversed(self.said) if one.row in rows), None)


def attempts_of(operation: Operation) -> Attempts:
    """Read every attempt of an operation, and what became of it."""
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [operation.pk])
        return Attempts(tuple(Said(*row) for row in cursor.fetchall()))
