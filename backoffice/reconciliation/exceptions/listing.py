"""The worklist as a list, and the sheet that is annotated outside."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.reconciliation.exceptions.columns import COLUMNS, blank
from backoffice.reconciliation.exceptions.filters import ExceptionFilters
from backoffice.reconciliation.exceptions.policies import can_work
from backoffice.reconciliation.exceptions.queries import summarise
from backoffice.reconciliation.exceptions.sheets import BLANKS
from backoffice.ui.columns import Columns
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View

WORKLIST = Listing(
    name="exceptions",
    title=_("Exceptions"),
    caption=_("Exceptions, what is due first on top"),
    columns=COLUMNS,
    filterset=ExceptionFilters,
    sorts=(
        Sort("due", _("Due"), ("due_at", "id"), descending=False),
        Sort("risk", _("At risk"), ("risk", "id")),
    ),
    count_label=lambda n: ngettext("%(n)s exception", "%(n)s exceptions", n) % {"n": f"{n:,}"},
    summary=summarise,
    empty=Empty(_("Nothing to look at."), _("Whatever a run finds wrong stands here until it ends.")),
    export_url_name="reconciliation:export_exceptions",
    line_template="reconciliation/exceptions/line.html",
    note_template="reconciliation/exceptions/note.html",
    actions_template="reconciliation/exceptions/actions.html",
)
#: What is read again when a sheet comes back: the id and its state then; the rest is for the eyes.
_KEPT = ("id", "state", "verdict", "day", "client", "client_name", "reference", "order_id", "difference", "at_risk")
SHEET = replace(
    WORKLIST,
    name="exceptions-sheet",
    export_url_name="reconciliation:exception_sheet",
    columns=Columns(*(COLUMNS[key] for key in (*_KEPT, "asset", "due_at")), *(blank(key) for key in BLANKS)),
)


def worklist_of(person: Person) -> Listing:
    """The worklist with the presets of ``person``: the boxes to choose rows by are for those who may work them."""
    views = (
        View(_("Not ended")),
        *((View(_("Mine"), f"owner={person.pk}"),) if can_work(person) else ()),
        View(_("Nobody's"), "owner=nobody"),
        View(_("Open"), "state=open"),
        View(_("Carried forward"), "state=carried"),
        View(_("Ended"), "state=resolved&state=cleared"),
    )
    return replace(WORKLIST, views=views, columns=columns_of(person))


def columns_of(person: Person) -> Any:
    if can_work(person):
        return COLUMNS
    return Columns(*(column for column in COLUMNS if column.key != "chosen"))
