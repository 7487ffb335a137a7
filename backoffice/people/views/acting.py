"""What one administrator does at once: deactivate, end sessions, send an invitation again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.sessions_ending import SessionOver, end_session, end_sessions
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.control import snapshot_now
from backoffice.approvals.policies import Conflict
from backoffice.people import policies
from backoffice.people.forms import DeactivateForm
from backoffice.people.pages.people import deactivating_context
from backoffice.people.services import closing_accounts
from backoffice.ui.render import render_page

DEACTIVATE = "people/confirm_deactivate.html"


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def deactivate(request: HttpRequest, number: int) -> HttpResponse:
    """Say what closing an account means, ask why, then close it."""
    person, by = get_object_or_404(Person, pk=number), person_of(request)
    policies.check_can_deactivate(by, person, snapshot_now())
    form = DeactivateForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        context = {**deactivating_context(person, by, timezone.now()), "form": form}
        return render_page(request, DEACTIVATE, context, status=422 if form.errors else 200)
    closing_accounts.deactivate(person_id=person.pk, reason=form.cleaned_data["reason"], by=by)
    messages.success(request, _("%(name)s is deactivated and signed out.") % {"name": person.name})
    return redirect("people:detail", person.pk)


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def invite_again(request: HttpRequest, number: int) -> HttpResponse:
    """Send a fresh link to somebody who has not come yet."""
    person = get_object_or_404(Person, pk=number)
    closing_accounts.invite_again(person_id=person.pk, by=person_of(request))
    messages.success(request, _("The worker sends a fresh link to %(email)s.") % {"email": person.email})
    return redirect("people:detail", person.pk)


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def end_one_session(request: HttpRequest, number: int) -> HttpResponse:
    """End the session of a person that is named in ``session``."""
    person, by = get_object_or_404(Person, pk=number), person_of(request)
    try:
        end_session(public_id=request.POST.get("session", ""), of=person, by=by)
    except SessionOver as over:
        raise Conflict(str(over)) from over
    messages.success(request, _("That session was ended."))
    return redirect("people:detail", person.pk)


@require_POST
@require_role(Role.ADMINISTRATOR)
def end_all_sessions(request: HttpRequest, number: int) -> HttpResponse:
    """End every session of a person; one's own go on, where it is one's own page."""
    person, by = get_object_or_404(Person, pk=number), person_of(request)
    count = end_sessions(person, by, but=request.session.session_key)
    said = ngettext("%(n)s session was ended.", "%(n)s sessions were ended.", count) % {"n": count}
    messages.success(request, said if count else _("There was no session to end."))
    return redirect("people:detail", person.pk)
