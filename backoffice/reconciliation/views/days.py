"""The days: the list of them, the page of one, and the report of a closing with its files."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.reconciliation import policies
from backoffice.reconciliation.days import queries, report_file
from backoffice.reconciliation.days.day_page import day_context
from backoffice.reconciliation.days.list_page import list_context
from backoffice.reconciliation.days.report_page import report_context
from backoffice.reconciliation.models import DayReport
from backoffice.reconciliation.services.days import download_report
from backoffice.ui.render import render_page


@require_GET
@require_role(*policies.READERS)
def days(request: HttpRequest) -> HttpResponse:
    """List the days of a month, newest first."""
    context = list_context(request.GET.get("month", ""), timezone.now())
    return render_page(request, "reconciliation/days/list.html", context, "days")


@require_GET
@require_role(*policies.READERS)
def day(request: HttpRequest, day: date) -> HttpResponse:
    """Show one day: its steps, both sides, its exceptions with their tests."""
    now = timezone.now()
    if day > queries.day_of(now):
        raise Http404
    context = day_context(day, person_of(request), request.GET, now)
    status = 400 if context["page"].is_refused else 200
    return render_page(request, "reconciliation/days/day.html", context, "exceptions", status=status)


@require_GET
@require_role(*policies.READERS)
def report(request: HttpRequest, day: date, version: int) -> HttpResponse:
    """Show what was signed when a day was closed, fit to be printed."""
    found = report_named(day, version)
    return render_page(request, "reconciliation/days/report.html", report_context(found))


@require_POST
@require_role(*policies.READERS)
def report_csv(request: HttpRequest, day: date, version: int) -> HttpResponse:
    """Answer with the report as CSV."""
    found = report_named(day, version)
    return file(request, found, report_file.csv_of(found), "csv", "text/csv; charset=utf-8")


@require_POST
@require_role(*policies.READERS)
def report_bytes(request: HttpRequest, day: date, version: int) -> HttpResponse:
    """Answer with the very bytes whose digest was signed."""
    found = report_named(day, version)
    return file(request, found, bytes(found.content), "json", "application/json")


def report_named(day: date, version: int) -> DayReport:
    """The report of one closing, or 404."""
    return get_object_or_404(DayReport.objects.select_related("day", "run", "made_by"), day_id=day, version=version)


def file(request: HttpRequest, report: DayReport, content: bytes, ending: str, media_type: str) -> HttpResponse:
    """A file to be saved, written down as an export."""
    name = f"close-report-{report.day_id.isoformat()}-{report.version}.{ending}"
    download_report(report=report, name=name, content=content, by=person_of(request))
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
