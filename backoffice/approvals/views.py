"""The queue and the decision page. Every POST is one call of the engine."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals import pages, policies, queries, services
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.forms import ApproveForm, RejectForm
from backoffice.approvals.listing import REQUESTS
from backoffice.approvals.models import Request
from backoffice.approvals.subjects import subject_of
from backoffice.money import Money
from backoffice.ui.render import render_listing, render_page

DETAIL, REJECT = "approvals/detail.html", "approvals/confirm_reject.html"


@require_GET
@require_role(*policies.READERS)
def requests(request: HttpRequest) -> HttpResponse:
    """List what waits: for this person unless another lane is asked for."""
    person = person_of(request)
    rows = queries.in_lane(person, timezone.now(), is_chosen="lane" in request.GET)
    return render_listing(request, REQUESTS, rows, {"is_manager": person.is_manager})


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, subject: str) -> HttpResponse:
    """Show one request with everything a decision needs, or why this person cannot make it."""
    asked = asked_for(subject)
    return page(request, asked, ApproveForm(initial={"fingerprint": asked.fingerprint}))


@require_POST
@require_role(*policies.READERS)
def preview(request: HttpRequest, subject: str) -> HttpResponse:
    """Ask the partner for the figures of the preview and show it again. Decides nothing."""
    asked = asked_for(subject)
    return page(request, asked, ApproveForm(initial={"fingerprint": asked.fingerprint}), is_fresh=True)


@require_POST
@require_role(*policies.READERS)
@conflicts_as_409
def approve(request: HttpRequest, subject: str) -> HttpResponse:
    """Approve what was shown."""
    asked, form = asked_for(subject), ApproveForm(request.POST)
    if not form.is_valid():
        return page(request, asked, form, status=422)
    decided = services.approve(request_id=asked.pk, by=person_of(request), **form.cleaned_data)
    messages.success(request, _("%(what)s approved.") % {"what": named(decided)})
    return to_decided(decided)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
@conflicts_as_409
def reject(request: HttpRequest, subject: str) -> HttpResponse:
    """Ask why, then reject."""
    asked, person = asked_for(subject), person_of(request)
    form = RejectForm(request.POST or None, initial={"fingerprint": asked.fingerprint})
    if request.method == "GET" or not form.is_valid():
        policies.check_can_decide(person, asked, timezone.now())
        context = {"form": form, **pages.detail_context(asked, person, timezone.now())}
        return render_page(request, REJECT, context, status=422 if form.errors else 200)
    said = form.cleaned_data
    decided = services.reject(
        request_id=asked.pk,
        fingerprint=said["fingerprint"],
        reason_code=said["reason_code"],
        note=said["reason"],
        by=person,
    )
    messages.success(request, _("%(what)s rejected.") % {"what": named(decided)})
    return to_decided(decided)


@require_POST
@require_role(*policies.READERS)
@conflicts_as_409
def cancel(request: HttpRequest, subject: str) -> HttpResponse:
    """Take one's own request back."""
    asked = services.cancel(request_id=asked_for(subject).pk, by=person_of(request))
    messages.success(request, _("%(what)s cancelled.") % {"what": named(asked)})
    return redirect(subject_of(asked).url(asked.subject))


def page(
    request: HttpRequest, asked: Request, form: ApproveForm, *, is_fresh: bool = False, status: int = 200
) -> HttpResponse:
    """Return the decision page, or only its preview when htmx asks for it."""
    subject = subject_of(asked)
    # First of all: what a fresh preview learns decides about the button beside it.
    preview = subject.preview(asked, is_fresh=is_fresh)
    context = {
        **pages.detail_context(asked, person_of(request), timezone.now()),
        "form": form,
        "preview_template": subject.preview_template,
        "preview": preview,
        "is_fresh": is_fresh,
    }
    return render_page(request, DETAIL, context, "preview" if is_fresh else None, status=status)


def named(asked: Request) -> str:
    """Name a request in a message by what people remember of it; names of clients may be hostile and stay out."""
    return asked.subject if asked.amount is None else str(Money(asked.amount, asked.asset))


def to_decided(decided: Request) -> HttpResponseRedirect:
    """Go to the page of what was decided, which leads on to the next request.

    Never straight to the next one: its *Approve* stands where the second click of a double click lands.
    """
    return HttpResponseRedirect(reverse("approvals:detail", args=[decided.subject]))


def asked_for(subject: str) -> Request:
    """Return the request about ``subject``.

    :raises Http404: when nobody asked for such a thing.
    """
    asked = queries.requests().filter(subject=subject).first()
    if asked is None:
        raise Http404
    return asked
