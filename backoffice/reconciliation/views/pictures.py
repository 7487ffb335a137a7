"""The figures of the reconciliation, drawn."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from backoffice.accounts.policies import require_role
from backoffice.reconciliation import policies
from backoffice.reconciliation.pictures.page import pictures_context
from backoffice.ui.render import render_page


@require_GET
@require_role(*policies.READERS)
def pictures(request: HttpRequest) -> HttpResponse:
    """Draw match rate, open exceptions, open days and money at risk, each with its table."""
    return render_page(request, "reconciliation/pictures/pictures.html", pictures_context(timezone.now()))
