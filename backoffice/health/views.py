"""Is this process alive, and is the product ready to work? Two answers for load balancers and monitors, without a
sign-in and without details; and a page for people."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit.sealing.queries import reach
from backoffice.health import pages, policies
from backoffice.health.selftest.services import TooSoon, run_now
from backoffice.health.services import CHECKS, is_ready
from backoffice.ui.render import render_page


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, triggers and worker are well, 503 naming those that are not; and say how far the audit
    log is sealed, which an alarm may be set on."""
    ill = [check.name for check in CHECKS if check.decides_readiness and not is_ready(check)]
    said = {"ready": not ill, "ill": ill, "seals": {} if "database" in ill else seals()}
    return JsonResponse(said, status=503 if ill else 200)


def seals() -> dict[str, int | None]:
    """Return how many entries no seal covers yet, and how many seconds old the newest seal is; null where the head of
    the log is gone, or nothing was ever sealed."""
    now = reach()
    return {
        "unsealed_entries": now.unsealed,
        "age_seconds": int(now.age.total_seconds()) if now.age is not None else None,
    }


@require_GET
@require_role(*policies.READERS)
def page(request: HttpRequest) -> HttpResponse:
    """Show every part that must work; the partners are asked apart, because that goes over the network."""
    return render_page(request, "health/page.html", pages.health_context(person_of(request)))


@require_POST
@require_role(*policies.READERS)
def partners(request: HttpRequest) -> HttpResponse:
    """Ask both partners whether they know us, now, and show what they say. A POST, because others are asked."""
    context = pages.health_context(person_of(request), asking=True)
    return render_page(request, "health/page.html", context, region="partners")


@require_POST
@require_role(*policies.TRIERS)
def self_test(request: HttpRequest) -> HttpResponse:
    """Try every control now, in this request."""
    try:
        has_passed = run_now(by=person_of(request)).passed
    except TooSoon as why:
        messages.warning(request, str(why))
        return redirect("health:page")
    if has_passed:
        messages.success(request, _("Every control held."))
    else:
        messages.error(request, _("Not every control held. What was found stands on this page and in the audit log."))
    return redirect("health:page")
