"""The queue as a list. It stands apart from the views, because its file is made by an app above this one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.approvals.columns import COLUMNS, HISTORY_COLUMNS
from backoffice.approvals.filters import LANES, RequestFilters
from backoffice.approvals.queries import FIRST_LANES
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.values import Text

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
    export_url_name="funding:export_approvals",
    line_template="approvals/line.html",
    note_template="approvals/note.html",
    actions_template="approvals/actions.html",
)
#: What is over is read backwards.
HISTORY = replace(
    REQUESTS,
    caption=_("Requests that are over, newest first"),
    columns=HISTORY_COLUMNS,
    sorts=(
        Sort("asked", _("Asked"), ("requested_at", "id")),
        Sort("size", _("Amount"), ("size", "id")),
        Sort("expires", _("Expires"), ("valid_until", "id")),
    ),
)
#: What each lane holds, in the line under the title.
HOLDS: Final[dict[str, Text]] = {
    "for_me": _("What waits for a decision of yours, oldest first"),
    "mine": _("What you asked for and still waits for another person"),
    "others": _("What waits for other people, oldest first"),
    "history": _("What was decided, cancelled or ran out, newest first"),
}
EMPTY: Final = {
    "for_me": Empty(
        _("Nothing waits for you."),
        _("A request stands here from the moment somebody asks until it is decided, taken back or expired."),
    ),
    "mine": Empty(
        _("Nothing you asked for waits."),
        _("What you ask for stands here until others have decided; after that it is in the history."),
    ),
    "others": Empty(_("Nothing waits for other people."), _("What only others can decide on now stands here.")),
    "history": Empty(_("Nothing is over yet."), _("Every request stays here once it has ended, with who decided.")),
}


def lane_shown(person: Person, lanes: Sequence[str]) -> str:
    """Name the one lane that is read: the one asked for, or else the first of the person's own."""
    first = FIRST_LANES.get(person.role, "others")
    return lanes[0] if len(lanes) == 1 and lanes[0] in HOLDS else first


def queue_of(person: Person, lane: str) -> Listing:
    """Return the queue with the tabs this person has, the lane they find first in front, its address bare."""
    first = FIRST_LANES.get(person.role, "others")
    own = {"others", "history", first} | ({"mine"} if person.is_manager else set())
    labels = sorted((pair for pair in LANES if pair[0] in own), key=lambda pair: pair[0] != first)
    views = tuple(View(label, "" if key == first else f"lane={key}") for key, label in labels)
    return replace(HISTORY if lane == "history" else REQUESTS, views=views, empty=EMPTY[lane])
