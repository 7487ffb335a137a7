"""The origin of every change, the end of sessions, default deny, and each person's own zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.accounts import sessions
from backoffice.accounts.context import address_of, originating_from
from backoffice.accounts.matrix import PUBLIC_NAMES
from backoffice.accounts.sessions_ending import why_ended
from backoffice.accounts.signals import session_ended
from backoffice.accounts.ways_back import only_reads, way_back

NOT_DONE = _("You were signed out, so what you sent was not done. Sign in and look again.")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestContextMiddleware:
    """Give the request an id that the logs, the audit log and the answer share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with originating_from(address_of(request)) as origin:
            response = self.get_response(request)
            response["X-Request-ID"] = origin.request_id
            return response


class SessionLimitsMiddleware:
    """End a session that is idle, too old, or whose person's account is no longer what it was when it began."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        ending = sessions.ending_of(request)
        if ending:
            self.end(request, ending)
        elif not request.user.is_authenticated:
            self.tell_why(request)
        else:
            sessions.note_activity(request)
        return self.get_response(request)

    def tell_why(self, request: HttpRequest) -> None:
        """Say to a browser that comes with the key of a session ended from elsewhere why it was."""
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        ending = why_ended(key) if key and request.session.is_empty() else None
        if ending:
            messages.info(request, ending.label)

    def end(self, request: HttpRequest, ending: sessions.Ending) -> None:
        person = sessions.person_of(request)
        request.session.flush()
        request.user = AnonymousUser()
        session_ended.send(sender=type(self), person=person, reason=ending)
        messages.info(request, ending.label)


class LoginRequiredMiddleware:
    """Close every address that the permission matrix does not open to strangers by name."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        match = request.resolver_match
        if request.user.is_authenticated or (match is not None and match.view_name in PUBLIC_NAMES):
            return None
        if not only_reads(request):
            messages.warning(request, NOT_DONE)
        return redirect_to_login(way_back(request), settings.LOGIN_URL)


class TimeZoneMiddleware:
    """Show times in the zone of the person who looks."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = getattr(request.user, "time_zone", "") or settings.COMPANY_TIME_ZONE
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)
