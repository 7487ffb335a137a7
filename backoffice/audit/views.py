"""The pages of the audit log: list, one entry, verification. Its file comes from the exports app, which is above."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit import pages, policies, queries
from backoffice.audit.listing import ENTRIES
from backoffice.audit.reading import note_reading, verify_log
from backoffice.ui.listing import PART
from backoffice.ui.render import render_listing, render_page


@require_GET
@require_role(*policies.READERS)
def log(request: HttpRequest) -> HttpResponse:
    """List the log. The one kind of GET that writes: reading the log is itself an entry of it (security.md §3)."""
    is_a_part = PART in request.GET  # the sums of a page that was written down already
    reading = None if is_a_part else note_reading(by=person_of(request), page=request.get_full_path())
    context = {"reading": reading, "verified": queries.last_verification()}
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
    """Show how the last verification came out; a POST verifies the whole log now."""
    if request.method == "POST":
        found = verify_log(by=person_of(request))
        tell = messages.success if found.is_intact else messages.error
        tell(request, found.sentence)
        return redirect("audit:verify")
    return render_page(request, "audit/verify.html", pages.verify_context(queries.last_verification()))
