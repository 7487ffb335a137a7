"""The gallery: every component in every state, for eyes and for axe. Development and demo only.

`?theme=dark`, `?density=compact` and `?dir=rtl` show the same page in the other ways people see it.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from backoffice.ui import gallery_samples as samples
from backoffice.ui.display import CHOICES
from backoffice.ui.render import render_page


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Draw all components."""
    # The frame reads these choices from cookies; for this one page the address may overrule them.
    request.COOKIES = {**request.COOKIES, **{kind: request.GET[kind] for kind in CHOICES if kind in request.GET}}
    messages.success(request, "Withdrawal approved.")
    messages.error(request, "CoinMENA refused the deposit: the client is not active.")
    language = "ar" if request.GET.get("dir") == "rtl" else "en"
    with translation.override(language):
        return render_page(request, "ui/gallery.html", {**_context(), "page_dir": request.GET.get("dir", "ltr")})


@require_GET
def gallery_plain(request: HttpRequest) -> HttpResponse:
    """Draw the frame of the sign-in pages."""
    return render_page(request, "ui/gallery_plain.html", {"environment": "Sandbox", "form": samples.form()})


def _context() -> dict[str, object]:
    now = timezone.now()
    constants = {name.lower(): getattr(samples, name) for name in dir(samples) if name.isupper()}
    return {
        **constants,
        "now": now,
        "shell": samples.shell(now),
        "facts": samples.facts(now),
        "figures": samples.figures(),
        "events": samples.events(now),
        "ages": samples.ages(now),
        "form": samples.form(),
        "page": samples.page(now),
        "listing": samples.LISTING,
        "can_export": True,
    }
