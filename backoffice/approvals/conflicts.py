"""The page for whoever came second: 409, a sentence, and the way to what is true now."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from backoffice.approvals.policies import Conflict
from backoffice.ui.render import render_page

View = Callable[..., HttpResponseBase]


def conflicts_as_409(view: View) -> View:
    """Answer a `Conflict` raised by ``view`` with the page that explains it."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Conflict as conflict:
            return conflict_page(request, str(conflict), back_to=request.path.rsplit("/", 2)[0] + "/")

    return wrapped


def conflict_page(request: HttpRequest, sentence: str, back_to: str) -> HttpResponse:
    """Say in one sentence why nothing was changed."""
    return render_page(request, "approvals/conflict.html", {"sentence": sentence, "back_to": back_to}, status=409)
