"""Changing one's password, asking for a link when it is forgotten, and setting one by a link."""

from dataclasses import astuple
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.passwords import asking, services
from backoffice.accounts.passwords.forms import ChangePasswordForm, ForgottenForm, PasswordForm
from backoffice.accounts.passwords.links import LinkOver, PasswordLink, bearer_of, read_link
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.ui.render import render_page

LINK = "password_link"
SECRETS = ("old", "password", "code", "credential")


@sensitive_post_parameters(*SECRETS)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Change one's own password, with the old one and a second factor shown for just this."""
    person = person_of(request)
    form = ChangePasswordForm(request.POST or None, person=person)
    proof = proven(request, form, person) if request.method == "POST" and form.is_valid() else None
    if proof is None:
        context = {"form": form, "person": person}
        return render_page(request, "accounts/password_change.html", context, status=422 if form.is_bound else 200)
    changed = services.change_password(
        by=person, password=form.cleaned_data["password"], proof=proof, session_key=request.session.session_key
    )
    update_session_auth_hash(request, changed)
    messages.success(request, _("Your password was changed. Your other sessions have ended."))
    return redirect("account_settings")


def proven(request: HttpRequest, form: ChangePasswordForm, person: Person) -> Proof | None:
    """Check the old password first, so that a slip in it costs no code, then the second factor."""
    if not is_old_password(request, form, person):
        return None
    return prove(request, form, services.fingerprint_of_change(person))


def is_old_password(request: HttpRequest, form: ChangePasswordForm, person: Person) -> bool:
    """Check the old password; ten wrong ones in half an hour are as many as are looked at."""
    if not ratelimit.consume(request, action="change_password", user=person):
        form.add_error("old", _("Too many tries. Wait 30 minutes, then try again."))
        return False
    if not person.check_password(form.cleaned_data["old"]):
        form.add_error("old", _("This is not the password you have now."))
        return False
    ratelimit.clear(request, action="change_password", user=person)
    return True


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Take the wish for a link. The answer says nothing about who has an account here."""
    form = ForgottenForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if asking.is_asked_too_often(request, email):
            form.add_error(None, _("Too many tries. Wait 30 minutes, then try again, or ask an administrator."))
            return render_page(request, "accounts/password_forgotten.html", context, status=429)
        asking.ask_for_link(email)
        return render_page(request, "accounts/password_asked.html", {"email": email})
    return render_page(request, "accounts/password_forgotten.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET"])
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take a link out of the address, where logs and reports would see it. Opening it uses nothing up.

    The session keeps what the link says, under a key that nobody could have planted before.
    """
    try:
        link = read_link(token)
        bearer_of(link)
    except LinkOver:
        return link_over(request)
    request.session.cycle_key()
    request.session[LINK] = astuple(link)
    return redirect("account_password_set")


@never_cache
@sensitive_post_parameters(*SECRETS)
@require_http_methods(["GET", "POST"])
def set_by_link(request: HttpRequest) -> HttpResponse:
    """Let whoever followed a link set their password. Nobody is signed in by it; whoever was, here, is signed out."""
    try:
        link = PasswordLink(*request.session[LINK])
        person = bearer_of(link)
        form = PasswordForm(request.POST or None, person=person)
        if request.method == "POST" and form.is_valid():
            services.set_password_by_link(link=link, password=form.cleaned_data["password"])
            logout(request)
            messages.success(request, _("Your password is set. Sign in with it."))
            return redirect("account_login")
    except (KeyError, LinkOver):
        return link_over(request)
    context = {"form": form, "person": person, "is_first": link.is_first}
    return render_page(request, "accounts/password_set.html", context, status=422 if form.is_bound else 200)


def link_over(request: HttpRequest) -> HttpResponse:
    return render_page(request, "accounts/password_link_over.html", status=410)
