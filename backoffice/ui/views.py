"""The kit's own two pages: how a person wants to see things, and the gallery of components."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from backoffice.ui import display
from backoffice.ui.errors import csrf_failure

__all__ = ["choose_display", "csrf_failure"]


@require_POST
def choose_display(request: HttpRequest) -> HttpResponse:
    """Keep one choice of theme, density, shortcuts or language, and go back to the page it was made on."""
    address = request.POST.get("next", "/")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(address if is_ours else "/")
    try:
        display.keep(response, request.POST.get("kind", ""), request.POST.get("choice", ""), request.is_secure())
    except ValueError as error:
        raise BadRequest(gettext("That is not one of the choices.")) from error
    return response
