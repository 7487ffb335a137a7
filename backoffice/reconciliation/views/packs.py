"""Evidence packs: of an operation, an exception, or a closing of a day."""

from datetime import date
from weakref import finalize

from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.funding.models import Operation
from backoffice.reconciliation import policies
from backoffice.reconciliation.models import DayReport, ExceptionItem
from backoffice.reconciliation.services import packs
from backoffice.reconciliation.services.packs import Made


@require_POST
@require_role(*policies.READERS)
def operation_pack(request: HttpRequest, reference: str) -> FileResponse:
    """Answer with everything known of an operation."""
    found = Operation.objects.select_related("client", "requested_by", "approval__requested_by", "copy_of")
    operation = get_object_or_404(found, reference=reference)
    return answer(packs.pack_operation(operation, by=person_of(request)))


@require_POST
@require_role(*policies.READERS)
def exception_pack(request: HttpRequest, item_id: int) -> FileResponse:
    """Answer with everything known of an exception."""
    item = get_object_or_404(ExceptionItem.objects.select_related("owner", "resolved_by"), pk=item_id)
    return answer(packs.pack_exception(item, by=person_of(request)))


@require_POST
@require_role(*policies.READERS)
def day_pack(request: HttpRequest, day: date, version: int) -> FileResponse:
    """Answer with everything known of one closing of a day."""
    found = DayReport.objects.select_related("day", "run", "made_by")
    report = get_object_or_404(found, day_id=day, version=version)
    return answer(packs.pack_day(report, by=person_of(request)))


def answer(made: Made) -> FileResponse:
    """The file, to be saved and never shown."""
    response = FileResponse(made.file, as_attachment=True, filename=made.name, content_type="application/zip")
    # An answer that nobody reads or closes lets go of its file all the same.
    finalize(response, made.file.close)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
