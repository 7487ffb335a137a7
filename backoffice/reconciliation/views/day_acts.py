"""Preparing, reviewing, sending back, closing and reopening a day: each asks first, and shows what is signed."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.accounts.models import Person
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import FactorForm, prove
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.database import clock
from backoffice.reconciliation.days import policies, queries
from backoffice.reconciliation.days.act_page import ACTS, act_context
from backoffice.reconciliation.days.forms import PrepareForm, ReopenForm, SendBackForm, SignForm
from backoffice.reconciliation.days.policies import why_not
from backoffice.reconciliation.models import Day
from backoffice.reconciliation.services import days as services
from backoffice.ui.render import render_page

PAGE = "reconciliation/days/act.html"


@require_http_methods(["GET", "POST"])
@require_role(*policies.PREPARERS)
@conflicts_as_409
def prepare(request: HttpRequest, day: date) -> HttpResponse:
    """Put a day before a manager."""
    standing, run, person = queries.days().filter(pk=day).first(), queries.runs_of(day).first(), person_of(request)
    if run is None:
        raise Http404
    form = PrepareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.prepare(date=day, by=person, note=form.cleaned_data["note"])
        messages.success(request, _("Prepared. It waits for a manager's review."))
        return redirect("reconciliation:day", day)
    why = why_not(lambda: policies.check_can_prepare(person, day, standing, run, clock.now()))
    context = act_context(ACTS["prepare_day"], day, None, run, why)
    return render_page(request, PAGE, {**context, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@require_role(*policies.SIGNERS)
@conflicts_as_409
def review(request: HttpRequest, day: date) -> HttpResponse:
    """Sign the review of a day."""
    found = named(day)
    said = signed_form(request, found, "review")
    if isinstance(said, HttpResponse):
        return said
    services.sign_review(date=day, by=person_of(request), **said)
    messages.success(request, _("Review signed. The day can be closed once nothing of it is open."))
    return redirect("reconciliation:day", day)


@require_http_methods(["GET", "POST"])
@require_role(*policies.SIGNERS)
@conflicts_as_409
def close(request: HttpRequest, day: date) -> HttpResponse:
    """Close a day for good."""
    found = named(day)
    said = signed_form(request, found, "close")
    if isinstance(said, HttpResponse):
        return said
    made = services.close(date=day, by=person_of(request), **said)
    messages.success(request, _("Closed. This is the report that was signed."))
    return redirect("reconciliation:day_report", day, made.version)


def signed_form(request: HttpRequest, day: Day, act: str) -> HttpResponse | dict[str, Any]:
    """Read a signature: what it says with its proof, or the page that asks for it."""
    if request.method == "GET":
        return sign_page(request, day, act, fresh_form(SignForm, day, f"{act}_day"))
    form = SignForm(request.POST)
    if not form.is_valid():
        return sign_page(request, day, act, form)
    digest = form.cleaned_data["digest"]
    services.check_before_proof(date=day.date, digest=digest, by=person_of(request), act=act)
    proof = prove(request, form, digest)
    if proof is None:
        return sign_page(request, day, act, form)
    return {"digest": digest, "proof": proof, "note": form.cleaned_data["note"]}


def sign_page(
    request: HttpRequest, day: Day, act: str, form: forms.Form, send_back: SendBackForm | None = None
) -> HttpResponse:
    """The page that asks for a signature, and offers to send the day back."""
    person = person_of(request)
    check = services.SIGNATURES[act][0]
    can_return = not why_not(lambda: policies.check_can_send_back(person, day))
    context = {
        **act_context(ACTS[f"{act}_day"], day.date, day, day.run, why_not(lambda: check(person, day))),
        "form": form,
        "send_back": (send_back or SendBackForm(auto_id="id_back_%s")) if can_return else None,
    }
    is_refused = bool(form.errors or (send_back and send_back.errors))
    return render_page(request, PAGE, context, status=422 if is_refused else 200)


@require_POST
@require_role(*policies.SIGNERS)
@conflicts_as_409
def send_back(request: HttpRequest, day: date) -> HttpResponse:
    """Give a day back to whoever prepared it."""
    found, form = named(day), SendBackForm(request.POST, auto_id="id_back_%s")
    if not form.is_valid():
        return sign_page(request, found, "review", fresh_form(SignForm, found, "review_day"), form)
    services.send_back(date=day, by=person_of(request), reason=form.cleaned_data["reason"])
    messages.success(request, _("Sent back. Whoever prepared it sees your reason."))
    return redirect("reconciliation:day", day)


@require_POST
@require_role(*policies.ASKERS)
@conflicts_as_409
def check(request: HttpRequest, day: date) -> HttpResponse:
    """Have a closed day checked now."""
    services.ask_to_check(date=named(day).date, by=person_of(request))
    messages.success(request, _("CoinMENA is asked for this day again. What changed since it was signed appears here."))
    return redirect("reconciliation:day", day)


@require_http_methods(["GET", "POST"])
@require_role(*policies.ASKERS)
@conflicts_as_409
def reopen(request: HttpRequest, day: date) -> HttpResponse:
    """Ask that a closed day be opened again; another manager decides."""
    found, person = named(day), person_of(request)
    if request.method == "GET":
        return reopen_page(request, found, person)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return reopen_page(request, found, person, form)
    policies.check_can_ask_to_reopen(person, found, clock.now())
    proof = prove(request, form, form.cleaned_data["digest"])
    if proof is None:
        return reopen_page(request, found, person, form)
    said = {"digest": form.cleaned_data["digest"], "reason": form.cleaned_data["reason"]}
    asked = services.ask_to_reopen(date=day, by=person, proof=proof, **said)
    messages.success(request, _("Reopening asked for. It waits for a manager."))
    return redirect("approvals:detail", asked.subject)


def reopen_page(request: HttpRequest, day: Day, person: Person, form: ReopenForm | None = None) -> HttpResponse:
    why = why_not(lambda: policies.check_can_ask_to_reopen(person, day, clock.now()))
    shown = form if form or why else fresh_form(ReopenForm, day, "reopen_day")
    context = {**act_context(ACTS["reopen_day"], day.date, day, day.run, why), "form": shown or ReopenForm()}
    return render_page(request, PAGE, context, status=422 if form and form.errors else 200)


def fresh_form(of: Callable[..., FactorForm], day: Day, act: str) -> FactorForm:
    """A form bound to what the page shows, by its digest."""
    fingerprint = ACTS[act].fingerprint
    return of(initial={"digest": fingerprint(day) if fingerprint else ""})


def named(day: date) -> Day:
    """A day that was prepared, or 404."""
    return get_object_or_404(queries.days(), pk=day)
