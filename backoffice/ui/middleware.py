"""What every answer needs when htmx asked, and what no signed-in page may leave behind.

Placed after the session, authentication, message and django-htmx middlewares.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from backoffice.ui.errors import method_not_allowed
from backoffice.ui.render import is_htmx

GetResponse = Callable[[HttpRequest], HttpResponseBase]
#: Pages repeat their own address in links and forms, so a longer one would be answered by megabytes. Lists allow half.
LONGEST_ADDRESS = 8_000
ADDRESS_TOO_LONG = gettext_lazy("This address is too long to be one of ours. Start again from the first page.")


class AddressLengthMiddleware:
    """Refuse an address longer than any of ours, whatever the web server in front lets through. Stands first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 414 before anything reads the address."""
        length = len(request.META.get("QUERY_STRING", "")) + len(request.path)
        if length > LONGEST_ADDRESS:
            return HttpResponse(ADDRESS_TOO_LONG, status=414, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class ClosedMethodMiddleware:
    """Give a 405 a page: whoever opens an address that only takes a form would see an empty one. Stands in the request
    context, whose id the page quotes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and let the page say that nothing was done."""
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or is_htmx(request):
            return response
        page = method_not_allowed(request)
        page.headers["Allow"] = response.headers["Allow"]
        page.cookies.update(response.cookies)
        return page


class HtmxMiddleware:
    """Redirects become `HX-Redirect`, messages become toasts, signed-in answers are never stored."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, then fit the answer to who asked for it."""
        response = self.get_response(request)
        if is_htmx(request):
            response = redirect_the_page(request, response)
            add_toasts(request, response)
        keep_out_of_caches(request, response)
        return response


def redirect_the_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Send the browser, not the fragment, to where a redirect leads; to sign-in with 401.

    htmx checks no address itself, so one that leaves this site becomes the first page.
    """
    if response.status_code not in (301, 302, 303, 307, 308):
        return response
    address = response.headers["Location"]
    is_sign_in = urlsplit(address).path == resolve_url(settings.LOGIN_URL)
    moved = HttpResponse(status=401 if is_sign_in else 204)
    moved.headers["HX-Redirect"] = _sign_in_from(request) if is_sign_in else _ours(request, address)
    moved.cookies.update(response.cookies)  # a new session or message cookie must survive
    return moved


def add_toasts(request: HttpRequest, response: HttpResponseBase) -> None:
    """Append the waiting messages to a fragment, out of band; a page has shown its own already."""
    messages = get_messages(request)
    if not isinstance(response, HttpResponse) or not _is_fragment(response) or getattr(messages, "used", True):
        return
    waiting = list(messages)
    if not waiting:
        return
    response.write(render_to_string("ui/toasts.html", {"messages": waiting, "is_fragment": True}))
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))


def keep_out_of_caches(request: HttpRequest, response: HttpResponseBase) -> None:
    """Forbid every cache to keep what a signed-in person saw; the same address has two forms."""
    patch_vary_headers(response, ("Cookie", "HX-Request"))
    person = getattr(request, "user", None)
    if person is not None and person.is_authenticated:
        patch_cache_control(response, no_store=True, private=True)


def _is_fragment(response: HttpResponse) -> bool:
    if response.status_code == 204 or {"HX-Redirect", "HX-Refresh", "HX-Location"} & set(response.headers):
        return False
    return response.headers.get("Content-Type", "").startswith("text/html")


def _sign_in_from(request: HttpRequest) -> str:
    """The sign-in page, leading back to the page the person was looking at."""
    try:
        shown = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    except ValueError:  # the header is the browser's word, and `http://[` is no address
        shown = "/"
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': _ours(request, shown)})}"


def _ours(request: HttpRequest, address: str) -> str:
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if allowed else "/"
