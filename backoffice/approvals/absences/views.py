"""The page of absences, and the form that hands over."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals.absences import policies, queries, services
from backoffice.approvals.absences.forms import AbsenceForm
from backoffice.approvals.conflicts import conflict_page
from backoffice.approvals.models import Delegation
from backoffice.approvals.policies import READERS
from backoffice.ui.render import render_page
from backoffice.ui.values import Crumb

LIST, FORM, END = "approvals/absences.html", "approvals/absence_form.html", "approvals/confirm_end_absence.html"


@require_GET
@require_role(*READERS)
def absences(request: HttpRequest) -> HttpResponse:
    """List who is away now, who will be, and who was."""
    person, now = person_of(request), timezone.now()
    found = queries.absences(now)
    endable = {one.pk for one in [*found.present, *found.coming] if policies.can_end(person, one, now)}
    can_hand_over = person.role in policies.MAKERS
    context = {"crumbs": crumbs(), "absences": found, "endable": endable, "can_hand_over": can_hand_over}
    return render_page(request, LIST, context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.MAKERS)
def hand_over(request: HttpRequest) -> HttpResponse:
    """Ask who is away, who decides meanwhile and for how long; then hand over."""
    person = person_of(request)
    form = AbsenceForm(request.POST or None, by=person)
    if request.method == "POST" and form.is_valid() and (made := handed_over(request, form)):
        said = {"name": made.away.name, "other": made.stand_in.name}
        messages.success(request, _("%(other)s decides for %(name)s.") % said)
        return redirect("approvals:absences")
    context = {"crumbs": crumbs(_("Hand over")), "form": form, "is_own": person.is_manager}
    return render_page(request, FORM, context, status=422 if form.errors else 200)


def handed_over(request: HttpRequest, form: AbsenceForm) -> Delegation | None:
    """Hand over what a valid form asks for; None where the form now says why not."""
    person, planned = person_of(request), form.planned()
    try:
        services.check_before_proof(planned, by=person)
        proof = prove(request, form, services.fingerprint_of(planned))
        if proof is None:
            return None
        return services.hand_over(planned, by=person, proof=proof, reason=form.cleaned_data["reason"])
    except policies.NotPossible as refusal:
        form.add_error(None, str(refusal))
        return None


@require_http_methods(["GET", "POST"])
@require_role(*policies.MAKERS)
def end(request: HttpRequest, delegation_id: int) -> HttpResponse:
    """Say what ending it does, then end it."""
    person, now = person_of(request), timezone.now()
    delegation = queries.delegations().filter(pk=delegation_id).first()
    if delegation is None:
        raise Http404
    try:
        policies.check_can_end(person, delegation, now)
        if request.method == "GET":
            return render_page(request, END, {"crumbs": crumbs(_("End")), "delegation": delegation})
        services.end(delegation_id=delegation.pk, by=person)
    except policies.NotPossible as refusal:
        return conflict_page(request, str(refusal), back_to=reverse("approvals:absences"))
    said = {"name": delegation.away.name, "other": delegation.stand_in.name}
    messages.success(request, _("%(other)s no longer decides for %(name)s.") % said)
    return redirect("approvals:absences")


def crumbs(last: str = "") -> list[Crumb]:
    """The way to this page."""
    here = [Crumb(_("Absences"), reverse("approvals:absences")), Crumb(last)] if last else [Crumb(_("Absences"))]
    return [Crumb(_("Approvals"), reverse("approvals:list")), *here]
