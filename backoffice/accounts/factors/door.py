"""Between the password and the session: the stage of signing in that asks for the second factor (security.md S19).

It stands behind every way in that the library has, password or company sign-in, and knows no remembered device. Who
has no factor yet passes, into a session in which nothing but enrolling is open (`middleware`).
"""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStage, LoginStageController
from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from backoffice.accounts import step_up
from backoffice.accounts.factors import shown
from backoffice.accounts.factors.checking import Verdict
from backoffice.accounts.factors.held import has_factor
from backoffice.accounts.models import Person
from backoffice.accounts.signed_in import person_of

STAGE, ACCOUNT = "factor", "account"
#: Wrong factors from one address, whoever they were for. People are counted apart, so that this is for floods only.
PER_ADDRESS = {"wrong_factor": "30/30m/ip"}


class FactorStage(LoginStage):  # type: ignore[misc]
    """Hold the sign-in of a person who has a factor until it is shown."""

    key = STAGE
    urlname = "account_factor"

    def handle(self) -> tuple[HttpResponseBase | None, bool]:
        person = self.login.user
        if person is None or not has_factor(person):
            return None, True
        self.state[ACCOUNT] = person.get_session_auth_hash()
        return HttpResponseRedirect(reverse(self.urlname)), True

    def is_resumable(self, request: HttpRequest) -> bool:
        """Whoever opens the sign-in page again wants to begin again, perhaps as somebody else."""
        return False


def stage_of(request: HttpRequest) -> FactorStage | None:
    """The stage at which a sign-in waits, unless the account was closed or its password changed meanwhile."""
    stage: FactorStage | None = LoginStageController.enter(request, STAGE)
    if stage is None or stage.login.user is None or not stage.login.user.is_active:
        return None
    as_it_was = constant_time_compare(stage.login.user.get_session_auth_hash(), stage.state.get(ACCOUNT, ""))
    return stage if as_it_was else None


def waiting_person(request: HttpRequest) -> Person | None:
    """Who is asked for a factor: somebody whose password was right, or whose session has shown none yet."""
    if request.user.is_authenticated:
        person = person_of(request)
        return person if not shown.is_shown(request) and has_factor(person) else None
    stage = stage_of(request)
    return stage.login.user if stage else None


def show(request: HttpRequest, form: step_up.FactorForm, person: Person) -> bool:
    """Check a factor at the door; the sentence of a refusal is an error of the form."""
    usage = ratelimit.consume(request, app="backoffice", action="wrong_factor", config=PER_ADDRESS)
    if not usage:
        form.add_error("code", _("Too many wrong codes from your network. Wait 30 minutes, then try again."))
        return False
    answer = step_up.answer_of(request, form, person, is_signed_in=False)
    if answer.verdict is not Verdict.WRONG:
        usage.rollback()
    if not answer.is_right:
        form.add_error("code", answer.sentence)
    return answer.is_right


def enter(request: HttpRequest, person: Person, factor: str) -> HttpResponseBase:
    """Let in a person who has just shown a factor: into a session with a new key that remembers it."""
    stage = LoginStageController.enter(request, STAGE)
    if request.user.is_authenticated or stage is None:
        shown.renew(request)
        shown.mark(request, person)
        return HttpResponseRedirect(next_page(request))
    record_authentication(request, person, "mfa", type=factor)
    response: HttpResponseBase = stage.exit()  # the library signs the person in, which gives the session its new key
    shown.mark(request, person)
    return response


def next_page(request: HttpRequest) -> str:
    """Where a person wanted to go; the first page where that is no address of this site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else resolve_url("/")
