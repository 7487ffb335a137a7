"""The manifest of a file whose rows are worked out in Python, so that no COPY can write them."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from backoffice.accounts.actors import Actor
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.exports.manifests import keep_marks
from backoffice.exports.models import Format
from backoffice.exports.tally import Tally
from backoffice.ui.columns import FULL


@transaction.atomic
def write_down_report(*, export: str, file: str, headings: Sequence[str], lines: Sequence[bytes], by: Actor) -> Entry:
    """Write a CSV down as every export is, before it leaves: a file that the log does not know never does.

    :param lines: the heading and every row as they are in the file, line ends included.
    """
    tally = Tally()
    tally.count(b"".join(lines))
    tally.mark(lines[1:])
    tally.count_rows(len(lines) - 1)
    what = {"export": export, "file": file, "format": str(Format.CSV), "preset": FULL, "columns": list(headings)}
    which = {"scope": "", "filter": "", "order": "", "is_defused": True, "as_of": timezone.now()}
    counted = {"rows": tally.rows, "bytes": tally.size, "sha256": tally.sha256, "sums": {}, "summed": {}}
    entry = record("export.made", by=by, after={**what, **which, **counted})
    keep_marks(entry, tally)
    return entry
