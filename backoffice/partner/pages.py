"""Lists as partners send them: the rows that could be read, and the rows that could not, none dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog
from pydantic import ValidationError

from backoffice.partner.fields import Payload, text_for_people
from backoffice.partner.strict_json import Slice

Row = TypeVar("Row", bound=Payload)

#: Shown like the reasons of pydantic and of strict JSON.
OUR_FAULT: Final = "a fault of ours, the log has the details"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that is against the partner's own contract: its bytes, and which fields are wrong and why."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    """The rows of one answer, in the partner's order."""

    items: tuple[Row, ...]
    unreadable: tuple[UnreadableRow, ...]

    def __len__(self) -> int:
        return len(self.items) + len(self.unreadable)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list counted by pages; `page_size` is what the partner reports, not what was asked for.

    `is_fresh_word`: what is not on it may be taken for gone, as in `Exchange`.
    """

    items: tuple[Row, ...]
    unreadable: tuple[UnreadableRow, ...]
    total: int
    page: int
    page_size: int
    is_fresh_word: bool

    @property
    def is_last(self) -> bool:
        """True at the documented end: a page that is not full, or the one that reaches `total`."""
        return len(self.items) + len(self.unreadable) < self.page_size or self.page * self.page_size >= self.total


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[Row]):
    """One page of a list walked by cursor; a cursor is None where the partner gave none."""

    items: tuple[Row, ...]
    unreadable: tuple[UnreadableRow, ...]
    total_count: int
    has_more: bool
    next_cursor: str | None
    previous_cursor: str | None

    @property
    def is_last(self) -> bool:
        """True if nothing follows; a cursor beside ``has_more: false`` has been seen and means nothing."""
        return not self.has_more or self.next_cursor is None


def read_rows(kind: type[Row], received: Sequence[Slice]) -> Rows[Row]:
    """Type each row by itself, so that one bad row does not hide the others, whoever is at fault."""
    items, unreadable = list[Row](), list[UnreadableRow]()
    for each in received:
        try:
            items.append(kind.from_slice(each))
        except ValidationError as error:
            unreadable.append(UnreadableRow(each.raw, reason_of(error)))
        except Exception:
            log.exception("partner_row_not_read", kind=kind.__name__)
            unreadable.append(UnreadableRow(each.raw, OUR_FAULT))
    return Rows(tuple(items), tuple(unreadable))


def reason_of(error: ValidationError) -> str:
    """Name the fields that are wrong and why, without repeating what the partner sent."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return text_for_people("; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults))
