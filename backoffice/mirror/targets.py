"""What a mirror writes and how: the model, its columns, when a row is final, what a shorter answer may not erase."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from backoffice.mirror.models import Mirror, MirroredModel


@dataclass(frozen=True)
class Final:
    """When a row is final by the partner's own documents, and what of it may then never change.

    ``column`` holds the status, ``values`` the final ones; ``fixed`` are the columns whose change is an incident.
    """

    column: str
    values: frozenset[str]
    fixed: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """How one list of a partner is mirrored into one model.

    ``key`` is the partner's own id and unique in the model. ``columns`` are all typed columns that rows carry, key
    included; ``raw``, ``read_at`` and ``is_cleaned`` are added. ``keeps_known`` names columns that some answers leave
    out: an absent value then leaves a known one alone. ``touches`` renews ``read_at`` of rows that did not change, for
    lists that are always read in full. ``made_at`` names the column the partner's time window applies to, and allows
    rows that vanished from the partner's list to be noticed. ``gone_at`` names the column that keeps since when the
    partner's list no longer has a row; a row listed again loses it.
    """

    mirror: Mirror
    model: type[MirroredModel]
    key: str
    columns: tuple[str, ...]
    final: Final | None = None
    keeps_known: frozenset[str] = field(default_factory=frozenset)
    touches: bool = False
    made_at: str = ""
    gone_at: str = ""

    @property
    def singly(self) -> "Target":
        """For rows asked for one by one: fresh even if nothing about them is new, and not listed because of it."""
        return replace(self, touches=True, gone_at="")

    def instance(self, key: object) -> MirroredModel:
        """Name the row with this key, for the audit log, without reading it."""
        return self.model(**{self.key: key})


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the partner said it: typed ``values`` by column, the ``raw`` bytes, and when it was asked for."""

    values: Mapping[str, Any]
    raw: bytes
    read_at: datetime


#: Turns a partner's typed object into the values of a target's columns.
ToValues = Callable[[Any], Mapping[str, Any]]
