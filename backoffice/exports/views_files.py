"""The files a person had built: the list, one file's page, taking it back, fetching it. Nobody sees another's."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.signed_in import person_of
from backoffice.exports.formats import TYPES
from backoffice.exports.jobs import pages
from backoffice.exports.jobs.columns import FILES, files_of, marker_of_all
from backoffice.exports.jobs.fetching import BeyondTheEnd, NotThere, Part, fetch
from backoffice.exports.jobs.services import NotUnderWay
from backoffice.exports.jobs.services import cancel as take_back
from backoffice.exports.jobs.whole import issued_digest
from backoffice.exports.models import ExportJob, Format
from backoffice.ui.render import render_listing, render_page


def own(request: HttpRequest, job_id: int) -> ExportJob:
    """Find a file of whoever asks; another person's does not exist for them."""
    return get_object_or_404(files_of(person_of(request)).select_related("asked_by", "entry"), pk=job_id)


@require_GET
def files(request: HttpRequest) -> HttpResponse:
    """List the files that were built for whoever asks."""
    person = person_of(request)
    return render_listing(request, FILES, files_of(person), {"marker": marker_of_all(person)})


@require_GET
def files_marker(request: HttpRequest) -> HttpResponse:
    """Answer 204, and have the list drawn again when one of its files has come further."""
    response = HttpResponse(status=204)
    if marker_of_all(person_of(request)) != request.GET.get("shown"):
        response["HX-Trigger"] = "export-files-changed"
    return response


@require_GET
def file(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far a file is, and where to fetch it."""
    return render_page(request, "exports/file.html", pages.file_context(own(request, job_id)), "export-file")


@require_GET
def marker(request: HttpRequest, job_id: int) -> HttpResponse:
    """Answer 204, and have the page drawn again when something has changed."""
    response = HttpResponse(status=204)
    if pages.marker_of(own(request, job_id)) != request.GET.get("shown"):
        response["HX-Trigger"] = "export-file-changed"
    return response


@require_POST
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """Take a file back that is not built yet."""
    own(request, job_id)
    try:
        take_back(job_id=job_id, by=person_of(request))
    except NotUnderWay as refused:
        messages.error(request, str(refused))
    return redirect("exports:file", job_id)


@require_GET
def download(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Answer with the file, or with the rest of it where a download broke off."""
    job = own(request, job_id)
    try:
        part = fetch(job=job, by=person_of(request), asked_range=range_of(request, job))
    except NotThere as refused:
        messages.error(request, str(refused))
        return redirect("exports:file", job_id)
    except BeyondTheEnd:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{job.size}"})
    return answer_with(job, part)


def range_of(request: HttpRequest, job: ExportJob) -> str:
    """The range a request asks for; none where it holds the beginning of another file."""
    held = request.headers.get("If-Range", "")
    return "" if held and held != tag_of(job) else request.headers.get("Range", "")


def tag_of(job: ExportJob) -> str:
    """The file's entity tag: its digest."""
    return f'"{issued_digest(job)}"'


def answer_with(job: ExportJob, part: Part) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        part.pieces(), content_type=TYPES[Format(job.format)], status=200 if part.is_whole else 206
    )
    response["Content-Disposition"] = f'attachment; filename="{job.file_name}"'
    response["Content-Length"] = str(part.end - part.first)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = tag_of(job)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    if not part.is_whole:
        response["Content-Range"] = part.content_range
    return response
