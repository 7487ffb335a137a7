"""The words for columns, formats and states of exports."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from backoffice.exports.models import Format, JobState
from backoffice.ui.columns import ACCOUNTING, FULL
from backoffice.ui.values import Badge, Meaning

PRESETS: Final = {FULL: _("All columns"), ACCOUNTING: _("For bookkeeping")}
FORMAT_NOTES: Final = {
    Format.CSV: _("For programs: UTF-8, plain digits, moments in UTC."),
    Format.CSV_BOM: _("The same, with the mark by which Excel knows UTF-8."),
    Format.XLSX: _("Every cell is text: Excel cuts no digit off and reads nothing as a date."),
}
MEANINGS: Final = {
    JobState.WAITING: Meaning.INFO,
    JobState.BUILDING: Meaning.INFO,
    JobState.READY: Meaning.POSITIVE,
    JobState.BROKEN: Meaning.NEGATIVE,
    JobState.CANCELLED: Meaning.NEUTRAL,
    JobState.EXPIRED: Meaning.NEUTRAL,
}


def preset_label(name: str) -> str:
    """The words for a choice of columns."""
    return str(PRESETS.get(name, name))


def badge_of(state: str) -> Badge:
    """How a file's state looks."""
    known = JobState(state)
    return Badge(known.label, MEANINGS[known])


def format_label(name: str) -> str:
    """The words for a format."""
    return str(Format(name).label) if name in Format.values else name
