"""The pages of the reconciliation: runs, a new run, one run, its file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.accounts.models import Person
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit.queries import history_of
from backoffice.exports.answering import answer_export
from backoffice.reconciliation import pages, policies, queries
from backoffice.reconciliation.columns import FINDINGS, RUNS
from backoffice.reconciliation.comparing.windows import WindowRefused
from backoffice.reconciliation.days.queries import day_of, is_whole_day
from backoffice.reconciliation.filters import ALL, EXCEPTIONS_GROUP, FindingFilters
from backoffice.reconciliation.forms import ReconcileForm
from backoffice.reconciliation.models import Run, RunJob, Source
from backoffice.reconciliation.running.change_pages import changes_context
from backoffice.reconciliation.services.running import ask_for_run
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing, ListingPage
from backoffice.ui.render import render_listing, render_page
from backoffice.ui.values import Crumb

#: Runs whose findings are of another kind than pairs of ours and theirs.
PAGE_OF_ITS_OWN = {Source.BALANCES: "reconciliation:balances_run", Source.TRANSACTIONS: "reconciliation:bitnob_run"}
ALL_RUNS = Listing(
    name="reconciliation-runs",
    title=_("Runs"),
    caption=_("Runs, newest first"),
    columns=RUNS,
    sorts=(Sort("made", _("Made"), ("finished_at", "id")),),
    count_label=lambda n: ngettext("%(n)s run", "%(n)s runs", n) % {"n": f"{n:,}"},
    empty=Empty(_("Nothing has been reconciled yet."), _("Choose a day above: ours is compared with CoinMENA's.")),
    export_url_name="reconciliation:export_runs",
    line_template="reconciliation/line.html",
    note_template="reconciliation/new_run.html",
    actions_template="reconciliation/actions.html",
)
RUN_FINDINGS = Listing(
    name="reconciliation",
    title=_("Findings"),
    columns=FINDINGS,
    sorts=(Sort("verdict", _("Verdict"), ("rank", "id"), descending=False),),
    filterset=FindingFilters,
)


@require_GET
@require_role(*policies.READERS)
def runs(request: HttpRequest) -> HttpResponse:
    """List the runs, under the form that makes a new one."""
    can_reconcile = policies.can_reconcile(person_of(request))
    context = {"can_reconcile": can_reconcile, "form": ReconcileForm() if can_reconcile else None}
    return render_listing(request, ALL_RUNS, queries.runs(), context)


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export_runs(request: HttpRequest) -> HttpResponseBase:
    """Answer with the CSV of all runs."""
    return answer_export(request, ALL_RUNS)


@require_http_methods(["GET", "POST"])
@require_role(*policies.RECONCILERS)
def new(request: HttpRequest) -> HttpResponse:
    """Have a window reconciled, and lead to how far it is."""
    form = ReconcileForm(request.POST or None)
    if form.is_valid():
        job = job_for(form, by=person_of(request))
        if job:
            return redirect("reconciliation:job", job.pk)
    crumbs = pages.crumbs(Crumb(gettext("New run")))
    status = 422 if form.errors else 200
    return render_page(request, "reconciliation/new.html", {"form": form, "crumbs": crumbs}, "new-run", status=status)


def job_for(form: ReconcileForm, *, by: Person) -> RunJob | None:
    """Ask for the run of a form; a refused window becomes the form's error."""
    window, wanted = form.cleaned_data["window"], form.cleaned_data
    try:
        return ask_for_run(
            window_from=window.start, window_to=window.end, client=wanted["client"], ledger=wanted["ledger"], by=by
        )
    except WindowRefused as error:
        form.add_error(None, str(error))
        return None


@require_GET
@require_role(*policies.READERS)
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run: both sides, and its findings by verdict, what has to be looked at first."""
    found = get_object_or_404(queries.runs(), pk=run_id)
    if found.source in PAGE_OF_ITS_OWN:
        return redirect(PAGE_OF_ITS_OWN[Source(found.source)], found.pk)
    params = request.GET.copy()
    params.setdefault("show", EXCEPTIONS_GROUP if found.exceptions_count else ALL)
    page = ListingPage(RUN_FINDINGS, params, queries.findings_of(found))
    chosen = params.getlist("show")
    context = {
        **pages.run_context(found),
        "page": page,
        "show": chosen[0],
        "page_token": params.get("page", ""),
        "export_query": page.filter_query if request.GET.get("show") and not page.is_refused else "",
        "pills": pages.pills_of(found, chosen),
        "groups": pages.groups_of(page.keyset.rows, found, pages.opened_in(params)),
        "history": history_of(found),
        "can_reconcile": policies.can_reconcile(person_of(request)),
        "day": day_of(found.window_from) if is_whole_day(found) else None,
    }
    status = 400 if page.is_refused else 200
    return render_page(request, "reconciliation/run.html", context, "findings", status=status)


@require_GET
@require_role(*policies.READERS)
def changes(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show what changed since an earlier run of the same window: the one before, or the one asked for."""
    found = get_object_or_404(queries.runs(), pk=run_id)
    return render_page(request, "reconciliation/running/changes.html", changes_context(found, request.GET.get("since")))


@require_http_methods(["GET", "POST"])
@require_role(*policies.READERS)
def export(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """Answer with the CSV of a run's findings, those the filter in the address keeps."""
    found = get_object_or_404(Run, pk=run_id)
    return answer_export(request, RUN_FINDINGS, scope=str(found.pk))
