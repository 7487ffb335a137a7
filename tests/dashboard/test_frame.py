"""The frame around every page: the menu by role, what waits, how old the partners' figures are, the zone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.dashboard.context import environment, shell, shell_of, zone_label
from backoffice.funding.models import Operation, Scope
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.ui.shell import ShellContext
from tests.funding.cast import deposit, mirrored_asset, mirrored_client

pytestmark = pytest.mark.usefixtures("db")


def frame(rf: RequestFactory, person: Person | None, path: str = "/orders/") -> ShellContext:
    request: Any = rf.get(path)
    request.user = person
    return shell_of(request)


def menu(frame: ShellContext) -> list[str]:
    return [str(entry.label) for group in frame.groups for entry in group.entries]


def test_each_role_sees_the_pages_it_can_open(
    rf: RequestFactory, maya: Person, omar: Person, vera: Person, adam: Person
) -> None:
    first, money = ["Today", "Approvals"], ["Clients", "Funding", "Orders", "Transactions"]
    control, log = ["Reconciliation", "Freeze", "Rules"], ["People", "Audit log", "Exports", "Health"]
    assert menu(frame(rf, maya)) == [*first, *money, *control]
    for person in (omar, vera):
        assert menu(frame(rf, person)) == [*first, *money, *control, *log]
    assert menu(frame(rf, adam)) == [*first, "Rules", *log]


def in_doubt(asked_by: Person) -> Operation:
    """A deposit that was sent and not answered."""
    operation = deposit(asked_by, mirrored_client(), mirrored_asset())
    Operation.objects.filter(pk=operation.pk).update(
        state=State.SUBMITTING, lease_token=uuid4(), lease_until=timezone.now()
    )
    Operation.objects.filter(pk=operation.pk).update(state=State.UNKNOWN)
    return operation


def waiting(asked_by: Person) -> Request:
    now = timezone.now()
    return Request.objects.create(
        **{"kind": "withdrawal", "subject": "wd-1", "title": "A withdrawal", "fingerprint": "f" * 64},
        **{
            "rule": "Every withdrawal",
            "rule_version": 1,
            "requested_by": asked_by,
            "requested_at": now,
            "valid_until": now + timedelta(hours=1),
        },
    )


def tallies(frame: ShellContext) -> dict[str, int]:
    return {str(entry.label): entry.tally for group in frame.groups for entry in group.entries if entry.tally}


def test_what_waits_stands_beside_the_page_that_deals_with_it(rf: RequestFactory, maya: Person, omar: Person) -> None:
    waiting(asked_by=maya)
    in_doubt(asked_by=maya)
    assert tallies(frame(rf, omar)) == {"Approvals": 1, "Funding": 1}
    assert tallies(frame(rf, maya)) == {"Funding": 1}


def test_nobody_is_asked_to_decide_on_their_own_request(rf: RequestFactory, omar: Person, lina: Person) -> None:
    waiting(asked_by=omar)
    assert tallies(frame(rf, omar)) == {}
    assert tallies(frame(rf, lina)) == {"Approvals": 1}


def test_the_search_box_is_there_for_whoever_may_search(rf: RequestFactory, maya: Person, adam: Person) -> None:
    assert frame(rf, maya).search_url == "/search/"
    assert frame(rf, adam).search_url == ""


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", "Today"),
        ("/orders/7/", "Orders"),
        ("/audit/verify/", "Audit log"),
        ("/exports/audit/", "Audit log"),
        ("/exports/bundle/", "Audit log"),
        ("/exports/", "Exports"),
        ("/exports/verify/", "Exports"),
    ],
)
def test_the_page_one_is_on_is_marked(rf: RequestFactory, omar: Person, path: str, current: str) -> None:
    groups = frame(rf, omar, path).groups
    assert [entry.label for group in groups for entry in group.entries if entry.current] == [current]


def test_the_frame_asks_twice_whoever_looks(
    rf: RequestFactory, maya: Person, omar: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for person in (maya, omar):
        with django_assert_num_queries(2):
            frame(rf, person)


def test_while_money_is_held_the_frame_asks_twice_more(
    rf: RequestFactory, maya: Person, omar: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for scope in (Scope.EVERYTHING, Scope.MONEY_OUT):
        freeze(scope=scope, reason="A payout list looks wrong.", by=omar)
        with django_assert_num_queries(4):
            notices = frame(rf, maya).notices
    assert [str(notice.strong) for notice in notices] == ["2 freezes are in force."]


def test_a_fragment_asks_for_no_frame(
    rf: RequestFactory, maya: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request: Any = rf.get("/orders/")
    request.user = maya
    with django_assert_num_queries(0):
        shell(request)


def test_a_stranger_sees_the_environment_and_nothing_else(
    rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert frame(rf, None) == ShellContext(environment=environment())


@pytest.mark.parametrize(
    ("sent_to", "came_from", "here"),
    [
        ("/funding/dep-2026-1/cancel/", "http://testserver/funding/dep-2026-1/?tab=2", "/funding/dep-2026-1/?tab=2"),
        ("/funding/dep-2026-1/cancel/", "https://evil.example/funding/", "/"),
        ("/clients/?q=1", "http://testserver/orders/", "/clients/?q=1"),
    ],
)
def test_a_choice_made_on_the_answer_to_a_form_leads_to_a_page_that_opens(
    rf: RequestFactory, maya: Person, sent_to: str, came_from: str, here: str
) -> None:
    request: Any = rf.post(sent_to, headers={"Referer": came_from})
    request.user = maya
    menu = render_to_string("base.html", {"shell": shell_of(request)}, request)
    assert f'name="next" value="{here}"' in menu


def test_the_age_of_a_partner_is_that_of_its_last_complete_reading(rf: RequestFactory, maya: Person) -> None:
    now = timezone.now()
    SyncRun.objects.create(mirror=Mirror.ORDERS, state="complete", started_at=now, finished_at=now)
    assert [(one.name, one.at) for one in frame(rf, maya).freshness] == [("CoinMENA", now), ("Bitnob", None)]


@pytest.mark.parametrize(
    ("coinmena", "bitnob", "url", "badge"),
    [
        ("live", "sandbox", "https://api.bitnob.com", "Sandbox"),
        ("sandbox", "live", "https://api.bitnob.com", "Sandbox"),
        ("live", "live", "http://127.0.0.1:9000", "Sandbox"),
        ("live", "live", "http://localhost:9000", "Sandbox"),
        ("live", "live", "https://api.bitnob.com", ""),
    ],
)
def test_the_badge_names_the_environment(settings: Settings, coinmena: str, bitnob: str, url: str, badge: str) -> None:
    settings.COINMENA_ENVIRONMENT, settings.BITNOB_ENVIRONMENT = coinmena, bitnob
    settings.BITNOB_BASE_URL = url
    settings.COINMENA_BASE_URL = "https://api.coinmena.com"
    assert environment() == badge


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Asia/Bahrain", "Asia/Bahrain, UTC+3"),
        ("Asia/Kolkata", "Asia/Kolkata, UTC+5:30"),
        ("America/New_York", "America/New_York, UTC-5"),
        ("America/St_Johns", "America/St_Johns, UTC-3:30"),
        ("UTC", "UTC"),
    ],
)
def test_the_zone_is_named_with_its_distance_from_utc(zone: str, label: str) -> None:
    assert zone_label(datetime(2026, 11, 19, tzinfo=UTC).astimezone(ZoneInfo(zone))) == label
