"""The page for whoever came second: 409, a sentence, and the way to what is true now."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from backoffice.approvals.policies import Conflict
from backoffice.ui.render import render_page
from backoffice.worker.turns import is_its_own

log = structlog.get_logger(__name__)

View = Callable[..., HttpResponseBase]


def conflicts_as_409(view: View) -> View:
    """Answer a `Conflict` raised by ``view``, or a lock kept by others for too long, with the page that explains it."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Conflict as conflict:
            return conflict_page(request, str(conflict), back_to=_page_of(request))
        except OperationalError as error:
            if not is_its_own(error):
                raise
            log.warning("kept_waiting", path=request.path, error=str(error))
            sentence = _(
                "Others kept this waiting for too long, and it was not done. Read the page again, then decide."
            )
            return conflict_page(request, sentence, back_to=_page_of(request))

    return wrapped


def _page_of(request: HttpRequest) -> str:
    return request.path.rsplit("/", 2)[0] + "/"


def conflict_page(request: HttpRequest, sentence: str, back_to: str) -> HttpResponse:
    """Say in one sentence why nothing was changed."""
    return render_page(request, "approvals/conflict.html", {"sentence": sentence, "back_to": back_to}, status=409)
