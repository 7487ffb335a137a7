"""Pages out of very many orders in a few milliseconds.

A page by number would make the database walk over everything before it, and `total` would count everything each time.
So the ids a filter finds are kept in memory. Orders only ever come at the end, with a higher id, so a list kept is
brought up to date by reading on from its last id; a change to an order that is already there drops all lists.
"""

from array import array
from collections import OrderedDict
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

_LISTS_KEPT: Final = 16


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted; both ends of the window are part of it (assumption A14)."""

    partner: str
    client: str | None = None
    status: str | None = None
    from_microseconds: int | None = None
    to_microseconds: int | None = None

    def conditions(self) -> list[tuple[str, str | int]]:
        """Return condition and value of every part of the filter that is in use."""
        parts: list[tuple[str, str | int | None]] = [
            ("partner = ?", self.partner),
            ("client = ?", self.client),
            ("status = ?", self.status),
            ("created_at >= ?", self.from_microseconds),
            ("created_at <= ?", self.to_microseconds),
        ]
        return [(condition, wanted) for condition, wanted in parts if wanted is not None]


class OrderLists:
    """The ids every recently asked filter finds, in ascending order. The caller holds the store's lock."""

    def __init__(self) -> None:
        self._lists: OrderedDict[OrderFilter, array[int]] = OrderedDict()
        self._read_up_to: dict[OrderFilter, int] = {}

    def forget(self) -> None:
        """Drop everything, because an order that was already listed has changed."""
        self._lists.clear()
        self._read_up_to.clear()

    def ids(self, db: Connection, wanted: OrderFilter) -> "array[int]":
        """Return the ids of all orders that `wanted` finds now."""
        kept = self._lists.setdefault(wanted, array("q"))
        self._lists.move_to_end(wanted)
        self._read_on(db, wanted, kept)
        if len(self._lists) > _LISTS_KEPT:
            dropped, _ = self._lists.popitem(last=False)
            del self._read_up_to[dropped]
        return kept

    def _read_on(self, db: Connection, wanted: OrderFilter, kept: "array[int]") -> None:
        last = db.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0]
        seen = self._read_up_to.get(wanted)
        if seen != last:
            conditions = wanted.conditions() if seen is None else [*wanted.conditions(), ("id > ?", seen)]
            where = " AND ".join(condition for condition, _ in conditions)
            # Reading on goes by the primary key; an index over the partner would walk over everything again.
            source = "orders" if seen is None else "orders NOT INDEXED"
            sql = f"SELECT id FROM {source} WHERE NOT hidden AND {where} ORDER BY id"  # noqa: S608 - constant parts
            kept.extend(row[0] for row in db.execute(sql, [value for _, value in conditions]))
            self._read_up_to[wanted] = last
