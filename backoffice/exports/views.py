"""What was exported, and the file of the audit log itself."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit.listing import ENTRIES
from backoffice.audit.reading import note_reading
from backoffice.exports import policies
from backoffice.exports.answering import answer_export
from backoffice.exports.listing import EXPORTS
from backoffice.exports.queries import exported
from backoffice.ui.listing import PART
from backoffice.ui.render import render_listing


@require_GET
@require_role(*policies.READERS)
def exports(request: HttpRequest) -> HttpResponse:
    """List the files that were taken away, with their digests. These are entries of the log: reading them is one."""
    if PART not in request.GET:  # the sums of a page that was written down already
        note_reading(by=person_of(request), page=request.get_full_path())
    return render_listing(request, EXPORTS, exported())


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of the exports."""
    return answer_export(request, EXPORTS)


@require_http_methods(["GET", "POST"])
@require_role(*policies.LOG_EXPORTERS)
def audit_log(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of the audit log's entries that the filters find."""
    return answer_export(request, ENTRIES)
