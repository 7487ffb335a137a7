"""Whatever a partner's list does to its readings: after a complete one, everything made before its time is held."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.database import clock
from backoffice.mirror.models import SyncRun
from backoffice.mirror.runs import last_complete
from backoffice.partner.bitnob import payloads
from backoffice.partner.errors import PartnerRefused
from backoffice.partner.pages import CursorPage
from backoffice.transactions.models import Transaction
from backoffice.transactions.services import TRANSACTIONS
from backoffice.worker.stopping import Stopping
from tests.mirror.newest_first import sync
from tests.transactions.said import said

PAGE: Final = 2
BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)


class CursorRefused(PartnerRefused):
    """What Bitnob says to a cursor it no longer takes."""

    @property
    def status(self) -> int:
        return 400


@dataclass
class List:
    """A list that gains rows, all long settled, and serves its pages as it is told to."""

    rows: list[tuple[datetime, payloads.Transaction]] = field(default_factory=list)
    moves: Iterator[str] = iter(())

    def gain(self, count: int) -> None:
        for _row in range(count):
            number = len(self.rows) + 1
            made_at = (BEGINNING + timedelta(hours=number)).isoformat()
            self.rows.append((clock.now(), said(number, created_at=made_at, updated_at=made_at)))

    def page(self, cursor: str | None) -> CursorPage[payloads.Transaction]:
        """Answer with the rows below the cursor, newest first."""
        move = next(self.moves, "as it should")
        if move == "refuse the cursor" and cursor:
            raise CursorRefused("It is no cursor.")
        if move == "refuse":
            raise PartnerRefused("It failed.")
        if move == "die":
            raise Stopping
        end = int(cursor) if cursor else len(self.rows)
        start = max(end - PAGE, 0)
        items = tuple(item for _made_at, item in reversed(self.rows[start:end]))
        page = CursorPage(items, (), len(self.rows), start > 0, str(start) if start else None, None)
        if move == "gain":
            self.gain(3)
        return replace(page, **odd(move, page, cursor))


def odd(move: str, page: CursorPage[payloads.Transaction], cursor: str | None) -> dict[str, Any]:
    """What of a page is said otherwise."""
    ways: dict[str, dict[str, Any]] = {
        "end early": {"has_more": False},
        "circle": {"has_more": True, "next_cursor": cursor or page.next_cursor},
        "empty": {"items": ()},
    }
    return ways.get(move, {})


MOVES: Final = (
    *("as it should", "as it should", "gain", "refuse", "refuse the cursor", "die"),
    *("end early", "circle", "empty"),
)


def held_before(moment: datetime, book: List) -> bool:
    wanted = {item.transaction_id for made_at, item in book.rows if made_at < moment}
    return wanted <= {str(key) for key in Transaction.objects.values_list("pk", flat=True)}


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rounds=st.lists(st.tuples(st.integers(0, 7), st.lists(st.sampled_from(MOVES), max_size=6)), min_size=1, max_size=6)
)
def test_what_a_complete_reading_says_it_read_is_held(db: None, rounds: list[tuple[int, list[str]]]) -> None:
    with transaction.atomic():
        book = List()
        for gained, moves in [*rounds, (1, []), (0, []), (0, [])]:
            book.gain(gained)
            book.moves = iter(moves)
            with suppress(Stopping):
                sync(fetch=book.page)
            complete = last_complete(TRANSACTIONS.mirror)
            if complete is not None and complete.read_to is not None:
                assert held_before(complete.read_to, book)
        newest = SyncRun.objects.latest("started_at", "pk")
        assert newest.state == SyncRun.State.COMPLETE or newest.checkpoint["not_before"]
        transaction.set_rollback(True)
