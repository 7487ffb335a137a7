"""Ending one's own sessions elsewhere."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from backoffice.accounts.sessions_ending import SessionOver, end_session, end_sessions
from backoffice.accounts.signed_in import person_of


@require_POST
def end_one(request: HttpRequest) -> HttpResponse:
    """End the session named in ``session``; other people's are not found here, whoever asks."""
    person = person_of(request)
    try:
        end_session(public_id=request.POST.get("session", ""), of=person, by=person)
    except SessionOver as over:
        messages.info(request, str(over))
    else:
        messages.success(request, _("That session was ended."))
    return redirect("account_settings")


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session of the person but the one this is asked from."""
    person = person_of(request)
    count = end_sessions(person, person, but=request.session.session_key)
    said = ngettext("%(n)s other session was ended.", "%(n)s other sessions were ended.", count) % {"n": count}
    messages.success(request, said if count else _("There was no other session."))
    return redirect("account_settings")
