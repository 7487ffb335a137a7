"""What the audit log keeps of a file that was taken away: enough to know it again, and to say what was changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from backoffice.accounts.context import Origin, current_origin, originating_from
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.exports.copying import Totals
from backoffice.exports.models import Format, RowMarks
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish


@dataclass(frozen=True)
class Manifest:
    """One file: what was wanted, what it is called, from where it was asked for, which job built it if one did.

    ``zone`` is where the days of its filters begin. It is read, as the origin is, before a request is over.
    """

    wish: Wish
    file_name: str
    origin: Origin = field(default_factory=current_origin)
    job: int | None = None
    zone: str = field(default_factory=timezone.get_current_timezone_name)

    def write_down(self, tally: Tally, *, as_of: datetime, totals: Totals) -> Entry:
        """Write the whole file down, with a mark of every row where its rows can be told apart."""
        with transaction.atomic(), originating_from(self.origin.address, self.origin.request_id or None):
            sums = {"sums": totals.texts, "summed": self.wish.summed}
            entry = record("export.made", by=self.wish.by, after={**self.facts(tally, as_of), **sums})
            if self.wish.format is not Format.XLSX:
                keep_marks(entry, tally)
            return entry

    def write_broken(self, tally: Tally, *, as_of: datetime, because: str = "") -> Entry:
        """Write down that the file broke off, and how much of it had left."""
        with originating_from(self.origin.address, self.origin.request_id or None):
            facts = self.facts(tally, as_of)
            return record(
                "export.broken", by=self.wish.by, after=facts, reason=because, result=str(Entry.Result.FAILED)
            )

    def facts(self, tally: Tally, as_of: datetime) -> dict[str, Any]:
        wish = self.wish
        return {
            "export": wish.export.name,
            "file": self.file_name,
            "format": str(wish.format),
            "preset": wish.preset,
            "columns": wish.headings,
            "scope": wish.scope,
            "filter": wish.filter,
            "zone": self.zone,
            "order": wish.order,
            "is_defused": wish.format.is_defused,
            "as_of": as_of,
            "rows": tally.rows,
            "bytes": tally.size,
            "sha256": tally.sha256,
            **({"job": self.job} if self.job else {}),
        }


def keep_marks(entry: Entry, tally: Tally) -> None:
    """Keep the mark of every row beside a file's manifest, a part at a time."""
    for part, marks in enumerate(tally.parts()):
        RowMarks.objects.create(entry=entry, part=part, marks=marks)


def named(wish: Wish) -> str:
    """Name a new file: the list, the moment it was asked for, the columns where they are not all, the format."""
    preset = "" if wish.preset == "full" else f"-{wish.preset}"
    return f"{wish.export.name}{preset}-{timezone.now():%Y%m%dT%H%M%S.%fZ}.{wish.format.suffix}"
