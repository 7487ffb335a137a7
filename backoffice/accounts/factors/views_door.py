"""The page between password and session, and what its script and the demo ask for."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts import step_up
from backoffice.accounts.factors import door, held, passkeys
from backoffice.accounts.models import Person
from backoffice.accounts.signed_in import person_of
from backoffice.ui.render import render_page

FACTOR = "accounts/show_factor.html"
#: No address of ours is longer; a challenge is kept for it in the session.
LONGEST_ADDRESS = 500


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("code", "credential")
def factor(request: HttpRequest) -> HttpResponseBase:
    """Ask for the second factor of somebody whose password was right."""
    person = door.waiting_person(request)
    if person is None:
        return redirect("dashboard:home" if request.user.is_authenticated else "account_login")
    by_recovery_code = "recovery" in request.GET
    form = (step_up.RecoveryForm if by_recovery_code else step_up.FactorForm)(request.POST or None)
    if request.method == "POST" and form.is_valid() and door.show(request, form, person):
        return door.enter(request, person, "recovery" if by_recovery_code else step_up.method_of(form))
    context: dict[str, Any] = {
        "form": form,
        "person": person,
        "by_recovery_code": by_recovery_code,
        "has_recovery_codes": held.unused_recovery_codes(person) > 0,
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render_page(request, FACTOR, context, status=422 if form.is_bound else 200)


@require_POST
@never_cache
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Give the browser what it needs to use a passkey for the form that will be posted to ``address``."""
    person = known_person(request)
    address = request.POST.get("address", "")
    if person is None or not address.startswith("/") or len(address) > LONGEST_ADDRESS:
        raise Http404
    return JsonResponse(passkeys.begin_use(request, person, address))


@require_GET
@never_cache
def demo_code(request: HttpRequest) -> HttpResponse:
    """Show the code of the moment once more. In the demo only, to its own machine only."""
    person = known_person(request)
    if person is None or not step_up.may_see_demo_code(request):
        raise Http404
    return TemplateResponse(request, "accounts/demo_code.html", {"ways": step_up.ways_of(request, person)})


def known_person(request: HttpRequest) -> Person | None:
    """Whose factor it is about: the person signed in, or the one at the door."""
    return person_of(request) if request.user.is_authenticated else door.waiting_person(request)
