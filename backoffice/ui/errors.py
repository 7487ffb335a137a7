"""Error pages: a sentence, an id to quote, a way on. Nothing of the error itself reaches the page.

The one exception is text written for staff: a `BadListRequest`, and the reason of a `PermissionDenied`.
"""

from __future__ import annotations

import logging
import secrets

import structlog
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

from backoffice.ui.listing import BadListRequest

log = logging.getLogger(__name__)

LAST_RESORT = "Something went wrong on our side. Nothing was sent twice. Reload the page, or quote this id: {}"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the address or the form was not one of ours."""
    reason = str(exception) if isinstance(exception, BadListRequest) else ""
    return _page(request, "400.html", 400, reason)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but not for this."""
    reason = str(exception) if isinstance(exception, PermissionDenied) else ""
    return _page(request, "403.html", 403, reason)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form was older than the session, or came from elsewhere."""
    log.warning("csrf_failure: %s", reason)
    return _page(request, "403_csrf.html", 403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing stands at this address, or nothing this person may see."""
    return _page(request, "404.html", 404)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    """405: something can be sent to this address, but it is no page, or the other way round."""
    return _page(request, "405.html", 405)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: stands alone, because whatever it would lean on may be what broke."""
    quoted = error_id()
    log.error("server_error: page shown with id %s", quoted)
    try:
        return HttpResponse(render_to_string("500.html", {"error_id": quoted}), status=500)
    except (TemplateDoesNotExist, ValueError):  # ValueError: a static file the manifest does not know
        return HttpResponse(LAST_RESORT.format(quoted), status=500, content_type="text/plain; charset=utf-8")


def error_id() -> str:
    """The id of this request in the logs and the audit log, or a new one when it has none."""
    return str(structlog.contextvars.get_contextvars().get("request_id") or secrets.token_hex(6))


def _page(request: HttpRequest, template: str, status: int, reason: str = "") -> HttpResponse:
    context = {"error_id": error_id(), "reason": reason, "is_signed_in": _is_signed_in(request)}
    return HttpResponse(render_to_string(template, context), status=status)


def _is_signed_in(request: HttpRequest) -> bool:
    person = getattr(request, "user", None)
    return person is not None and person.is_authenticated
