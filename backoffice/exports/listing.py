"""The exports as a list."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.audit.models import Entry
from backoffice.exports.columns import COLUMNS
from backoffice.exports.filters import ExportFilters
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, Summary


def counted(rows: QuerySet[Entry]) -> Summary:
    return Summary(rows.count())


EXPORTS = Listing(
    name="exports",
    title=_("Exports"),
    caption=_("Files that were taken away, newest first"),
    columns=COLUMNS,
    filterset=ExportFilters,
    sorts=(Sort("number", _("Entry"), ("number",)),),
    count_label=lambda n: ngettext("%(n)s export", "%(n)s exports", n) % {"n": f"{n:,}"},
    summary=counted,
    empty=Empty(_("Nothing has been exported yet."), _("Every list has a button Export CSV; each file stands here.")),
    export_url_name="exports:export",
    actions_template="exports/list_actions.html",
)
