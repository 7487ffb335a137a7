"""Freezes and halts: what stands still, stopping more of it, and asking that it be let go."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import Refused, require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.policies import Conflict
from backoffice.audit.queries import history_of
from backoffice.database import clock
from backoffice.funding import policies, queries
from backoffice.funding.forms import ResumeForm
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing import pages as freezing_pages
from backoffice.funding.freezing.forms import FreezeForm, ReleaseForm
from backoffice.funding.models import Scope
from backoffice.funding.services import brakes, freezing, releasing
from backoffice.ui.render import render_page

#: Two forms on one page have a reason each.
RESUME_IDS: Final = "id_resume_%s"
PAGE, DETAIL = "funding/freeze.html", "funding/freeze_detail.html"


@require_GET
@require_role(*policies.READERS)
def page(request: HttpRequest) -> HttpResponse:
    """Show what is frozen, halted or paused now, and what was."""
    wished = {"scope": request.GET.get("scope", ""), "client": request.GET.get("client", "")[:300]}
    return shown(request, FreezeForm(initial=wished))


def shown(
    request: HttpRequest, form: FreezeForm, resume_form: ResumeForm | None = None, *, status: int = 200
) -> HttpResponse:
    context = freezing_pages.page_context(person_of(request), timezone.now())
    forms = {"form": form, "resume_form": resume_form or ResumeForm(auto_id=RESUME_IDS)}
    return render_page(request, PAGE, {**context, **forms}, status=status)


@require_POST
@require_role(Role.MANAGER)
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze at once."""
    form = FreezeForm(request.POST)
    if not form.is_valid():
        return shown(request, form, status=422)
    said: dict[str, Any] = {**form.cleaned_data, "scope": Scope(form.cleaned_data["scope"])}
    try:
        made = freezing.freeze(by=person_of(request), **said)
    except Conflict as conflict:
        form.add_error(None, str(conflict))
        return shown(request, form, status=422)
    messages.success(request, freezing_pages.frozen_message(made))
    return redirect("freezing:detail", made.pk)


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, number: int) -> HttpResponse:
    """Show one freeze with everything it holds back."""
    return shown_one(request, number, ReleaseForm())


def shown_one(request: HttpRequest, number: int, form: ReleaseForm, *, status: int = 200) -> HttpResponse:
    found = get_object_or_404(freezes.freezes(), pk=number)
    context = freezing_pages.detail_context(found, person_of(request), timezone.now())
    return render_page(
        request, DETAIL, {**context, "form": form, "history": history_of(found, found.release)}, status=status
    )


@require_POST
@require_role(Role.FINANCE, Role.MANAGER)
@conflicts_as_409
def release(request: HttpRequest, number: int) -> HttpResponse:
    """Ask that a freeze be released; another manager decides."""
    found, form, person = get_object_or_404(freezes.freezes(), pk=number), ReleaseForm(request.POST), person_of(request)
    if not form.is_valid():
        return shown_one(request, number, form, status=422)
    try:
        releasing.check_askable(found, person, clock.now())
        proof = prove(request, form, releasing.fingerprint_of(found))
        if proof is None:
            return shown_one(request, number, form, status=422)
        reason = form.cleaned_data["reason"]
        asked = releasing.ask_for_release(freeze_id=found.pk, by=person, reason=reason, proof=proof)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return shown_one(request, number, form, status=403)
    messages.success(request, _("Release asked for. It waits for a manager."))
    return redirect("approvals:detail", asked.subject)


@require_POST
@require_role(Role.MANAGER)
@conflicts_as_409
def resume(request: HttpRequest) -> HttpResponse:
    """Let money flow again after a halt; where another one has come, show that one and keep what was typed."""
    form = ResumeForm(request.POST, auto_id=RESUME_IDS)
    if not form.is_valid():
        return shown(request, FreezeForm(), form, status=422)
    said = form.cleaned_data
    try:
        brakes.resume_sending(reason=said["reason"], shown=said["halt"], by=person_of(request))
    except Conflict as conflict:
        if queries.gate().halted_at is None:
            raise
        form.add_error(None, str(conflict))
        return shown(request, FreezeForm(), form, status=409)
    messages.success(request, _("Sending resumed."))
    return redirect("freezing:page")
