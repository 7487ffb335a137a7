"""The list of operations, its file, and the file of the approvals, whose app stands below the exports."""

from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.models import Person
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.listing import REQUESTS
from backoffice.approvals.queries import in_lane, with_nobodys_lanes
from backoffice.exports.answering import answer_export
from backoffice.exports.wishes import Wish
from backoffice.funding import policies, queries
from backoffice.funding.columns import COLUMNS
from backoffice.funding.columns_doubt import DOUBT_COLUMNS
from backoffice.funding.filters import OperationFilters
from backoffice.funding.states import IN_DOUBT
from backoffice.ui.filters import today
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, View
from backoffice.ui.render import render_listing

OPERATIONS = Listing(
    name="funding",
    title=_("Funding"),
    caption=_("Operations, newest first"),
    columns=COLUMNS,
    filterset=OperationFilters,
    sorts=(
        Sort("asked", _("Asked"), ("requested_at", "id")),
        Sort("amount", _("Amount"), ("amount", "id")),
    ),
    count_label=lambda n: ngettext("%(n)s operation", "%(n)s operations", n) % {"n": f"{n:,}"},
    views=(
        View(_("All")),
        View(_("Today"), today("asked")),
        View(_("Waiting"), "state=pending_approval&state=approved&state=submitting"),
        View(_("In doubt"), "state=unknown&state=review"),
        View(_("Failed"), "state=failed&state=rejected"),
        View(_("Withdrawals"), "kind=withdrawal"),
    ),
    summary=queries.summarise,
    empty=Empty(
        _("No operations yet."), _("Deposits and withdrawals stand here from the moment somebody asks for them.")
    ),
    export_url_name="funding:export",
    line_template="funding/line.html",
    actions_template="funding/list_actions.html",
)

#: The same list and the same file, as those need it who settle what is in doubt: what has waited longest comes first.
IN_DOUBT_LANE = replace(
    OPERATIONS,
    caption=_("Operations in doubt, the longest in doubt first"),
    columns=DOUBT_COLUMNS,
    sorts=(Sort("doubt", _("In doubt for"), ("doubt_began", "id"), descending=False),),
    empty=Empty(_("Nothing is in doubt."), _("Every outcome is proven.")),
)


@require_GET
@require_role(*policies.READERS)
def operations(request: HttpRequest) -> HttpResponse:
    """List what was asked for and where it stands."""
    context = {"can_ask": policies.can_ask(person_of(request))}
    if is_in_doubt_lane(request):
        return render_listing(request, IN_DOUBT_LANE, queries.with_doubt(timezone.now()), context)
    return render_listing(request, OPERATIONS, queries.with_approvers(), context)


def is_in_doubt_lane(request: HttpRequest) -> bool:
    """Whether nothing but what is in doubt is asked for, in the order that lane has."""
    states = set(request.GET.getlist("state"))
    return bool(states) and states <= set(IN_DOUBT) and "sort" not in request.GET


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of everything the filters find."""
    return answer_export(request, OPERATIONS)


def requests_for(wish: Wish) -> QuerySet[Any]:
    """The requests in the lanes a wish names, as whoever asks sees them; the command line is in nobody's lane."""
    if not isinstance(wish.by, Person):
        return with_nobodys_lanes()
    return in_lane(wish.by, timezone.now(), wish.params.getlist("lane"))


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export_approvals(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of the requests the filters find."""
    return answer_export(request, REQUESTS)
