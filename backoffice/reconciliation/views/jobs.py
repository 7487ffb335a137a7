"""The page of a run under way, which follows the worker and leads to the run once it is made."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.accounts.policies import require_role
from backoffice.reconciliation import policies
from backoffice.reconciliation.models import RunJob
from backoffice.reconciliation.running import pages
from backoffice.ui.render import render_page


@require_GET
@require_role(*policies.READERS)
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far a run is; lead to it once it is made."""
    found = get_object_or_404(RunJob.objects.select_related("client", "ledger", "asked_by"), pk=job_id)
    if found.run_id:
        return redirect("reconciliation:run", found.run_id)
    return render_page(request, "reconciliation/running/job.html", pages.job_context(found), "job")


@require_GET
@require_role(*policies.READERS)
def marker(request: HttpRequest, job_id: int) -> HttpResponse:
    """Answer 204 while nothing has changed, else have the page drawn again, or left for the run that was made."""
    found = get_object_or_404(RunJob, pk=job_id)
    response = HttpResponse(status=204)
    if found.run_id:
        response["HX-Redirect"] = reverse("reconciliation:run", args=[found.run_id])
    elif pages.marker_of(found) != request.GET.get("shown"):
        response["HX-Trigger"] = "job-changed"
    return response
