"""The first page, and the search."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from backoffice.accounts.models import Role
from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.dashboard.forms import SearchForm
from backoffice.dashboard.pages import page_for
from backoffice.dashboard.search import search as find
from backoffice.ui.render import render_page


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for the person who looks."""
    return render_page(request, "dashboard/home.html", page_for(person_of(request)))


@require_GET
@require_role(Role.FINANCE, Role.MANAGER, Role.AUDITOR)
def search(request: HttpRequest) -> HttpResponse:
    """Lead to the one thing a text names, or show what it finds, by kind."""
    form = SearchForm(request.GET if "q" in request.GET else None)
    found = find(form.cleaned_data["q"]) if form.is_valid() else None
    if found and found.only_url:
        return redirect(found.only_url)
    status = 400 if form.errors and request.GET["q"].strip() else 200
    return render_page(request, "dashboard/search.html", {"form": form, "found": found}, status=status)
