"""The queue as a list. It stands apart from the views, because its file is made by an app above this one."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.approvals.columns import COLUMNS
from backoffice.approvals.filters import RequestFilters
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View

REQUESTS = Listing(
    name="approvals",
    title=_("Approvals"),
    caption=_("Requests, oldest first"),
    columns=COLUMNS,
    filterset=RequestFilters,
    sorts=(
        Sort("asked", _("Waiting"), ("requested_at", "id"), descending=False),
        Sort("size", _("Amount"), ("size", "id")),
        Sort("expires", _("Expires"), ("valid_until", "id"), descending=False),
    ),
    count_label=lambda n: ngettext("%(n)s request", "%(n)s requests", n) % {"n": f"{n:,}"},
    views=(
        View(_("For me")),
        View(_("Asked by me"), "lane=mine"),
        View(_("Waiting for others"), "lane=others"),
        View(_("History"), "lane=history"),
    ),
    empty=Empty(
        _("Nothing waits for you."),
        _("A request stands here from the moment somebody asks until it is decided, taken back or expired."),
    ),
    export_url_name="funding:export_approvals",
    line_template="approvals/line.html",
    note_template="approvals/note.html",
    actions_template="approvals/actions.html",
)
#: What is over is read backwards.
HISTORY = replace(
    REQUESTS,
    caption=_("Requests that are over, newest first"),
    sorts=(
        Sort("asked", _("Waiting"), ("requested_at", "id")),
        Sort("size", _("Amount"), ("size", "id")),
        Sort("expires", _("Expires"), ("valid_until", "id")),
    ),
)
