"""The health page: what every part says, how old everything is, and what the controls did when they were tried."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.health import policies
from backoffice.health.models import SelfTest
from backoffice.health.selftest import services
from backoffice.health.selftest.of_the_log import chain_break
from backoffice.health.services import CHECKS
from tests.audit.chain import WORKER
from tests.health.test_doctor import a_worker_gave_a_sign_of_life, finding, read_every_mirror
from tests.partners import Partners

pytestmark = pytest.mark.usefixtures("db")
SignIn = Callable[[Person], Client]


@pytest.fixture
def as_adam(client: Client, adam: Person) -> Client:
    client.force_login(adam)
    return client


@pytest.fixture
def _one_control(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try one control only: the others have tests of their own."""
    monkeypatch.setattr(services, "CONTROLS", {"chain_break": chain_break})


def test_every_part_says_its_sentence_and_how_many_are_ill(as_adam: Client) -> None:
    page = as_adam.get("/health/").content.decode()
    for check in CHECKS:
        assert check.asks_a_partner or str(check.title) in page
    assert "Start one: manage.py worker" in page
    assert "parts are ill" in page


def test_ages_of_the_mirrors_and_workers_alive_are_told(as_adam: Client) -> None:
    a_worker_gave_a_sign_of_life()
    read_every_mirror()
    page = as_adam.get("/health/").content.decode()
    assert "Start one: manage.py worker" not in page
    assert "Not read for too long" not in page
    assert re.search(r"CoinMENA orders read \d s ago", page) and "minutes ago" not in page.replace("\xa0", " ")


def test_a_log_that_nobody_has_verified_passes_for_nothing(as_adam: Client) -> None:
    log = re.compile(r'<span class="vh">(\S+ ?\S*): </span></span>\s*<span>Log verified<')
    assert log.findall(as_adam.get("/health/").content.decode()) == ["Not yet"]
    record("audit.verified", by=WORKER, after={"intact": True, "sentence": "Intact."})
    assert log.findall(as_adam.get("/health/").content.decode()) == ["Passed"]


def test_the_partners_are_asked_only_when_somebody_asks(as_adam: Client, partners: Partners) -> None:
    assert "accepts our signature" not in as_adam.get("/health/").content.decode()
    whole = as_adam.post("/health/partners/").content.decode()
    part = as_adam.post("/health/partners/", headers={"HX-Request": "true"}).content.decode()
    for answer in (whole, part):
        assert "CoinMENA accepts our signature." in answer
        assert "Bitnob confirms the environment" in answer
    assert "<html" in whole and "<html" not in part


@pytest.mark.usefixtures("_one_control")
def test_run_now_tries_the_controls_and_the_page_and_the_doctor_say_how_they_came_out(
    as_adam: Client, adam: Person
) -> None:
    assert "never tried" in finding("controls").sentence
    page = as_adam.post("/health/self-test/", follow=True).content.decode()
    assert SelfTest.objects.get().person == adam
    assert Entry.objects.get(event="selftest.passed").person == adam
    for words in ("Every control held.", "The audit log cannot be changed", "Tried and stopped: changing an entry;"):
        assert words in page
    assert finding("controls").is_well


@pytest.mark.usefixtures("_one_control")
def test_run_now_works_once_a_minute(as_adam: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    as_adam.post("/health/self-test/")
    page = as_adam.post("/health/self-test/", follow=True).content.decode()
    assert "The controls were tried less than a minute ago: what was found stands on this page." in page
    assert (SelfTest.objects.count(), Entry.objects.filter(event__startswith="selftest.").count()) == (1, 1)

    monkeypatch.setattr(policies, "BETWEEN_RUNS", timedelta(0))
    as_adam.post("/health/self-test/")
    assert SelfTest.objects.count() == 2


@pytest.mark.usefixtures("_one_control")
def test_what_did_not_hold_is_named_on_the_page(as_adam: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.health.selftest.of_the_log.fork", lambda _entry: None)
    page = as_adam.post("/health/self-test/", follow=True).content.decode()
    assert "Not stopped as it must be: writing an entry beside the chain: nothing stopped it." in page
    assert not finding("controls").is_well


@pytest.mark.parametrize(("name", "can_read", "can_try"), [("maya", 403, 403), ("omar", 200, 403), ("vera", 200, 302)])
@pytest.mark.usefixtures("_one_control")
def test_who_reads_it_and_who_has_the_controls_tried(
    request: pytest.FixtureRequest, client: Client, name: str, can_read: int, can_try: int
) -> None:
    client.force_login(request.getfixturevalue(name))
    assert client.get("/health/").status_code == can_read
    assert client.post("/health/self-test/").status_code == can_try


def test_the_page_asks_the_same_number_of_questions_however_many_runs_there_are(
    as_adam: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(60):
        as_adam.get("/health/")


def test_a_log_that_was_found_broken_is_an_ill_part(as_adam: Client) -> None:
    assert finding("log").is_well
    sentence = "Entry 7 was changed: after.amount was “5.00” and is “0.01” now."
    record("audit.verified", by=WORKER, after={"intact": False, "sentence": sentence}, result="failed")
    assert not finding("log").is_well
    page = as_adam.get("/health/").content.decode()
    assert f"{sentence} See /audit/verify/." in page and "Found broken" in page
