"""Verify a file: the form, the file on its way in, and what was found."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.exports import policies
from backoffice.exports.proving.forms import ProvingForm
from backoffice.exports.proving.pages import form_context, found_context
from backoffice.exports.proving.receiving import ProvingUploadHandler
from backoffice.exports.proving.records import TooManyRows
from backoffice.exports.proving.services import verify_file
from backoffice.ui.render import render_page

TEMPLATE = "exports/verify.html"


@csrf_exempt  # the token is asked for by `receive`: whoever asks for it reads the request, and that must be bounded
@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def verify(request: HttpRequest) -> HttpResponse:
    """Show the form, or take a file in under a bound that the request cannot choose, and say what it is."""
    if request.method == "GET":
        return render_page(request, TEMPLATE, {**form_context(), "form": ProvingForm()})
    handler = ProvingUploadHandler(request)
    request.upload_handlers = [handler]
    try:
        return receive(request, handler)
    finally:
        handler.close()


@csrf_protect
def receive(request: HttpRequest, handler: ProvingUploadHandler) -> HttpResponse:
    form = ProvingForm(request.POST, request.FILES)
    if handler.is_too_large:
        return too_large(request)
    if not form.is_valid():
        return render_page(request, TEMPLATE, {**form_context(), "form": form}, status=422)
    try:
        finding = verify_file(form.cleaned_data["file"].received, by=person_of(request))
    except TooManyRows:
        return too_large(request)
    return render_page(request, TEMPLATE, {**form_context(), "form": ProvingForm(), **found_context(finding)})


def too_large(request: HttpRequest) -> HttpResponse:
    refused = _("It is larger than what this page reads. The verifier in the bundle of the audit log reads any size.")
    return render_page(request, TEMPLATE, {**form_context(), "form": ProvingForm(), "refused": refused}, status=422)
