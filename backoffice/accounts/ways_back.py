"""Where somebody is led back to: a page that opens, never an address that only takes what is sent to it."""

from urllib.parse import unquote, urlsplit, urlunsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from backoffice.accounts.matrix import TABLE

FIRST_PAGE = "/"


def only_reads(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD")


def way_back(request: HttpRequest) -> str:
    """Name the page to open once signed in: what was asked for, or the page from which something was sent."""
    if only_reads(request):
        return request.get_full_path()
    return _page_sent_from(request) or _own_page(request) or FIRST_PAGE


def page_shown(request: HttpRequest) -> str:
    """Name the page to open again by what stands on every page, the answer to a form included."""
    return _own_page(request) or way_back(request)


def _own_page(request: HttpRequest) -> str:
    return request.get_full_path() if _opens(request.path) else ""


def _page_sent_from(request: HttpRequest) -> str:
    """The page of ours that the browser names as the one it comes from; empty where there is none that opens."""
    said = request.headers.get("Referer", "")
    try:
        _scheme, _host, path, query, _fragment = urlsplit(said)
    except ValueError:  # the header is the browser's word, and `http://[` is no address
        return ""
    page = urlunsplit(("", "", path, query, ""))
    is_ours = all(
        url_has_allowed_host_and_scheme(one, {request.get_host()}, require_https=request.is_secure())
        for one in (said, page)
    )
    return page if is_ours and _opens(unquote(path)) else ""


def _opens(path: str) -> bool:
    """Whether an address of ours can be opened, by anybody: most are open to whoever reads, some only take a form."""
    try:
        name = resolve(path).view_name
    except Resolver404:
        return False
    return name in TABLE and bool(TABLE[name].get)
