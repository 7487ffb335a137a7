"""The first second factor: nothing else is open to a person who has none."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.accounts.factors import door, passkeys, services, shown
from backoffice.accounts.factors.forms import NewAuthenticatorFields, PasskeyFields, offer
from backoffice.accounts.factors.held import has_factor
from backoffice.accounts.factors.setting_up import SetUp, authenticator_context
from backoffice.accounts.policies import Refused
from backoffice.accounts.signed_in import person_of
from backoffice.ui.render import render_page

ENROL, ENROL_PASSKEY, CODES = "accounts/enrol.html", "accounts/enrol_passkey.html", "accounts/recovery_codes.html"


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("seed", "new_code")
def enrol(request: HttpRequest) -> HttpResponseBase:
    """Set an authenticator up, and confirm it with a code."""
    person = person_of(request)
    if has_factor(person):
        return redirect("account_factor")
    form = NewAuthenticatorFields(request.POST or None, initial={"seed": offer(person)})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.enrol_authenticator(by=person, **SetUp(person, form).given())
        except services.NotThatCode:
            form.add_error("new_code", SetUp.not_that_code())
        else:
            return enrolled(request, made)
    context = {**authenticator_context(request, form), "next": door.next_page(request)}
    context["can_use_passkeys"] = passkeys.are_possible(request)
    return render_page(request, ENROL, context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("registration")
def enrol_passkey(request: HttpRequest) -> HttpResponseBase:
    """Set a passkey up as the first factor."""
    person = person_of(request)
    if has_factor(person):
        return redirect("account_factor")
    form = PasskeyFields(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            credential = passkeys.registered(request, form.cleaned_data["registration"])
            made = services.enrol_passkey(by=person, name=form.cleaned_data["name"], credential=credential)
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            return enrolled(request, made)
    context = {"form": form, "next": door.next_page(request), "can_use_passkeys": passkeys.are_possible(request)}
    return render_page(request, ENROL_PASSKEY, context, status=422 if form.is_bound else 200)


@require_POST
@never_cache
def enrol_passkey_options(request: HttpRequest) -> HttpResponse:
    """Give the browser what it needs to make the person's first passkey."""
    person = person_of(request)
    services.check_is_first(person)
    return JsonResponse(passkeys.begin_registration(request, person, reverse("account_enrol_passkey")))


def enrolled(request: HttpRequest, made: list[str]) -> HttpResponse:
    """Open the session, under a new key, and show the recovery codes: now, and never again."""
    person = person_of(request)
    shown.renew(request)
    shown.mark(request, person)
    return codes_page(request, made, door.next_page(request), _("Your second factor is set up."))


def codes_page(request: HttpRequest, made: list[str], next_page: str, done: str) -> HttpResponse:
    """Show recovery codes. They are in this answer only: no page, no session and no log keeps them."""
    context: dict[str, Any] = {"codes": made, "next": next_page, "done": done, "person": person_of(request)}
    context["file"] = "data:text/plain;charset=utf-8," + quote("\n".join(made) + "\n")
    return render_page(request, CODES, context)
