"""Authenticator codes: each once, one step early or late, ten wrong ones and then a wait (S18, S19)."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.test import RequestFactory

from backoffice.accounts import step_up
from backoffice.accounts.factors import codes
from backoffice.accounts.factors.checking import MOST_FAILURES, Verdict, check_code
from backoffice.accounts.models import CodeGuard, Person, Proof
from backoffice.accounts.session_store import SessionStore
from backoffice.audit.models import Entry
from backoffice.database import clock
from tests.factors import code_of, enrol, with_code, wrong_code_of

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def moment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time stand still, so that no step ends between two lines of a test."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)


def code_at(person: Person, offset: int) -> str:
    authenticator = codes.authenticator_of(person)
    assert authenticator is not None
    return codes.code_at(codes.secret_of(authenticator), codes.step_at(clock.now()) + offset)


def fail(person: Person, times: int = 1) -> None:
    for _ in range(times):
        check_code(person, wrong_code_of(person), is_signed_in=True)


def pass_time(person: Person, time: timedelta) -> None:
    """Let the person's failures be older by as much."""
    guard = CodeGuard.objects.get(person=person)
    guard.failed_at = [at - time for at in guard.failed_at]
    guard.save()


@pytest.mark.parametrize(
    ("offset", "verdict"), [(-2, "wrong"), (-1, "right"), (0, "right"), (1, "right"), (2, "wrong")]
)
def test_s19_a_code_is_taken_one_step_early_or_late(maya: Person, offset: int, verdict: str) -> None:
    enrol(maya)
    assert check_code(maya, code_at(maya, offset), is_signed_in=True).verdict is Verdict(verdict)


def test_s19_a_code_is_taken_once(maya: Person) -> None:
    code = code_of(maya)
    assert check_code(maya, code, is_signed_in=True).is_right
    again = check_code(maya, code, is_signed_in=True)
    assert again.verdict is Verdict.SPENT
    assert again.sentence.startswith("That code was used already.")


@pytest.mark.parametrize(("second", "is_shown"), [(5, True), (25, False)])
def test_a_code_that_ends_before_it_can_be_typed_is_not_shown(maya: Person, second: int, is_shown: bool) -> None:
    enrol(maya)
    moment = datetime(2026, 11, 21, 12, 0, second, tzinfo=UTC)
    step = codes.step_at(moment)
    CodeGuard.objects.create(person=maya, spent_steps=[step, step + 1])
    assert bool(codes.unspent_code(maya, moment)) is is_shown


def test_s19_the_code_of_somebody_else_is_wrong(maya: Person, omar: Person) -> None:
    enrol(maya)
    assert check_code(maya, code_of(omar), is_signed_in=True).verdict is Verdict.WRONG


def test_s18_whoever_has_no_authenticator_is_answered_alike(maya: Person) -> None:
    answer = check_code(maya, "123456", is_signed_in=True)
    assert (answer.verdict, answer.tries_left) == (Verdict.WRONG, MOST_FAILURES - 1)


def test_s18_the_tries_left_are_told_and_then_the_wait(maya: Person) -> None:
    enrol(maya)
    told = [check_code(maya, wrong_code_of(maya), is_signed_in=True).sentence for _ in range(MOST_FAILURES)]
    assert told[0] == "That code is not right or no longer valid. 9 tries left, then 30 minutes' wait."
    assert told[8] == "That code is not right or no longer valid. 1 try left, then 30 minutes' wait."
    assert told[9] == "Too many wrong codes. Wait 30 minutes, then try again."


def test_s18_after_ten_wrong_codes_the_right_one_is_not_looked_at(maya: Person) -> None:
    code = code_of(maya)
    fail(maya, MOST_FAILURES)
    assert check_code(maya, code, is_signed_in=True).verdict is Verdict.BLOCKED
    pass_time(maya, timedelta(minutes=29))
    assert check_code(maya, code_of(maya), is_signed_in=True).verdict is Verdict.BLOCKED
    pass_time(maya, timedelta(minutes=1, seconds=1))
    assert check_code(maya, code_of(maya), is_signed_in=True).is_right


def test_s18_a_right_code_takes_no_failure_away(maya: Person) -> None:
    fail(maya, MOST_FAILURES - 1)
    assert check_code(maya, code_of(maya), is_signed_in=True).is_right
    assert not check_code(maya, wrong_code_of(maya), is_signed_in=True).tries_left


def test_s18_failures_older_than_half_an_hour_no_longer_count(maya: Person) -> None:
    fail(maya, MOST_FAILURES - 1)
    pass_time(maya, timedelta(minutes=31))
    assert check_code(maya, wrong_code_of(maya), is_signed_in=True).tries_left == MOST_FAILURES - 1


def test_s18_one_person_waiting_keeps_nobody_else_out(maya: Person, omar: Person) -> None:
    fail(maya, MOST_FAILURES)
    assert check_code(omar, code_of(omar), is_signed_in=True).is_right


def test_s18_wrong_codes_and_the_wait_are_written_down_and_no_flood_of_them(maya: Person) -> None:
    fail(maya, MOST_FAILURES + 5)
    events = list(Entry.objects.order_by("number").values_list("event", "result"))
    assert events == [*[("factor.failed", "refused")] * MOST_FAILURES, ("factor.blocked", "refused")]


def test_s19_seeds_are_encrypted_in_the_database(maya: Person) -> None:
    secret = codes.new_secret()
    codes.set_up(maya, secret)
    stored = str(Authenticator.objects.get(user=maya).data)
    assert secret not in stored
    assert codes.secret_of(Authenticator.objects.get(user=maya)) == secret


class Form(step_up.FactorForm):
    """A form of nothing but the factor."""


def asked_by(person: Person) -> HttpRequest:
    request = RequestFactory().post("/")
    request.user, request.session = person, SessionStore()
    return request


def test_s20_a_proof_is_for_what_it_was_shown_for(maya: Person) -> None:
    form = Form(with_code(maya))
    assert form.is_valid()
    proof = step_up.prove(asked_by(maya), form, "a" * 64, "b" * 64)
    assert proof is not None
    assert (proof.person, proof.method, proof.covers) == (maya, Proof.Method.CODE, ["a" * 64, "b" * 64])


def test_s20_a_wrong_code_proves_nothing_and_says_so_beside_the_field(maya: Person) -> None:
    form = Form({"code": wrong_code_of(maya)})
    assert form.is_valid()
    assert step_up.prove(asked_by(maya), form, "a" * 64) is None
    assert "9 tries left" in form.errors["code"][0]
    assert not Proof.objects.exists()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "12 34 56"])
def test_s20_what_is_no_code_is_refused_before_it_counts(maya: Person, code: str) -> None:
    form = Form({"code": code})
    assert not form.is_valid()
    assert form.errors["code"] == ["Type the six digits your authenticator shows."]
