"""The audit log as a list: what the page shows and what the exports app writes to a file."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.audit.columns import COLUMNS
from backoffice.audit.filters import EntryFilters
from backoffice.audit.models import Entry
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, Summary, View

SIGN_INS = "event=person.signed_in&event=person.sign_in_failed&event=person.sign_in_blocked&event=person.signed_out"


def counted(rows: QuerySet[Entry]) -> Summary:
    return Summary(rows.count())


ENTRIES = Listing(
    name="audit",
    title=_("Audit log"),
    caption=_("Entries of the audit log, newest first"),
    columns=COLUMNS,
    filterset=EntryFilters,
    sorts=(Sort("number", _("Entry"), ("number",)),),
    count_label=lambda n: ngettext("%(n)s entry", "%(n)s entries", n) % {"n": f"{n:,}"},
    views=(
        View(_("Everything")),
        View(_("Refused"), "result=refused"),
        View(_("Sign-ins"), SIGN_INS),
        View(_("Exports"), "event=export.made&event=export.broken"),
    ),
    summary=counted,
    empty=Empty(_("No entries yet."), _("Every change, refusal, export and sign-in becomes one.")),
    export_url_name="exports:audit",
    line_template="audit/line.html",
    note_template="audit/note.html",
    actions_template="audit/actions.html",
)
