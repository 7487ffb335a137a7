"""The two forms that ask for money to move, and the preview that answers while one types. Nothing here sends."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import Refused, require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.database import clock
from backoffice.funding import pages, policies, queries
from backoffice.funding.checks import checks_of, summary
from backoffice.funding.equal import EqualPayment
from backoffice.funding.forms import FundingForm
from backoffice.funding.models import Kind
from backoffice.funding.needed import needed_for_operation
from backoffice.funding.references import new_token
from backoffice.funding.services import creating, predecessors, previewing, requesting
from backoffice.ui.render import render_page
from backoffice.ui.values import Age, Crumb

TEMPLATE = "funding/form.html"
#: A sealed reading is far shorter; what is longer is none of ours and not worth looking at.
LONGEST_READING = 1_000


@dataclass(frozen=True)
class Wording:
    """How a form is called, and what it says it does."""

    kind: Kind
    name: str
    title: Promise
    button: Promise
    line: Promise
    when: Promise


DEPOSIT = Wording(
    Kind.DEPOSIT,
    "deposit",
    gettext_lazy("Deposit"),
    gettext_lazy("Deposit"),
    gettext_lazy("Credits a client at CoinMENA"),
    gettext_lazy("Sent by a worker at once, unless a rule asks others first"),
)
WITHDRAWAL = Wording(
    Kind.WITHDRAWAL,
    "withdraw",
    gettext_lazy("Withdrawal"),
    gettext_lazy("Ask for withdrawal"),
    gettext_lazy("Debits a client at CoinMENA"),
    gettext_lazy("Sent by a worker once others have approved it"),
)


@require_http_methods(["GET", "POST"])
@require_role(Role.FINANCE)
@conflicts_as_409
def deposit(request: HttpRequest) -> HttpResponse:
    """Ask for a deposit."""
    return ask(request, DEPOSIT)


@require_http_methods(["GET", "POST"])
@require_role(Role.FINANCE)
@conflicts_as_409
def withdraw(request: HttpRequest) -> HttpResponse:
    """Ask for a withdrawal."""
    return ask(request, WITHDRAWAL)


def ask(request: HttpRequest, wording: Wording) -> HttpResponse:
    """Show the form, or without scripts what would happen with what is typed, or make what it asks for."""
    if request.method == "GET":
        return page(request, wording, FundingForm(wording.kind, initial=initial_of(request, wording)))
    form = FundingForm(wording.kind, request.POST)
    if "look" in request.POST:
        return page(request, wording, form, is_fresh=True)
    if not form.is_valid():
        return page(request, wording, form, status=422)
    return make(request, wording, form)


def make(request: HttpRequest, wording: Wording, form: FundingForm) -> HttpResponse:
    """Create what a form asks for and go to its page, or say on the form why not."""
    intent = creating.Intent(wording.kind, **form.cleaned_data)
    try:
        requested = requesting.request(intent, by=person_of(request))
    except creating.EqualRequest as error:
        form.ask_about(error.shown)
        form.add_error("confirmed_equal", str(error))
        return page(request, wording, form, equal=error.equal, status=422)
    except (creating.NotFundable, predecessors.NotHeard, Refused) as error:
        form.add_error(None, str(error))
        return page(request, wording, form, status=422)
    messages.add_message(request, *said_of(requested, intent))
    return redirect("funding:detail", requested.operation.reference)


def said_of(requested: requesting.Requested, intent: creating.Intent) -> tuple[int, str]:
    """Say what the button did; a form sent again made nothing new, and that must be heard. What has become since of the
    operation it had made is said by the page of that one."""
    operation = requested.operation
    if not creating.is_same_intent(operation, intent):
        return messages.WARNING, _("This form had made this operation already. Nothing new was made: open a new form.")
    if requested.was_made:
        return messages.WARNING, _("This form had made this operation already. Nothing new was made.")
    if operation.is_awaiting_approval and operation.is_deposit:
        return messages.SUCCESS, _("Deposit asked for. It waits for another person.")
    if operation.is_awaiting_approval:
        return messages.SUCCESS, _("Withdrawal asked for. It waits for another person.")
    if pages.held_sentence(operation) or policies.why_not_flowing(queries.gate(), clock.now()):
        return messages.WARNING, _(
            "Deposit asked for. It is held for now, and sent when money flows again, if its permission has not run out."
        )
    return messages.SUCCESS, _("Deposit made. A worker sends it now.")


def initial_of(request: HttpRequest, wording: Wording) -> dict[str, Any]:
    """Return what a new form begins with: the client of the page one came from, or an ended operation to copy."""
    client = request.GET.get("client", "")[:300]
    asset = queries.usual_asset(person_of(request))
    initial: dict[str, Any] = {"submission_token": new_token(timezone.now()), "client": client, "asset": asset}
    reference = request.GET.get("copy_of", "")
    if not queries.can_be_stored(reference):
        raise Http404
    if not reference:
        return initial
    original = get_object_or_404(queries.operations(), reference=reference, kind=wording.kind)
    policies.check_can_copy(person_of(request), original)
    return {
        **initial,
        "copy_of": original.reference,
        "client": original.client.partner_client_id,
        "asset": original.asset_id,
        "amount": format(original.amount, "f"),
        "reason": original.reason,
    }


def page(
    request: HttpRequest,
    wording: Wording,
    form: FundingForm,
    *,
    equal: list[EqualPayment] | None = None,
    is_fresh: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Return the form with its preview; the preview of an empty form says what it waits for."""
    context = {
        "form": form,
        "wording": wording,
        "crumbs": [Crumb(_("Funding"), reverse("funding:list")), Crumb(wording.title)],
        "equal": equal or [],
        "original": original_of(form),
        **preview_of(request, form, wording.kind, is_fresh=is_fresh),
    }
    return render_page(request, TEMPLATE, context, status=status)


def original_of(form: FundingForm) -> dict[str, Any] | None:
    """Return the ended operation this form continues, and why it failed if it did."""
    original = form.meant_original()
    return None if original is None else {"operation": original, "failure": pages.failure_of(original)}


@require_POST
@require_role(Role.FINANCE)
def preview(request: HttpRequest) -> HttpResponse:
    """Say what would happen with what is typed so far. Writes nothing; asks CoinMENA for the balance where told to."""
    kind = Kind.WITHDRAWAL if request.GET.get("kind") == Kind.WITHDRAWAL else Kind.DEPOSIT
    form = FundingForm(kind, request.POST)
    context = {"is_typing": True, **preview_of(request, form, kind, is_fresh="fresh" in request.GET)}
    return render_page(request, "funding/preview.html", context)


def preview_of(request: HttpRequest, form: FundingForm, kind: Kind, *, is_fresh: bool = False) -> dict[str, Any]:
    """Return balance, checks and approval for what the form holds, complete or not."""
    amount, fault = form.meant_amount()
    facts = previewing.typed_facts(
        kind=kind,
        client=form.meant_client(),
        asset=form.meant_asset(),
        amount=amount,
        amount_fault=fault,
        original=form.meant_original(),
        carried=request.POST.get("reading", "")[:LONGEST_READING],
        is_fresh=is_fresh,
    )
    checks = checks_of(facts)
    return {
        "facts": facts,
        "checks": checks,
        "checks_summary": summary(checks),
        "approval": needed_for_operation(previewing.facts_for_rules(facts), person_of(request)),
        "age": Age(facts.balance.read_at),
        "reading": previewing.reading_to_carry(facts),
        "is_reading_due": not is_fresh and previewing.is_reading_due(facts),
        "preview_url": f"{reverse('funding:preview')}?kind={kind}",
    }


@require_GET
@require_role(Role.FINANCE)
def clients(request: HttpRequest) -> HttpResponse:
    """Suggest clients for what is typed so far."""
    text = request.GET.get("client", "").strip()[:100]
    found = queries.clients_like(text) if len(text) > 1 else []
    return render_page(request, "funding/clients.html", {"found": found})
