"""Who works here: the list, its file, one person, one change."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.services import cancel
from backoffice.audit.queries import history_of
from backoffice.exports.answering import answer_export
from backoffice.people import policies, queries
from backoffice.people.listing import PEOPLE
from backoffice.people.pages.changes import change_context
from backoffice.people.pages.people import detail_context
from backoffice.ui.render import render_listing, render_page


@require_GET
@require_role(*policies.READERS)
def people(request: HttpRequest) -> HttpResponse:
    """List everybody who works here or did."""
    context = {
        "can_change": policies.can_change(person_of(request)),
        "waiting_invitations": list(queries.waiting_invitations()),
    }
    return render_listing(request, PEOPLE, queries.listed(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of everybody the filters find."""
    return answer_export(request, PEOPLE)


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, number: int) -> HttpResponse:
    """Show one person: what they may do, their sessions, what they asked for, what became of their account."""
    shown: Any = get_object_or_404(queries.listed(), pk=number)
    context = detail_context(shown, person_of(request), timezone.now(), request.session.session_key)
    return render_page(request, "people/detail.html", context)


@require_GET
@require_role(*policies.READERS)
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Show one change of an account."""
    found = get_object_or_404(queries.changes(), key=key)
    context = change_context(found, person_of(request), timezone.now())
    return render_page(request, "people/change.html", {**context, "history": history_of(found, found.approval)})


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def cancel_change(request: HttpRequest, key: str) -> HttpResponse:
    """Take one's own proposal back while it waits."""
    found = get_object_or_404(queries.changes(), key=key)
    cancel(request_id=found.approval_id, by=person_of(request))
    messages.success(request, _("The proposal is taken back. The account stays as it is."))
    return redirect("people:change", found.key)
