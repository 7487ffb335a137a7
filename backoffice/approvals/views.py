"""The queue and the decision page. Every POST is one call of the engine."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.models import Person
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals import pace, pages, policies, queries, services
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.forms import ApproveForm, RejectForm
from backoffice.approvals.listing import HOLDS, lane_shown, queue_of
from backoffice.approvals.models import Request
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import not_known_yet, subject_of
from backoffice.money import Money
from backoffice.ui.render import render_listing, render_page

DETAIL, REJECT = "approvals/detail.html", "approvals/confirm_reject.html"
TAKE_BACK = "approvals/confirm_take_back.html"
#: What the number of a person is at most long in a form; a longer one is nobody's.
LONGEST_ID = 18


@require_GET
@require_role(*policies.READERS)
def requests(request: HttpRequest) -> HttpResponse:
    """List what waits: for this person unless another lane is asked for."""
    person, now = person_of(request), timezone.now()
    lanes = request.GET.getlist("lane")
    rows, lane = queries.in_lane(person, now, lanes), lane_shown(person, lanes)
    context = {
        "is_manager": person.is_manager,
        "handed_over": queries.delegations_to(person, now),
        "holds": HOLDS[lane],
        "not_known_yet": None if person.is_administrator else not_known_yet(),
    }
    return render_listing(request, queue_of(person, lane), rows, context, can_export=not person.is_administrator)


@require_GET
@require_role(*policies.READERS)
def detail(request: HttpRequest, subject: str) -> HttpResponse:
    """Show one request with everything a decision needs, or why this person cannot make it."""
    asked = asked_for(request, subject)
    return page(request, asked, blank_form(request, asked))


@require_POST
@require_role(*policies.READERS)
def preview(request: HttpRequest, subject: str) -> HttpResponse:
    """Ask the partner for the figures of the preview, where this person may have it asked, and show it again."""
    asked = asked_for(request, subject)
    return page(request, asked, blank_form(request, asked), is_fresh=True)


@require_POST
@require_role(*policies.READERS)
@conflicts_as_409
def approve(request: HttpRequest, subject: str) -> HttpResponse:
    """Approve what was shown; what has to wait a moment loses nothing that was typed."""
    asked = asked_for(request, subject)
    form = ApproveForm(request.POST, voices=queries.voices_of(person_of(request), asked, timezone.now()))
    try:
        return approve_by(request, asked, form)
    except policies.NotYet as wait:
        form.add_error(None, str(wait))
        return page(request, asked, form, status=429 if isinstance(wait, policies.Slowed) else 409)


def approve_by(request: HttpRequest, asked: Request, form: ApproveForm) -> HttpResponse:
    """Ask the policy first, so that no code is used up by a refusal, then for the second factor, then approve.

    :raises NotYet: when it cannot be approved at this moment.
    """
    decision: dict[str, Any] = {
        "request_id": asked.pk,
        "fingerprint": request.POST.get("fingerprint", ""),
        "by": person_of(request),
        "for_person": spoken_for(request),
    }
    services.check_before_proof(**decision)
    looked_at = request.POST.get("looked_at", "")
    preview = subject_of(asked).preview(asked, is_fresh=False)
    if pages.asks_for_more(preview, looked_at) and policies.can_refresh(decision["by"], asked, timezone.now()):
        # The page reads figures anew as it opens, and may have shown better ones than are kept here.
        preview = subject_of(asked).preview(asked, is_fresh=True)
    if pages.asks_for_more(preview, looked_at):
        raise policies.NotYet(_("Since you opened this page more asks to be looked at. Read it again, then decide."))
    if hint := pages.note_hint(preview):
        form.demand_note(hint)
    proof = prove(request, form, asked.fingerprint) if form.is_valid() else None
    if proof is None:
        return page(request, asked, form, status=422)
    said = form.cleaned_data
    flags = pace.flags_of(said["opened"], asked.fingerprint, timezone.now())
    decided = services.approve(**decision, proof=proof, note=said["note"], flags=flags)
    messages.success(request, approved_message(decided))
    return to_decided(decided)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
@conflicts_as_409
def reject(request: HttpRequest, subject: str) -> HttpResponse:
    """Ask why, then reject."""
    asked, person, now = asked_for(request, subject), person_of(request), timezone.now()
    voices = queries.voices_of(person, asked, now)
    form = RejectForm(request.POST or None, initial={"fingerprint": asked.fingerprint}, voices=voices)
    if request.method == "GET" or not form.is_valid():
        policies.check_can_decide(person, asked, now, for_person=spoken_for(request))
        context = {"form": form, **pages.detail_context(asked, person, now)}
        return render_page(request, REJECT, context, status=422 if form.errors else 200)
    said = form.cleaned_data
    decided = services.reject(
        request_id=asked.pk,
        fingerprint=said["fingerprint"],
        reason_code=said["reason_code"],
        note=said["reason"],
        by=person,
        for_person=spoken_for(request),
    )
    messages.success(request, _("%(what)s rejected.") % {"what": named(decided)})
    return to_decided(decided)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
@conflicts_as_409
def take_back(request: HttpRequest, subject: str) -> HttpResponse:
    """Say what taking one's approval back does, then take it back."""
    asked, person, now = stoppable(request, subject), person_of(request), timezone.now()
    if request.method == "GET":
        policies.check_can_take_back(person, asked, now)
        return render_page(request, TAKE_BACK, pages.detail_context(asked, person, now))
    services.take_back(request_id=asked.pk, by=person)
    messages.success(request, _("Your approval of %(what)s is taken back.") % {"what": named(asked)})
    return to_decided(asked) if is_seen(person, asked) else redirect("approvals:list")


@require_POST
@require_role(*policies.READERS)
@conflicts_as_409
def cancel(request: HttpRequest, subject: str) -> HttpResponse:
    """Take one's own request back."""
    person = person_of(request)
    asked = services.cancel(request_id=stoppable(request, subject).pk, by=person)
    messages.success(request, _("%(what)s cancelled.") % {"what": named(asked)})
    return redirect(subject_of(asked).url(asked.subject) if is_seen(person, asked) else "approvals:list")


def page(
    request: HttpRequest, asked: Request, form: ApproveForm, *, is_fresh: bool = False, status: int = 200
) -> HttpResponse:
    """Return the decision page, or only its preview when htmx asks for it."""
    subject, can_refresh = subject_of(asked), policies.can_refresh(person_of(request), asked, timezone.now())
    # First of all: what a fresh preview learns decides about the button beside it.
    preview = subject.preview(asked, is_fresh=is_fresh and can_refresh)
    if hint := pages.note_hint(preview):
        form.fields["note"].help_text = hint
    context = {
        **pages.detail_context(asked, person_of(request), timezone.now()),
        "form": form,
        "factor_sentence": pages.factor_sentence(asked, preview),
        "preview_template": subject.preview_template,
        "preview": preview,
        "looked_at": pages.to_look_at(preview),
        "can_refresh": can_refresh,
        "is_fresh": is_fresh,
    }
    return render_page(request, DETAIL, context, "preview" if is_fresh else None, status=status)


def blank_form(request: HttpRequest, asked: Request) -> ApproveForm:
    """Return the form of a page that was opened just now."""
    now = timezone.now()
    initial = {"fingerprint": asked.fingerprint, "opened": pace.opened(asked.fingerprint, now)}
    return ApproveForm(initial=initial, voices=queries.voices_of(person_of(request), asked, now))


def spoken_for(request: HttpRequest) -> Person | None:
    """Return the person whose voice is to be used, whoever that is: whether it may be is asked of the policy."""
    number = request.POST.get("speak_as", "")
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_ID):
        return None
    return Person.objects.filter(pk=int(number)).first()


def named(asked: Request) -> str:
    """Name a request in a message by what people remember of it; names of clients may be hostile and stay out."""
    return asked.subject if asked.amount is None else str(Money(asked.amount, asked.asset))


def approved_message(decided: Request) -> str:
    """Say what an approval did: with others still needed, nothing is approved yet."""
    if decided.state == RequestState.WAITING:
        return _("Your approval of %(what)s counts. It needs somebody else as well.") % {"what": named(decided)}
    return _("%(what)s approved.") % {"what": named(decided)}


def to_decided(decided: Request) -> HttpResponseRedirect:
    """Go to the page of what was decided, which leads on to the next request.

    Never straight to the next one: its *Approve* stands where the second click of a double click lands.
    """
    return HttpResponseRedirect(reverse("approvals:detail", args=[decided.subject]))


def asked_for(request: HttpRequest, subject: str) -> Request:
    """Return the request about ``subject``.

    :raises Http404: when nobody asked for such a thing, or it does not concern the role of whoever looks.
    """
    return one_of(queries.seen_by(person_of(request)), subject)


def stoppable(request: HttpRequest, subject: str) -> Request:
    """Return the request about ``subject`` for whoever may end it: their role may have changed since.

    :raises Http404: as `asked_for`, but not for what is their own.
    """
    return one_of(queries.stoppable_by(person_of(request)), subject)


def is_seen(person: Person, asked: Request) -> bool:
    """Whether the page of what was stopped is there for whoever stopped it."""
    return queries.seen_by(person).filter(pk=asked.pk).exists()


def one_of(requests_seen: QuerySet[Request], subject: str) -> Request:
    asked = requests_seen.filter(subject=subject).first()
    if asked is None:
        raise Http404
    return asked
