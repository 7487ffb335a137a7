"""The pages that put a question to the log, and the questions a person keeps. Reading is itself an entry."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backoffice.accounts.policies import require_role
from backoffice.accounts.signed_in import person_of
from backoffice.audit import policies
from backoffice.audit.asking import pages, questions
from backoffice.audit.asking.forms import DayForm, QuestionForm
from backoffice.audit.models import SavedQuestion
from backoffice.audit.reading import note_reading
from backoffice.ui.render import render_page


@require_GET
@require_role(*policies.READERS)
def day(request: HttpRequest) -> HttpResponse:
    """Ask what a person did on a day, and answer. A GET that writes: reading the log is an entry of it."""
    person = person_of(request)
    is_asked = "person" in request.GET
    form = DayForm(request.GET if is_asked else None, initial={"day": timezone.localdate()})
    context = {"form": form, "crumbs": pages.day_crumbs(), "questions": questions.questions_of(person)}
    if not form.is_valid():
        return render_page(request, "audit/day.html", context, status=400 if is_asked else 200)
    note_reading(by=person, page=request.get_full_path())
    found = pages.day_context(form.cleaned_data["person"], form.cleaned_data["day"])
    return render_page(request, "audit/day.html", {**context, **found, "address": request.get_full_path()})


@require_GET
@require_role(*policies.READERS)
def events(request: HttpRequest) -> HttpResponse:
    """List every event that a service may write, with its sentence."""
    note_reading(by=person_of(request), page=request.get_full_path())
    return render_page(request, "audit/events.html", pages.events_context())


@require_POST
def keep_question(request: HttpRequest) -> HttpResponse:
    """Keep the question of the page the form stands on, and go back there."""
    person, form = person_of(request), QuestionForm(request.POST)
    try:
        asked = questions.asked_at(request.POST.get("address", ""), person)
    except questions.NotKept as refusal:
        messages.error(request, str(refusal))
        return redirect("dashboard:home")
    if not form.is_valid():
        messages.error(request, _("Give the question a name of at most 80 letters."))
        return redirect(asked.address)
    try:
        questions.keep_question(name=form.cleaned_data["name"], asked=asked, by=person)
    except questions.NotKept as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Question kept."))
    return redirect(asked.address)


@require_POST
def forget_question(request: HttpRequest, question_id: int) -> HttpResponse:
    """Forget a question of one's own; somebody else's is not found."""
    try:
        question = questions.forget_question(question_id=question_id, by=person_of(request))
    except SavedQuestion.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Question forgotten."))
    return redirect(question.path)
