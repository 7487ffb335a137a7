"""Proposing a change of an account: first who may, then the second factor, then it is written down."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals.policies import Conflict
from backoffice.people import policies, proposals
from backoffice.people.forms import ChangeForm, InviteForm, RoleChoiceForm, RoleForm, new_token
from backoffice.people.models import ChangeKind
from backoffice.people.pages.changes import crumbs_to
from backoffice.people.pages.people import (
    about_context,
    deciding_context,
    proposing_context,
    roles_in_words,
)
from backoffice.people.proposals import Proposal
from backoffice.people.services import proposing
from backoffice.ui.render import render_page

ROLE, PROPOSE, INVITE = "people/role.html", "people/propose.html", "people/invite.html"
Shown = Callable[..., HttpResponse]


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def invite(request: HttpRequest) -> HttpResponse:
    """Propose that somebody new gets an account."""
    by = person_of(request)
    policies.check_can_change(by)
    form = InviteForm(request.POST or None, initial={"token": new_token()})

    def shown(*, status: int = 200) -> HttpResponse:
        context = {"crumbs": crumbs_to(_("Invite somebody")), "roles": roles_in_words(), **deciding_context()}
        return render_page(request, INVITE, {**context, "form": form}, status=status)

    if request.method == "GET" or not form.is_valid():
        return shown(status=422 if request.method == "POST" else 200)
    said = {name: form.cleaned_data[name] for name in ("token", "name", "email", "role", "reason")}
    return propose(request, form, proposals.invitation(**said, by=by), None, shown)


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def change_role(request: HttpRequest, number: int) -> HttpResponse:
    """Choose another role, see what it comes to, and propose it."""
    person, by = _person_to_change(request, number), person_of(request)
    choice = RoleChoiceForm(request.POST if request.method == "POST" else request.GET or None, role_now=person.role)
    form = RoleForm(request.POST or None, initial={"token": new_token(), "role": choice.data.get("role", "")})
    role = choice.cleaned_data["role"] if choice.is_bound and choice.is_valid() else ""

    def shown(*, status: int = 200) -> HttpResponse:
        context = {**_context(request, person, ChangeKind.ROLE, role), "choice": choice, "form": form}
        return render_page(request, ROLE, context, status=status)

    if request.method == "GET" or not role or not form.is_valid():
        return shown(status=422 if request.method == "POST" or choice.errors else 200)
    return propose(request, form, _proposal(form, person, ChangeKind.ROLE, by, role), person, shown)


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def reactivate(request: HttpRequest, number: int) -> HttpResponse:
    """Propose that somebody who was deactivated comes back."""
    return _plain_change(request, number, ChangeKind.REACTIVATION)


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def reset_factor(request: HttpRequest, number: int) -> HttpResponse:
    """Propose that somebody's second factor is taken away, so that they set up another."""
    return _plain_change(request, number, ChangeKind.FACTOR_RESET)


def _plain_change(request: HttpRequest, number: int, kind: ChangeKind) -> HttpResponse:
    person, by = _person_to_change(request, number), person_of(request)
    form = ChangeForm(request.POST or None, initial={"token": new_token()})

    def shown(*, status: int = 200) -> HttpResponse:
        context = {**_context(request, person, kind, person.role), "form": form}
        return render_page(request, PROPOSE, context, status=status)

    if request.method == "GET" or not form.is_valid():
        return shown(status=422 if request.method == "POST" else 200)
    return propose(request, form, _proposal(form, person, kind, by), person, shown)


def propose(
    request: HttpRequest, form: ChangeForm, proposal: Proposal, person: Person | None, shown: Shown
) -> HttpResponse:
    """Ask who may, then look at the second factor, then record the proposal; ``shown`` is the form again."""
    by = person_of(request)
    try:
        proposing.check_still_possible(proposal, by, person)
        proof = prove(request, form, proposal.fingerprint)
        if proof is None:
            return shown(status=422)
        change = proposing.propose(proposal, by=by, proof=proof)
    except Conflict as conflict:
        form.add_error(None, str(conflict))
        return shown(status=422)
    messages.success(request, _("Proposed. It waits for a manager."))
    return redirect("people:change", change.key)


def _person_to_change(request: HttpRequest, number: int) -> Person:
    """Return whose account it is; nobody changes their own.

    :raises Refused: for one's own account.
    """
    person = get_object_or_404(Person, pk=number)
    policies.check_can_change(person_of(request), person)
    return person


def _proposal(form: ChangeForm, person: Person, kind: ChangeKind, by: Person, role: str = "") -> Proposal:
    said: dict[str, Any] = form.cleaned_data
    return proposals.about(person, kind=kind, token=said["token"], reason=said["reason"], by=by, role=role)


def _context(request: HttpRequest, person: Person, kind: ChangeKind, role: str) -> dict[str, Any]:
    """What the page says; without a role to look at only its frame."""
    why_not = policies.why_not_now(kind, person)
    if why_not or not role:
        return {**about_context(person, kind), "why_not": why_not}
    looked_at = proposals.about(person, kind=kind, token=UUID(int=0), reason="", by=person_of(request), role=role)
    return {**proposing_context(looked_at, person), "why_not": ""}
