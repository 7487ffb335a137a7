"""No page without a second factor, and no browser signed out because its session got a new key."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from backoffice.accounts.factors import shown
from backoffice.accounts.factors.held import has_factor
from backoffice.accounts.matrix import UNPROVEN_NAMES
from backoffice.accounts.signed_in import person_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class FactorRequiredMiddleware:
    """Send whoever has shown no second factor in this session to enrol one, or to show it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        match = request.resolver_match
        if not request.user.is_authenticated or shown.is_shown(request):
            return None
        if match is not None and match.view_name in UNPROVEN_NAMES:
            return None
        page = reverse("account_factor" if has_factor(person_of(request)) else "account_enrol")
        wanted = request.get_full_path() if request.method == "GET" else "/"
        return HttpResponseRedirect(f"{page}?{urlencode({'next': wanted})}")


class RenewedSessionMiddleware:
    """Let requests that were under way when the session got its new key end quietly.

    They come with the old key, which is void. Django would have the browser drop its cookie, which by then is the new
    one, and htmx would be sent to the sign-in page. Stands outside Django's own session middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        name = settings.SESSION_COOKIE_NAME
        dropped = response.cookies.get(name)
        if dropped is None or dropped.value or not shown.was_renewed(request.COOKIES.get(name, "")):
            return response
        del response.cookies[name]
        return HttpResponse(status=204) if "HX-Request" in request.headers else response
