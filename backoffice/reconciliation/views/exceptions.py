"""Exceptions: the worklist, one of them, and what is done to one or to many."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.policies import Conflict
from backoffice.exports.answering import answer_export
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.reconciliation import policies
from backoffice.reconciliation.exceptions import naming, pages, queries
from backoffice.reconciliation.exceptions.acting import MOST_AT_ONCE, Result
from backoffice.reconciliation.exceptions.forms import ActForm, ChosenForm, OperationForm
from backoffice.reconciliation.exceptions.listing import SHEET, WORKLIST, worklist_of
from backoffice.reconciliation.exceptions.offering import OFFERS, Offer
from backoffice.reconciliation.exceptions.policies import before_linking, can_work
from backoffice.reconciliation.models import ExceptionItem
from backoffice.ui.listing import BadListRequest
from backoffice.ui.render import render_listing, render_page
from backoffice.ui.values import CheckResult, Crumb, Reference

#: Where the results of the last act wait to be read, in the session.
WORKED: Final = "exceptions_worked"


@require_GET
@require_role(*policies.READERS)
def exceptions(request: HttpRequest) -> HttpResponse:
    """The worklist: what has not ended, what is due first on top."""
    person = person_of(request)
    context = {"can_work": can_work(person), "offers": list(OFFERS.values())}
    return render_listing(request, worklist_of(person), queries.items(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of the exceptions the filters find."""
    return answer_export(request, WORKLIST)


@require_POST
@require_role(*policies.RECONCILERS)
def sheet(request: HttpRequest) -> HttpResponseBase:
    """Answer with the same rows as a sheet with empty columns, to be filled in outside."""
    return answer_export(request, SHEET)


@require_GET
@require_role(*policies.READERS)
def exception(request: HttpRequest, item_id: int) -> HttpResponse:
    """One exception: why it is one, what is known, what can be done, what was done."""
    item = get_object_or_404(queries.items(), pk=item_id)
    context = pages.detail_context(item, person_of(request), timezone.now())
    return render_page(request, "reconciliation/exceptions/detail.html", context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.RECONCILERS)
def work(request: HttpRequest) -> HttpResponse:
    """Show what is about to be done to which exceptions, and do it."""
    chosen = ChosenForm(request.POST if request.method == "POST" else request.GET, acts=OFFERS)
    if not chosen.name or not chosen.ids:
        return nothing_chosen(request)
    if chosen.is_too_many:
        raise BadListRequest(_("At most %(most)s exceptions are worked at once.") % {"most": MOST_AT_ONCE})
    offer = OFFERS[chosen.name]
    form = offer.form(request.POST if request.method == "POST" else None, initial=said_before(request, offer))
    if form.is_valid():
        return done(request, offer, chosen.ids, form)
    return ask(request, offer, chosen.ids, form)


def nothing_chosen(request: HttpRequest) -> HttpResponse:
    """Say that the boxes are what to begin with."""
    messages.warning(request, _("Choose at least one exception, and what to do."))
    return redirect("reconciliation:exceptions")


def ask(request: HttpRequest, offer: Offer, ids: Sequence[int], form: ActForm) -> HttpResponse:
    """Show the rows with why some of them cannot be worked this way, and ask what is needed."""
    alike, unsettled = operations_alike(offer, ids, State.REVIEW), operations_alike(offer, ids, State.UNKNOWN)
    if len(alike) == 1:
        form.initial["reference"] = alike[0].reference
    rows = [(one, offer.why_not(one)) for one in queries.items().filter(pk__in=ids).order_by("due_at", "pk")]
    if not rows:
        return nothing_chosen(request)
    context = {
        "offer": offer,
        "form": form,
        "alike": [Reference(one.reference, one.get_absolute_url()) for one in alike],
        "unsettled": [Reference(one.reference, one.get_absolute_url()) for one in unsettled],
        "before_linking": before_linking(),
        "rows": [row_of(item, why) for item, why in rows],
        "can_go_on": any(not why for _item, why in rows),
        "crumbs": pages.crumbs(Crumb(str(offer.title))),
        "back": way_back(ids),
    }
    status = 422 if form.errors else 200
    return render_page(request, "reconciliation/exceptions/work.html", context, status=status)


def operations_alike(offer: Offer, ids: Sequence[int], state: State) -> list[Operation]:
    """The operations in a state that fit the one order that is to be linked; none for any other act."""
    if offer.form is not OperationForm:
        return []
    items = ExceptionItem.objects.filter(pk__in=ids[:1])
    return [one for item in items for one in queries.operations_like(item, state)]


def row_of(item: Any, why_not: str) -> dict[str, Any]:
    return {
        "pk": item.pk,
        "url": reverse("reconciliation:exception", args=[item.pk]),
        "title": naming.title_of(item),
        "sub": naming.sub_of(item),
        "verdict": naming.verdict_label(item.verdict),
        "difference": naming.difference_of(item),
        "badge": naming.state_badge(item),
        "why_not": why_not,
    }


def done(request: HttpRequest, offer: Offer, ids: Sequence[int], form: ActForm) -> HttpResponse:
    """Do it, and lead to what became of each row. What was typed for one that is refused stays in its form."""
    try:
        results = offer.serve(ids, form.cleaned_data, person_of(request))
    except Conflict as conflict:
        form.add_error(None, str(conflict))
        return ask(request, offer, ids, form)
    if form.fields and len(results) == 1 and not results[0].is_done:
        form.add_error(None, results[0].sentence)
        return ask(request, offer, ids, form)
    typed = {name: str(form.data.get(name, "")) for name in form.fields}
    return show_results(request, str(offer.title), results, act=offer.name, said=typed)


def said_before(request: HttpRequest, offer: Offer) -> dict[str, str] | None:
    """What was typed when the same was last done to several, for those it was refused for."""
    kept = request.session.get(WORKED, {})
    return kept.get("said") if "again" in request.GET and kept.get("act") == offer.name else None


def show_results(
    request: HttpRequest, title: str, results: Sequence[Result], *, act: str = "", said: dict[str, str] | None = None
) -> HttpResponse:
    """Lead to the exception where it is one, else to the results, with what was typed kept for the refused ones."""
    if len(results) == 1:
        (messages.success if results[0].is_done else messages.warning)(request, results[0].sentence)
        return redirect("reconciliation:exception", results[0].item_id)
    rows = [[one.item_id, one.is_done, one.sentence] for one in results]
    request.session[WORKED] = {"title": title, "rows": rows, "act": act, "said": said or {}}
    return redirect("reconciliation:worked_exceptions")


@require_GET
@require_role(*policies.RECONCILERS)
def worked(request: HttpRequest) -> HttpResponse:
    """Show what became of each row of the last act on several."""
    kept = request.session.get(WORKED, {"title": "", "rows": []})
    items = {one.pk: one for one in queries.items().filter(pk__in=[row[0] for row in kept["rows"]])}
    rows = [result_row(items[pk], is_done, sentence) for pk, is_done, sentence in kept["rows"] if pk in items]
    context = {
        "title": kept["title"],
        "rows": rows,
        "done": sum(row["result"] is CheckResult.PASSED for row in rows),
        "again_url": again_url(kept.get("act", ""), [pk for pk, is_done, _sentence in kept["rows"] if not is_done]),
        "crumbs": pages.crumbs(Crumb(_("Results"))),
    }
    return render_page(request, "reconciliation/exceptions/worked.html", context)


def again_url(act: str, refused: list[int]) -> str:
    """Where the same is tried once more with the rows it was refused for, and with the same words; empty for none."""
    return f"{pages.work_url(act, refused)}&again=yes" if act and refused else ""


def result_row(item: Any, is_done: bool, sentence: str) -> dict[str, Any]:
    result = CheckResult.PASSED if is_done else CheckResult.FAILED
    return {**row_of(item, ""), "result": result, "sentence": sentence}


def way_back(ids: Sequence[int]) -> str:
    """The page the person came from: the exception, or the list."""
    if len(ids) == 1:
        return reverse("reconciliation:exception", args=[ids[0]])
    return reverse("reconciliation:exceptions")
