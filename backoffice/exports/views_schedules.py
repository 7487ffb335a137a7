"""Scheduled exports: the list, a new one, one's page, pausing, going on, ending."""

import re
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.accounts.signed_in import person_of
from backoffice.exports import registry
from backoffice.exports.models import Delivery, Every, Format, Schedule
from backoffice.exports.policies import check_may_take
from backoffice.exports.schedules import pages, services
from backoffice.exports.schedules.columns import SCHEDULES
from backoffice.exports.schedules.forms import ScheduleForm
from backoffice.exports.schedules.policies import visible_to
from backoffice.exports.schedules.services import NotAsItStands, make_schedule
from backoffice.exports.wishes import Wish, check_names
from backoffice.ui.columns import FULL
from backoffice.ui.render import render_listing, render_page

NUMBER: Final = re.compile("[0-9]{1,18}", re.ASCII)


@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    """List the scheduled exports somebody may see."""
    return render_listing(request, SCHEDULES, visible_to(person_of(request)), can_export=False)


@require_http_methods(["GET", "POST"])
def new_schedule(request: HttpRequest) -> HttpResponse:
    """Ask how often and where to, or add the schedule. The address says of which list, by which filters."""
    wish = wish_in(request)
    form = ScheduleForm(wish, request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return new_page(request, wish, form)
    try:
        schedule = add(request, form.cleaned_data)
    except NotAsItStands as refused:
        form.add_error(None, str(refused))
        return new_page(request, wish, form)
    messages.success(request, _("Scheduled. The first file is made within a minute."))
    return redirect("exports:schedule", schedule.pk)


def wish_in(request: HttpRequest, preset: str = FULL, format: str = Format.CSV) -> Wish:
    """Read the list and its filters off an address.

    :raises Http404: for a list that is not exported.
    :raises BadListRequest: for filters that the list does not have.
    :raises Refused: for somebody who may not take it away.
    """
    try:
        export = registry.find(request.GET.get("list", ""))
    except registry.UnknownExport as error:
        raise Http404 from error
    person = person_of(request)
    check_may_take(export, person)
    params = QueryDict(request.GET.get("filter", ""))
    wish = Wish(export, params, person, preset, Format(format), scope_in(request, export))
    check_names(wish)
    return wish


def scope_in(request: HttpRequest, export: registry.Export) -> str:
    """Read which object a file is of: the number of one, where the list is one of many.

    :raises Http404: for anything else.
    """
    scope = request.GET.get("scope", "")
    if scope and not (export.narrowed and NUMBER.fullmatch(scope)):
        raise Http404
    return scope


def add(request: HttpRequest, said: dict[str, Any]) -> Schedule:
    return make_schedule(
        wish_in(request, said["preset"], said["format"]),
        every=Every(said["every"]),
        day_filter=said["day_filter"],
        delivery=Delivery(said["delivery"]),
        folder=said.get("folder", ""),
    )


def new_page(request: HttpRequest, wish: Wish, form: ScheduleForm) -> HttpResponse:
    context = {**pages.new_context(wish), "form": form, "action": request.get_full_path()}
    return render_page(request, "exports/new_schedule.html", context, status=422 if form.is_bound else 200)


@require_GET
def schedule(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Show one schedule and every file it made."""
    person = person_of(request)
    found = get_object_or_404(visible_to(person), pk=schedule_id)
    return render_page(request, "exports/schedule.html", pages.schedule_context(found, person), "schedule-files")


@require_GET
def schedule_marker(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Answer 204, and have the files drawn again when something has changed."""
    found = get_object_or_404(visible_to(person_of(request)), pk=schedule_id)
    response = HttpResponse(status=204)
    if pages.marker_of(found) != request.GET.get("shown"):
        response["HX-Trigger"] = "schedule-changed"
    return response


@require_POST
def pause(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Make no more files until somebody says so."""
    return changed(request, schedule_id, services.pause)


@require_POST
def resume(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Go on."""
    return changed(request, schedule_id, services.resume)


@require_POST
def end(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Make no more files, for good."""
    return changed(request, schedule_id, services.end)


def changed(request: HttpRequest, schedule_id: int, change: Any) -> HttpResponse:
    """Change a schedule of whoever asks; another person's does not exist for them."""
    try:
        change(schedule_id=schedule_id, by=person_of(request))
    except Schedule.DoesNotExist as error:
        raise Http404 from error
    except NotAsItStands as refused:
        messages.error(request, str(refused))
    return redirect("exports:schedule", schedule_id)
