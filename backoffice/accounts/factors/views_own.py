"""A person's own factors: seen, added, replaced, removed. Each change comes with a factor the person has."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts import step_up
from backoffice.accounts.factors import codes, held, passkeys, services
from backoffice.accounts.factors.forms import NewAuthenticatorForm, NewPasskeyForm, offer
from backoffice.accounts.factors.setting_up import SetUp, authenticator_context
from backoffice.accounts.factors.views_enrol import codes_page
from backoffice.accounts.policies import Refused
from backoffice.accounts.signed_in import person_of
from backoffice.ui.render import render_page

FACTORS, AUTHENTICATOR, PASSKEY = (
    "accounts/factors.html",
    "accounts/new_authenticator.html",
    "accounts/new_passkey.html",
)
REMOVE, RECOVERY = "accounts/confirm_remove_passkey.html", "accounts/confirm_recovery_codes.html"


@require_GET
@never_cache
def factors(request: HttpRequest) -> HttpResponse:
    """Show a person their factors."""
    person = person_of(request)
    context = {
        "authenticator": codes.authenticator_of(person),
        "passkeys": list(held.passkeys_of(person)),
        "is_only_one": held.factors_of(person).count() == 1,
        "recovery_codes": held.unused_recovery_codes(person),
        "can_use_passkeys": passkeys.are_possible(request),
        "most_passkeys": services.MOST_PASSKEYS,
    }
    return render_page(request, FACTORS, context)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("seed", "code", "new_code", "credential")
def new_authenticator(request: HttpRequest) -> HttpResponse:
    """Put another authenticator in the place of the one a person has."""
    person = person_of(request)
    form = NewAuthenticatorForm(request.POST or None, initial={"seed": offer(person)})
    if request.method == "POST" and form.is_valid() and is_confirmed(request, form):
        services.replace_authenticator(by=person, **SetUp(person, form).given())
        messages.success(request, _("Your new authenticator is set up. The former one no longer works."))
        return redirect("account_factors")
    context = {**authenticator_context(request, form), "has_one": codes.authenticator_of(person) is not None}
    return render_page(request, AUTHENTICATOR, context, status=422 if form.is_bound else 200)


def is_confirmed(request: HttpRequest, form: NewAuthenticatorForm) -> bool:
    """Whether the new authenticator's code is right, and only then whether the factor shown with it is.

    In this order no code of the old one is used up for a typing mistake in the new one's.
    """
    try:
        services.check_is_code_of(**SetUp(person_of(request), form).given())
    except services.NotThatCode:
        form.add_error("new_code", SetUp.not_that_code())
        return False
    return step_up.is_shown(request, form)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("code", "credential", "registration")
def new_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey."""
    person, form = person_of(request), NewPasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and step_up.is_shown(request, form):
        try:
            credential = passkeys.registered(request, form.cleaned_data["registration"])
            added = services.add_passkey(by=person, name=form.cleaned_data["name"], credential=credential)
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("Passkey “%(name)s” added.") % {"name": added.data["name"]})
            return redirect("account_factors")
    context = {"form": form, "can_use_passkeys": passkeys.are_possible(request)}
    return render_page(request, PASSKEY, context, status=422 if form.is_bound else 200)


@require_POST
@never_cache
def new_passkey_options(request: HttpRequest) -> HttpResponse:
    """Give the browser what it needs to make another passkey."""
    return JsonResponse(passkeys.begin_registration(request, person_of(request), reverse("account_passkey_add")))


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("code", "credential")
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Ask, then take a passkey away."""
    person = person_of(request)
    passkey = held.passkeys_of(person).filter(pk=passkey_id).first()
    if passkey is None:
        raise Http404
    services.check_can_remove(person, passkey)
    form = step_up.OwnFactorsForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and step_up.is_shown(request, form):
        services.remove_passkey(by=person, passkey_id=passkey_id)
        messages.success(request, _("Passkey “%(name)s” removed.") % {"name": passkey.data["name"]})
        return redirect("account_factors")
    context: dict[str, Any] = {"form": form, "passkey": passkey}
    return render_page(request, REMOVE, context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("code", "credential")
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make ten new recovery codes, and show them this once."""
    person, form = person_of(request), step_up.OwnFactorsForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and step_up.is_shown(request, form):
        made = services.make_recovery_codes(by=person)
        return codes_page(request, made, reverse("account_factors"), _("Your former recovery codes no longer work."))
    context = {"form": form, "left": held.unused_recovery_codes(person)}
    return render_page(request, RECOVERY, context, status=422 if form.is_bound else 200)
