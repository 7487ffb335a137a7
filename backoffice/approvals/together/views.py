"""Approving several: which sets there are, one page that lists a set, one code, a result for each row."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.models import Proof, Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals import pace
from backoffice.approvals.conflicts import conflict_page
from backoffice.approvals.policies import Conflict, Slowed
from backoffice.approvals.together import services
from backoffice.approvals.together.forms import AlikeForm, TogetherForm, sealed, unsealed
from backoffice.approvals.together.results import results_of
from backoffice.approvals.together.services import Shown
from backoffice.approvals.together.sets import MOST_ROWS, Together, sets_for, together
from backoffice.ui.listing import BadListRequest
from backoffice.ui.render import render_page
from backoffice.ui.values import Crumb

SETS, REVIEW, RESULTS = "approvals/together.html", "approvals/together_review.html", "approvals/together_results.html"


@require_GET
@require_role(Role.MANAGER)
def sets(request: HttpRequest) -> HttpResponse:
    """List which requests are alike, so that they can be approved together."""
    found = sets_for(person_of(request), timezone.now())
    rows = [(one, f"{reverse('approvals:together_review')}?{urlencode(vars(one.alike))}") for one in found]
    return render_page(request, SETS, {"crumbs": crumbs(), "rows": rows, "most": MOST_ROWS})


@require_GET
@require_role(Role.MANAGER)
def review(request: HttpRequest) -> HttpResponse:
    """List every row of a set with what they come to, and ask for one code for all of them."""
    asked, person, now = AlikeForm(request.GET), person_of(request), timezone.now()
    if not asked.is_valid():
        raise BadListRequest(_("This address names no requests. Start again from the list."))
    found = together(person, asked.alike(), now)
    if found is None:
        raise Http404
    shown = [Shown(one.subject, one.fingerprint) for one in found.rows]
    initial = {"rows": sealed(found, person), "opened": pace.opened(services.digest_of(shown), now)}
    return page(request, found, TogetherForm(initial=initial))


@require_POST
@require_role(Role.MANAGER)
def approve(request: HttpRequest) -> HttpResponse:
    """Approve all that was shown, each row by itself."""
    person, form = person_of(request), TogetherForm(request.POST)
    opened = unsealed(request.POST.get("rows", ""), person)
    if opened is None:
        sentence = _("These requests were shown too long ago, or to somebody else. Read them again.")
        return conflict_page(request, sentence, back_to=reverse("approvals:together"))
    alike, shown = opened
    try:
        found = services.check_before_proof(alike, shown, by=person)
    except Slowed as slowed:
        form.add_error(None, str(slowed))
        current = together(person, alike, timezone.now())
        return page(request, current, form, status=429) if current else redirect("approvals:together")
    except Conflict as conflict:
        return conflict_page(request, str(conflict), back_to=reverse("approvals:together"))
    proof = prove(request, form, *(one.fingerprint for one in shown)) if form.is_valid() else None
    if proof is None:
        return page(request, found, form, status=422)
    flags = services.flags_of(form.cleaned_data["opened"], shown)
    n = services.approve_together(shown, by=person, proof=proof, note=form.cleaned_data["note"], flags=flags)
    said = {"n": n, "of": len(shown)}
    messages.success(request, ngettext("%(n)s of %(of)s approved.", "%(n)s of %(of)s approved.", n) % said)
    return redirect("approvals:together_results", proof.pk)


@require_GET
@require_role(Role.MANAGER, Role.AUDITOR)
def results(request: HttpRequest, proof_id: int) -> HttpResponse:
    """Show what became of each row; to whoever approved them and to auditors."""
    person = person_of(request)
    proof = Proof.objects.select_related("person").filter(pk=proof_id, covers__len__gt=1).first()
    if proof is None or (person.is_manager and proof.person_id != person.pk):
        raise Http404
    rows = results_of(proof)
    approved = sum(one.is_approved for one in rows)
    context = {"crumbs": crumbs(_("Results")), "proof": proof, "rows": rows, "approved": approved}
    return render_page(request, RESULTS, context)


def page(request: HttpRequest, found: Together, form: TogetherForm, status: int = 200) -> HttpResponse:
    """Return the page of a set; what was shown before stays what is sent."""
    n = len(found.rows)
    words: dict[str, Any] = {"n": n, "total": found.total_text}
    context = {
        "crumbs": crumbs(_("Review")),
        "found": found,
        "form": form,
        "count": n,
        "sentence": _("Good for these %(n)s requests only, %(total)s in all.") % words,
    }
    return render_page(request, REVIEW, context, status=status)


def crumbs(last: str = "") -> list[Crumb]:
    """The way to this page."""
    several = Crumb(_("Approve several"), reverse("approvals:together"))
    here = [several, Crumb(last)] if last else [Crumb(_("Approve several"))]
    return [Crumb(_("Approvals"), reverse("approvals:list")), *here]
