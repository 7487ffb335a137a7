"""Closing an operation in review by two people, its evidence, and orders that came late."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.funding import policies, queries
from backoffice.funding.closing import pages as closing_pages
from backoffice.funding.closing.closings import evidence_by_digest
from backoffice.funding.closing.findings import findings_of
from backoffice.funding.closing.forms import ClosingForm, SettleForm
from backoffice.funding.closing.policies import CannotClose, NotLookedUp, check_can_ask_to_close
from backoffice.funding.models import Closing, ClosingEvidence, LateOrder, Operation
from backoffice.funding.services import closing as closings
from backoffice.funding.services import evidence, late_orders
from backoffice.ui.render import render_page

FORM = "funding/closing_form.html"


@require_http_methods(["GET", "POST"])
@require_role(Role.FINANCE)
@conflicts_as_409
def close(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a manager to sign what became of an operation in review."""
    operation = get_object_or_404(queries.operations(), reference=reference)
    check_can_ask_to_close(person_of(request), operation)
    form = ClosingForm(findings_of(operation), request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and ask(request, operation, form):
        messages.success(request, _("Asked. A manager reads the evidence and signs, or rejects."))
        return redirect("funding:detail", reference)
    context = {"form": form, **closing_pages.form_context(operation)}
    return render_page(request, FORM, context, status=422 if form.errors else 200)


def ask(request: HttpRequest, operation: Operation, form: ClosingForm) -> bool:
    """Ask for what the form claims, with the factor it was sent with; False with the reason in the form.

    What is known already to be otherwise uses up no code.
    """
    person, claim = person_of(request), claim_of(form)
    try:
        closings.check_plausible(operation.pk, claim)
        proof = prove(request, form, closings.fingerprint_to_prove(operation, claim, person))
        if proof is None:
            return False
        closings.ask_to_close(operation_id=operation.pk, claim=claim, by=person, proof=proof)
    except CannotClose as refusal:
        form.add_error(refusal.field, str(refusal))
        return False
    except NotLookedUp as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def claim_of(form: ClosingForm) -> closings.ClaimedOutcome:
    said = form.cleaned_data
    return closings.ClaimedOutcome(
        outcome=Closing.Outcome(said["outcome"]),
        reason_code=Closing.ReasonCode(said["reason_code"]),
        statement=said["statement"],
        evidence=said["evidence"],
        order_id=said["order_id"],
    )


@require_GET
@require_role(*policies.READERS)
def read_evidence(request: HttpRequest, reference: str, digest: str) -> HttpResponse:
    """Hand out one file as it was attached, never to be shown in the page of this product. Reading it is written."""
    file = evidence_by_digest(reference, digest)
    if file is None:
        raise Http404
    evidence.record_reading(file, by=person_of(request))
    return as_attachment(file)


def as_attachment(file: ClosingEvidence) -> HttpResponse:
    """Return the file so that no browser opens it as a page of ours."""
    answer = HttpResponse(bytes(file.content), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = evidence.disposition_of(file.name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@require_role(Role.MANAGER)
@conflicts_as_409
def settle(request: HttpRequest, reference: str, late_order_id: int) -> HttpResponse:
    """Write down what was done about an order that came late."""
    operation = get_object_or_404(Operation, reference=reference)
    late, form = get_object_or_404(LateOrder, pk=late_order_id, operation=operation), SettleForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["settlement"])))
        return redirect("funding:detail", reference)
    late = late_orders.settle(late_order_id=late.pk, settlement=form.cleaned_data["settlement"], by=person_of(request))
    settled = _("Settled. The operation stays as it ended.")
    messages.success(request, f"{settled} {closing_pages.what_follows(late)}".strip())
    return redirect("funding:detail", reference)
