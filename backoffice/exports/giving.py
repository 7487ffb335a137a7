"""A file on its way out: its bytes from one snapshot, and its manifest when the last one has left.

The entry is made when the last byte has been given, so it can hold the digest of the file; a file that breaks off is
written down as broken. If the log cannot be written, a download ends without its end and the browser says so.
"""

from collections.abc import Generator, Iterator

import psycopg
from django.utils import timezone

from backoffice.audit.models import Entry
from backoffice.exports.copying import Totals, compile_both, totals_of
from backoffice.exports.formats import pieces
from backoffice.exports.manifests import Manifest
from backoffice.exports.snapshots import snapshot_of
from backoffice.exports.tally import Tally
from backoffice.exports.workbooks import DoesNotFit


class Stopped(Exception):
    """Nobody wants the file any more: it was cancelled, or another worker builds it by now. Nothing is written down."""


class Giving:
    """One file, given piece by piece, and written down when whoever takes it has the last one."""

    def __init__(self, manifest: Manifest, connection: psycopg.Connection, tally: Tally | None = None) -> None:
        """
        The zone in whose days the file is cut is the one that is current here: a browser takes the bytes when the
        request, and its zone with it, is over.

        :raises BadListRequest: for filters or an order that cannot be read.
        """
        self.manifest = manifest
        self.tally = tally or Tally()
        self._connection = connection
        self._statements = compile_both(manifest.wish)
        self._as_of = timezone.now()
        self._totals: Totals | None = None

    def pieces(self) -> Generator[bytes]:
        """Give the file's bytes; whatever ends them early is written down.

        :raises DoesNotFit: for a workbook larger than Excel takes.
        """
        try:
            yield from self._from_one_snapshot()
        except Stopped:
            raise
        except BaseException as error:
            self.break_off(str(error) if isinstance(error, DoesNotFit) else "")
            raise

    def _from_one_snapshot(self) -> Iterator[bytes]:
        with snapshot_of(self._connection) as taken:
            self._as_of = taken.at
            yield from pieces(self.manifest.wish, self._statements.copy, taken, self.tally)
            self._totals = totals_of(self._statements.totals, taken.cursor)

    def write_down(self) -> Entry:
        """Write the whole file down, and give the entry that is its manifest.

        :raises RuntimeError: where the sums are of other rows than the file: then nothing may be said of it.
        """
        if self._totals is None or self._totals.rows != self.tally.rows:
            raise RuntimeError("The sums of an export count other rows than its file.")
        return self.manifest.write_down(self.tally, as_of=self._as_of, totals=self._totals)

    def break_off(self, because: str) -> None:
        """Write down that the file broke off, and how much of it had left."""
        self.manifest.write_broken(self.tally, as_of=self._as_of, because=because)
