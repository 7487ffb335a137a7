"""The way to the company's identity provider and back. It begins with a link: a form may not lead to another site."""

import structlog
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from backoffice.accounts.models import Person
from backoffice.accounts.oidc import flow
from backoffice.accounts.oidc.identity import NotVouchedFor
from backoffice.accounts.oidc.provider import ProviderUnusable
from backoffice.accounts.signals import company_sign_in_refused

log = structlog.get_logger(__name__)


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponseBase:
    """Send the browser to the provider. It writes down, in the session alone, what has to come back."""
    refuse_unless_configured()
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    try:
        return redirect(flow.begin(request, next_page(request)))
    except ProviderUnusable as trouble:
        return unusable(request, trouble)


@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponseBase:
    """Take the provider's answer, and hand whoever it vouches for to the second factor."""
    refuse_unless_configured()
    try:
        attempt = flow.take_up(request)
        if "error" in request.GET or "code" not in request.GET:
            return back_to_the_door(request, _("The sign-in with the company account was broken off."))
        person = flow.person_vouched_for(request, attempt)
    except flow.NotUnderWay:
        return back_to_the_door(request, _("That sign-in took too long or was begun elsewhere. Begin again here."))
    except ProviderUnusable as trouble:
        return unusable(request, trouble)
    except NotVouchedFor as refusal:
        company_sign_in_refused.send(sender=Person, email=refusal.email, reason=str(refusal))
        return back_to_the_door(request, _("Your company account opens nothing here. An administrator can invite you."))
    answer: HttpResponseBase = perform_login(request, person, redirect_url=attempt.next_page)
    return answer


def refuse_unless_configured() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404


def next_page(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL


def unusable(request: HttpRequest, trouble: ProviderUnusable) -> HttpResponse:
    log.warning("identity provider unusable", because=str(trouble))
    return back_to_the_door(
        request, _("The company's sign-in does not answer as it should. Sign in with your password.")
    )


def back_to_the_door(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect("account_login")
