"""The pages on which an administrator changes one rule or one group of the draft. Whatever is refused comes back as it
was typed.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.approvals.conflicts import conflicts_as_409
from backoffice.approvals.models import Rule, RuleKind, RuleSet
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import pages, policies, queries, services
from backoffice.approvals.ruling.content import digest_of, digest_of_group
from backoffice.approvals.ruling.forms import (
    GroupForm,
    RuleForm,
    SeenForm,
    add_findings,
    initial_of,
    initial_of_group,
    typed_with,
)
from backoffice.approvals.wording import sentence
from backoffice.ui.render import render_page

RULE, GROUP = "rules/rule_form.html", "rules/group_form.html"


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def new_rule(request: HttpRequest) -> HttpResponse:
    """Add a rule to the draft."""
    draft = policies.check_is_draft(queries.next_version())
    kind = request.GET.get("kind", "")
    started = {"kind": kind if kind in RuleKind.values else "", "people_needed": 1, "hours": 24}
    return _rule_page(request, draft, None, RuleForm(list(draft.groups), request.POST or None, initial=started))


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def rule(request: HttpRequest, number: int) -> HttpResponse:
    """Change one rule of the draft."""
    draft = policies.check_is_draft(queries.next_version())
    found = get_object_or_404(draft.rules.all(), pk=number)
    form = RuleForm(list(draft.groups), request.POST or None, initial=initial_of(found))
    return _rule_page(request, draft, found, form)


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def remove_rule(request: HttpRequest, number: int) -> HttpResponse:
    """Take one rule out of the draft."""
    form = SeenForm(request.POST)
    form.full_clean()
    services.remove_rule(rule_id=number, seen=form.cleaned_data.get("seen", ""), by=person_of(request))
    messages.success(request, _("Rule removed from the draft."))
    return redirect("rules:draft")


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def new_group(request: HttpRequest) -> HttpResponse:
    """Add a group of clients to the draft."""
    draft = policies.check_is_draft(queries.next_version())
    return _group_page(request, draft, "", GroupForm(request.POST or None))


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def group(request: HttpRequest, name: str) -> HttpResponse:
    """Change one group of the draft."""
    draft = policies.check_is_draft(queries.next_version())
    if name not in draft.groups:
        raise Http404
    return _group_page(request, draft, name, GroupForm(request.POST or None, initial=initial_of_group(draft, name)))


@require_POST
@require_role(Role.ADMINISTRATOR)
@conflicts_as_409
def remove_group(request: HttpRequest, name: str) -> HttpResponse:
    """Take one group out of the draft."""
    form = SeenForm(request.POST)
    form.full_clean()
    services.remove_group(name=name, seen=form.cleaned_data.get("seen", ""), by=person_of(request))
    messages.success(request, _("Group removed from the draft."))
    return redirect("rules:draft")


def _rule_page(request: HttpRequest, draft: RuleSet, found: Rule | None, form: RuleForm) -> HttpResponse:
    def save() -> None:
        said = form.content()
        number = found.pk if found else None
        services.save_rule(rule_id=number, content=said, seen=form.cleaned_data["seen"], by=person_of(request))

    if request.method == "POST" and form.is_valid() and _is_saved(form, save, lambda: _seen_rule(found)):
        messages.success(request, _("Rule saved in the draft."))
        return redirect("rules:draft")
    title = found.name if found else _("New rule")
    context = {
        "form": form,
        "rule": found,
        "sentence": sentence(found) if found else "",
        "seen": digest_of(found) if found else "",
        "title": title,
        "crumbs": pages.crumbs(_("Draft"), reverse("rules:draft"), title),
        "version": draft.version,
    }
    return render_page(request, RULE, context, status=422 if form.errors else 200)


def _group_page(request: HttpRequest, draft: RuleSet, name: str, form: GroupForm) -> HttpResponse:
    def save() -> None:
        said = form.cleaned_data
        by = person_of(request)
        services.save_group(name=name, new_name=said["name"], ids=said["clients"], seen=said["seen"], by=by)

    if request.method == "POST" and form.is_valid() and _is_saved(form, save, lambda: _seen_group(name)):
        messages.success(request, _("Group saved in the draft."))
        return redirect("rules:draft")
    title = name or _("New group")
    context = {
        "form": form,
        "name": name,
        "seen": digest_of_group(draft.groups[name]) if name else "",
        "title": title,
        "crumbs": pages.crumbs(_("Draft"), reverse("rules:draft"), title),
        "users": list(draft.rules.filter(group=name).order_by("name")) if name else [],
    }
    return render_page(request, GROUP, context, status=422 if form.errors else 200)


def _is_saved(form: forms.Form, save: Callable[[], Any], seen_now: Callable[[], str]) -> bool:
    """Save, or put what is wrong into the form. What somebody else changed meanwhile can be written over knowingly."""
    try:
        save()
    except policies.Faulty as faulty:
        add_findings(form, faulty.findings)
    except Conflict as conflict:
        form.add_error(None, str(conflict))
        if isinstance(conflict, services.Overtaken):
            form.data = typed_with(form.data, seen=seen_now())
    return not form.errors


def _seen_rule(found: Rule | None) -> str:
    current = Rule.objects.filter(pk=found.pk).first() if found else None
    return digest_of(current) if current else ""


def _seen_group(name: str) -> str:
    following = queries.next_version()
    return digest_of_group(following.groups.get(name, [])) if following else ""
