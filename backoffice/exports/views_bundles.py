"""The log as one zip, for checking it elsewhere."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.exports import policies
from backoffice.exports.bundles.services import BundleStream
from backoffice.exports.services import TooMany


@require_POST
@require_role(*policies.LOG_EXPORTERS)
def bundle(request: HttpRequest) -> HttpResponseBase:
    """Answer with the whole log, its seals, its keys and the verifier; streamed while it is made."""
    try:
        stream = BundleStream(by=person_of(request))
    except TooMany as refused:
        messages.error(request, str(refused))
        return redirect("audit:verify")
    response = StreamingHttpResponse(stream, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{stream.file_name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
