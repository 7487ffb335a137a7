"""Who could move money alone? The page and its file, worked out anew each time."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.people import control_file, policies
from backoffice.people.pages.control import control_context
from backoffice.ui.render import render_page


@require_GET
@require_role(*policies.READERS)
def control(request: HttpRequest) -> HttpResponse:
    """Show the report for roles, rules and delegations as they are now."""
    return render_page(request, "people/control.html", control_context())


@require_POST
@require_role(*policies.READERS)
def export_control(request: HttpRequest) -> HttpResponse:
    """Answer with the CSV of the same report."""
    return control_file.answer(by=person_of(request))
