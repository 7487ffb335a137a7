"""The words for columns, filters, formats and states of exports."""

from collections.abc import Iterator
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Entry
from backoffice.exports import registry
from backoffice.exports.models import Format, JobState
from backoffice.exports.wishes import filter_text
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


def filter_label(export: str, query: str) -> str:
    """The words for the filters of an address, as the list's own pills say them; its text where they cannot be read."""
    asked = filter_text(QueryDict(query))
    if not asked:
        return gettext("Everything")
    return " · ".join(filters_said(export, QueryDict(asked))) or asked


def filters_said(export: str, params: QueryDict) -> Iterator[str]:
    """Say one filter after the other, then as it stands what the list has no filter for by now."""
    filters, chosen = read_filters(export, params)
    for name, value in chosen.items():
        yield f"{filters[name].label} {filters[name].describe(value)}"
    known = {part for name in chosen for part in filters[name].names(name)}
    unread = params.copy()
    for name in known & params.keys():
        unread.pop(name)
    if unread:
        yield unread.urlencode()


def read_filters(export: str, params: QueryDict) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the filters of a list, and what is chosen of them."""
    try:
        filterset = registry.find(export).listing.filterset
    except registry.UnknownExport:
        filterset = None
    if filterset is None:
        return {}, {}
    asked = filterset(params, queryset=Entry.objects.none())  # no row is read: only what was chosen is said
    asked.is_valid()
    return asked.filters, {name: value for name, value in asked.form.cleaned_data.items() if value}
