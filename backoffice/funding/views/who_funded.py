"""Who funded what: one question, one page, one file. Reading it is itself an entry of the audit log."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role, require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit.asking.questions import context_of
from backoffice.audit.policies import READERS as LOG_READERS
from backoffice.audit.reading import note_reading
from backoffice.exports.answering import answer_export
from backoffice.funding import policies, who_funded
from backoffice.funding.columns import WHO_FUNDED_COLUMNS
from backoffice.funding.filters import WhoFundedFilters
from backoffice.ui.columns import Columns
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import PART, Empty, Listing
from backoffice.ui.render import render_listing

WHO_FUNDED = Listing(
    name="who-funded-what",
    title=_("Who funded what"),
    caption=_("Operations with the people who asked and approved"),
    columns=WHO_FUNDED_COLUMNS,
    filterset=WhoFundedFilters,
    sorts=(Sort("completed", _("Completed"), ("ended_at", "id")),),
    count_label=lambda n: ngettext("%(n)s operation", "%(n)s operations", n) % {"n": f"{n:,}"},
    summary=who_funded.summarise,
    empty=Empty(_("Nothing has been funded yet."), _("Operations stand here once an order of CoinMENA proves them.")),
    export_url_name="who_funded:export",
    line_template="funding/who_funded_line.html",
    note_template="audit/questions_note.html",
)


def listing_for(person: Person) -> Listing:
    """The page as ``person`` can follow it: an entry has a page only for whoever reads the whole log."""
    if has_role(person, *LOG_READERS):
        return WHO_FUNDED
    unlinked = (replace(column, url=None) if column.key == "entry" else column for column in WHO_FUNDED_COLUMNS)
    return replace(WHO_FUNDED, columns=Columns(*unlinked))


@require_GET
@require_role(*policies.READERS)
def who_funded_what(request: HttpRequest) -> HttpResponse:
    """Answer the question. A GET that writes (docs/adr/0008): reading the log is itself an entry of it."""
    is_a_part = PART in request.GET  # the sums of a page that was written down already
    reading = None if is_a_part else note_reading(by=person_of(request), page=request.get_full_path())
    listing, context = listing_for(person_of(request)), {"reading": reading, **context_of(request)}
    return render_listing(request, listing, who_funded.completed(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of everything the filters find."""
    return answer_export(request, WHO_FUNDED)
