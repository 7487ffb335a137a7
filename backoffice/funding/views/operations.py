"""One operation: its page, the marker a page that watches asks for, and what people may do with it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.audit.queries import history_of
from backoffice.funding import pages, policies, queries
from backoffice.funding.models import Operation
from backoffice.funding.services import cancelling, resolving
from backoffice.ui import panels
from backoffice.ui.render import render_page

DETAIL = "funding/detail.html"


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one operation as its timeline."""
    operation = get_object_or_404(queries.operations().select_related("copy_of"), reference=reference)
    context = pages.detail_context(operation, person_of(request), timezone.now())
    context |= {"history": history_of(operation), "panels": panels.drawn("operation", operation, request)}
    return render_page(request, DETAIL, context, "operation")


@require_GET
@require_role(*policies.READERS)
def marker(request: HttpRequest, reference: str) -> HttpResponse:
    """Answer 204 while nothing has changed since the page was drawn, else make the page draw itself again."""
    operation = get_object_or_404(Operation, reference=reference)
    if pages.marker_now(operation) == request.GET.get("shown"):
        return HttpResponse(status=204)
    response = HttpResponse(status=204)
    response["HX-Trigger"] = "operation-changed"
    return response


@require_POST
@require_role(Role.FINANCE, Role.MANAGER)
@conflicts_as_409
def check(request: HttpRequest, reference: str) -> HttpResponse:
    """Look the reference up at the partner now. Never sends."""
    operation = get_object_or_404(Operation, reference=reference)
    checked = resolving.check_now(operation_id=operation.pk, by=person_of(request))
    why_not = pages.why_not_answered(checked)
    if why_not:
        messages.warning(request, why_not)
    else:
        messages.info(request, _("Looked up at CoinMENA. What it answered stands in the timeline."))
    return redirect("funding:detail", reference)


@require_POST
@require_role(Role.FINANCE, Role.MANAGER)
@conflicts_as_409
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an operation back before it is sent."""
    operation = get_object_or_404(Operation, reference=reference)
    cancelling.cancel_operation(operation_id=operation.pk, by=person_of(request))
    messages.success(request, _("Cancelled. Nothing was sent."))
    return redirect("funding:detail", reference)
