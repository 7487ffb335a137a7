"""Signing in and out, and a person's own settings. Nothing else of the sign-in library has an address here."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.views import LoginView, LogoutView
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.accounts.forms import SignInForm, TimeZoneForm
from backoffice.accounts.services import choose_time_zone
from backoffice.accounts.sessions_shown import shown_sessions
from backoffice.accounts.signed_in import person_of
from backoffice.ui.render import render_page


class SignInView(LoginView):  # type: ignore[misc]
    """Ask for e-mail and password; what is wrong is answered with 422, as everywhere."""

    form_class = SignInForm
    template_name = "account/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Name the other way in, where the company has one."""
        way_in = {"next": self.request.GET.get("next", "")}
        url = f"{reverse('account_company')}?{urlencode(way_in)}" if settings.OIDC_ISSUER else ""
        return {**super().get_context_data(**kwargs), "company_url": url, "company_text": settings.OIDC_BUTTON}

    def form_invalid(self, form: SignInForm) -> HttpResponseBase:
        response: HttpResponseBase = super().form_invalid(form)
        response.status_code = 422
        return response


sign_in = require_http_methods(["GET", "POST"])(SignInView.as_view())
_sign_out = LogoutView.as_view()


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session on the server, and have the browser forget what it kept of it."""
    response: HttpResponseBase = _sign_out(request)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_http_methods(["GET", "POST"])
def account_settings(request: HttpRequest) -> HttpResponse:
    """Show who one is here, and let one choose the zone of one's times."""
    person = person_of(request)
    form = TimeZoneForm(request.POST or None, initial={"time_zone": person.time_zone})
    if request.method == "POST" and form.is_valid():
        choose_time_zone(by=person, time_zone=form.cleaned_data["time_zone"])
        messages.success(request, _("Times are shown in %(zone)s.") % {"zone": form.cleaned_data["time_zone"]})
        return redirect("account_settings")
    context: dict[str, Any] = {"person": person, "form": form}
    context["sessions"] = shown_sessions(person, request.session.session_key)
    return render_page(request, "accounts/settings.html", context, status=422 if form.is_bound else 200)
