"""The pages of the audit log: list, one entry, verification. Its file comes from the exports app, which is above."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit import pages, policies, queries
from backoffice.audit.asking.questions import context_of
from backoffice.audit.listing import ENTRIES
from backoffice.audit.reading import note_reading
from backoffice.audit.verifying.jobs import newest
from backoffice.audit.verifying.pages import marker_of, verify_context
from backoffice.audit.verifying.services import ask_for_verification
from backoffice.ui.listing import PART
from backoffice.ui.render import is_htmx, render_listing, render_page


@require_GET
@require_role(*policies.READERS)
def log(request: HttpRequest) -> HttpResponse:
    """List the log. The one kind of GET that writes: reading the log is itself an entry of it (security.md §3)."""
    is_a_part = PART in request.GET  # the sums of a page that was written down already
    reading = None if is_a_part else note_reading(by=person_of(request), page=request.get_full_path())
    verified = queries.last_verification()
    about_it = {"verified": verified, "bad_entry": queries.bad_entry_of(verified)}
    context = {"reading": reading, **about_it, **context_of(request)}
    return render_listing(request, ENTRIES, queries.entries(), context)


@require_GET
@require_role(*policies.READERS)
def entry(request: HttpRequest, number: int) -> HttpResponse:
    """Show one entry: every field, before and after, its place in the chain. Reading it is an entry as well."""
    one = get_object_or_404(queries.entries(), number=number)
    note_reading(by=person_of(request), page=request.get_full_path())
    return render_page(request, "audit/detail.html", pages.entry_context(one))


@require_http_methods(["GET", "POST"])
@require_role(*policies.VERIFIERS)
def verify(request: HttpRequest) -> HttpResponse:
    """Show how far a verification is, or how the last one came out; a POST has a worker verify the whole log."""
    if request.method == "POST":
        ask_for_verification(by=person_of(request))
        return redirect("audit:verify")
    if not is_htmx(request):  # a page that is drawn again while a worker verifies was written down already
        note_reading(by=person_of(request), page=request.get_full_path())
    verified = queries.last_verification()
    context = {**verify_context(verified, newest()), "bad_entry": queries.bad_entry_of(verified)}
    return render_page(request, "audit/verify.html", context, "verification")


@require_GET
@require_role(*policies.VERIFIERS)
def verify_marker(request: HttpRequest) -> HttpResponse:
    """Answer 204, and have the page drawn again when something has changed."""
    response = HttpResponse(status=204)
    if marker_of(newest()) != request.GET.get("shown"):
        response["HX-Trigger"] = "verification-changed"
    return response
