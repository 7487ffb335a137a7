"""The list of people."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.people import queries
from backoffice.people.columns import COLUMNS
from backoffice.people.filters import PeopleFilters
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View

PEOPLE = Listing(
    name="people",
    title=_("People"),
    caption=_("People by name"),
    columns=COLUMNS,
    filterset=PeopleFilters,
    sorts=(
        Sort("name", _("Name"), ("name", "id"), descending=False),
        Sort("role", _("Role"), ("role", "id"), descending=False),
    ),
    count_label=lambda n: ngettext("%(n)s person", "%(n)s people", n) % {"n": f"{n:,}"},
    views=(
        View(_("All")),
        View(_("Active"), "state=active"),
        View(_("Invited"), "state=invited"),
        View(_("Deactivated"), "state=deactivated"),
        View(_("Without second factor"), "factor=no&state=active"),
    ),
    summary=queries.counted,
    empty=Empty(_("Nobody yet."), _("“manage.py first_people” invites the first administrator and managers.")),
    export_url_name="people:export",
    line_template="people/line.html",
    note_template="people/waiting.html",
    actions_template="people/list_actions.html",
)
