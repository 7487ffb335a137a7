"""Default deny, the origin of every change, and each person's own zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from backoffice.accounts.context import originating_from

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: The only addresses open to people who are not signed in, by URL name.
PUBLIC_NAMES = frozenset({"account_login", "account_logout", "healthz", "readyz"})


class RequestContextMiddleware:
    """Give the request an id that the logs, the audit log and the answer share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with originating_from(request.META.get("REMOTE_ADDR", "")) as origin:
            response = self.get_response(request)
            response["X-Request-ID"] = origin.request_id
            return response


class LoginRequiredMiddleware:
    """Close every address that is not opened by name in `PUBLIC_NAMES`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        match = request.resolver_match
        if request.user.is_authenticated or (match is not None and match.view_name in PUBLIC_NAMES):
            return None
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


class TimeZoneMiddleware:
    """Show times in the zone of the person who looks."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = getattr(request.user, "time_zone", "") or settings.COMPANY_TIME_ZONE
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)
