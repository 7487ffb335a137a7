"""The rules: read by everybody, drafted by administrators. Every POST is one call of a service."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.accounts.step_up import prove
from backoffice.approvals import services as approvals
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.models import RuleSet
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import pages, policies, queries, services
from backoffice.approvals.ruling.content import fingerprint_of
from backoffice.approvals.ruling.forms import SubmitForm, typed_with
from backoffice.audit.queries import history_of
from backoffice.ui.render import render_page


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the live rules, and every version that ever was live."""
    return render_page(request, "rules/page.html", pages.live_context(person_of(request)))


@require_GET
def version(request: HttpRequest, number: int) -> HttpResponse:
    """Show one version; with ``?against=`` what makes it different from another one."""
    shown = get_object_or_404(queries.rule_sets(), version=number)
    against = request.GET.get("against", "")
    is_number = against.isascii() and against.isdigit() and len(against) < 9
    other = get_object_or_404(queries.rule_sets(), version=int(against)) if is_number else None
    context = {**pages.one_version_context(shown, other), "history": history_of(shown)}
    return render_page(request, "rules/version.html", context)


@require_GET
def draft(request: HttpRequest) -> HttpResponse:
    """Show the draft, or what waits for approval; the live rules where there is neither."""
    following = queries.next_version()
    if following is None:
        return redirect("rules:page")
    context = {**pages.draft_context(following, person_of(request)), "history": history_of(following)}
    return render_page(request, "rules/draft.html", context)


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def begin(request: HttpRequest) -> HttpResponse:
    """Copy the live rules into a draft."""
    services.begin_draft(by=person_of(request))
    messages.success(request, _("Draft begun. The live rules hold until a manager has approved another version."))
    return redirect("rules:draft")


@require_GET
def trial(request: HttpRequest) -> HttpResponse:
    """Try the draft on what was asked for in the last 90 days."""
    asked, wanted = request.GET.get("effect", "")[:40], request.GET.get("page", "")[:9]
    context = pages.trial_context(_following_or_404(), person_of(request), timezone.now(), asked, wanted)
    return render_page(request, "rules/trial.html", context)


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def submit(request: HttpRequest) -> HttpResponse:
    """Say why, show a second factor, and ask that the draft becomes the live version."""
    following = policies.check_is_draft(queries.next_version())
    context = pages.submit_context(following, timezone.now())
    form = SubmitForm(request.POST or None, initial={"fingerprint": context["fingerprint"], "note": following.note})
    if request.method == "POST" and form.is_valid():
        done = _submitted(request, following, form)
        if done is not None:
            return done
    return render_page(request, "rules/submit.html", {**context, "form": form}, status=422 if form.errors else 200)


def _submitted(request: HttpRequest, following: RuleSet, form: SubmitForm) -> HttpResponse | None:
    """Submit what the form says; None where it comes back with what is wrong."""
    said = form.cleaned_data
    try:
        policies.check_can_submit(following, said["fingerprint"])
        proof = prove(request, form, said["fingerprint"])
        if proof is None:
            return None
        services.submit(fingerprint=said["fingerprint"], note=said["note"], by=person_of(request), proof=proof)
    except policies.Faulty:
        form.add_error(None, policies.why_not_submit(following))
        return None
    except Conflict as conflict:
        form.add_error(None, str(conflict))
        form.data = typed_with(form.data, fingerprint=fingerprint_of(following))
        return None
    messages.success(request, _("Submitted. The live rules hold until a manager has approved."))
    return redirect("rules:draft")


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def take_back(request: HttpRequest) -> HttpResponse:
    """Take one's own submission back; the version is a draft again."""
    following = queries.next_version()
    if following is None or following.approval_id is None:
        raise Conflict(_("Nothing waits for approval any more. Read the rules again."))
    approvals.cancel(request_id=following.approval_id, by=person_of(request))
    messages.success(request, _("Taken back. It is a draft again."))
    return redirect("rules:draft")


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def discard(request: HttpRequest) -> HttpResponse:
    """Ask whether the draft is to be given up, then give it up."""
    following = policies.check_is_draft(queries.next_version())
    if request.method == "GET":
        context = pages.draft_context(following, person_of(request))
        return render_page(request, "rules/confirm_discard.html", context)
    services.discard(by=person_of(request))
    messages.success(request, _("Draft discarded. The live rules are as they were."))
    return redirect("rules:page")


def _following_or_404() -> RuleSet:
    following = queries.next_version()
    if following is None:
        raise Http404
    return following
