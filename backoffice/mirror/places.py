"""Where a reading newest first stands, and what it owes, as its run's checkpoint keeps it for the next run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from backoffice.database import clock
from backoffice.partner.pages import CursorPage

#: After so many readings to the end that did not add up the partner's count may simply be wrong: new rows are read all
#: the while, and the whole list only so long afterwards.
ATTEMPTS_AT_ONCE: Final = 2
READ_AGAIN_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reading stands. It begins at the top, goes down without a gap, and may take several runs.

    ``cursor`` names its next page, None the top. ``top_at`` is when the top was asked for: what came later is the next
    reading's. ``total`` is the partner's count there, ``given`` how many rows came since.

    ``to_the_end``: rows may be missing among those known, so that reading on until all is known proves nothing, and
    only a reading to the end that adds up does. ``attempts`` have not; the next waits until ``not_before``.
    """

    to_the_end: bool
    cursor: str | None = None
    top_at: datetime | None = None
    total: int = 0
    given: int = 0
    attempts: int = 0
    not_before: datetime | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], now: datetime) -> "Place":
        """Return the place a run left. One that cannot be gone on from is given up: the reading begins at the top.

        That is one whose top was read at no time we can believe, or that ended without being judged.
        """
        place = cls(
            to_the_end=bool(kept.get("to_the_end")),
            cursor=kept.get("cursor"),
            top_at=_moment(kept.get("top_at")),
            total=kept.get("total", 0),
            given=kept.get("given", 0),
            attempts=kept.get("attempts", 0),
            not_before=_moment(kept.get("not_before")),
        )
        is_believable = place.top_at is not None and place.top_at <= now + clock.SET_BACK
        is_untouched = place.cursor is None and place.top_at is None
        return place if is_untouched or (place.cursor is not None and is_believable) else place.given_up()

    def as_json(self) -> dict[str, Any]:
        return {
            "to_the_end": self.to_the_end,
            "cursor": self.cursor,
            "top_at": self.top_at and self.top_at.isoformat(),
            "total": self.total,
            "given": self.given,
            "attempts": self.attempts,
            "not_before": self.not_before and self.not_before.isoformat(),
        }

    def waits(self, now: datetime) -> bool:
        """Whether the next reading to the end is not due yet. A time too far ahead was set while the clock ran so."""
        return self.not_before is not None and now < self.not_before <= now + READ_AGAIN_AFTER

    def after(self, page: CursorPage[Any], asked_at: datetime, new: int) -> "Place":
        """Return the place after a page with so many rows that this run had not met."""
        top = self if self.top_at else replace(self, top_at=asked_at, total=page.total_count)
        return replace(top, cursor=None if page.is_last else page.next_cursor, given=self.given + new)

    def given_up(self) -> "Place":
        """Return the top, for a reading that ends here: what lies below may be missing."""
        return Place(to_the_end=True, attempts=self.attempts, not_before=self.not_before)

    def did_not_add_up(self, now: datetime) -> "Place":
        """Return the top, after a reading to the end that proved nothing."""
        attempts = self.attempts + 1
        is_patient = attempts >= ATTEMPTS_AT_ONCE
        return Place(to_the_end=True, attempts=attempts, not_before=now + READ_AGAIN_AFTER if is_patient else None)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
