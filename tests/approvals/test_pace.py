"""Nobody approves faster than they can read: slowed beyond ten a minute, flagged within 2 s (security.md S38)."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person, Proof
from backoffice.approvals import pace
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.policies import Slowed
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from tests.approving import approve
from tests.factors import with_code
from tests.funding.cast import withdrawal

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def many(maya: Person, noura: Client, usd: Asset) -> list[Request]:
    references = [withdrawal(maya, noura, usd, f"{n}.00").reference for n in range(1, 12)]
    return list(Request.objects.filter(subject__in=references).order_by("id"))


def test_s38_the_eleventh_within_a_minute_waits_and_nothing_is_lost(
    many: list[Request], omar: Person, lina: Person
) -> None:
    for request in many[:10]:
        approve(request, omar)

    with pytest.raises(Slowed, match="approved 10 requests within a minute.*approve this one in"):
        approve(many[10], omar)
    assert Entry.objects.filter(event="approval.refused", person=omar).count() == 1

    approve(many[10], lina)


def test_s38_after_a_minute_it_goes_on(many: list[Request], omar: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for request in many[:10]:
        approve(request, omar)
    now = clock.now()
    monkeypatch.setattr("backoffice.database.clock.now", lambda: now + timedelta(seconds=61))

    approve(many[10], omar)

    assert Decision.objects.filter(decided_by=omar).count() == 11


def test_s38_rejecting_is_not_slowed(client: Browser, many: list[Request], omar: Person) -> None:
    for request in many[:10]:
        approve(request, omar)
    client.force_login(omar)
    said = {"fingerprint": many[10].fingerprint, "reason_code": "other", "reason": "Not this one."}

    assert client.post(f"/approvals/{many[10].subject}/reject/", said).status_code == 302


def test_s38_the_page_says_how_long_and_keeps_note_and_code(client: Browser, many: list[Request], omar: Person) -> None:
    for request in many[:10]:
        approve(request, omar)
    client.force_login(omar)
    shown = Proof.objects.count()
    said = with_code(omar, fingerprint=many[10].fingerprint, note="Checked with the client.")

    answer = client.post(f"/approvals/{many[10].subject}/approve/", said)

    page = answer.content.decode()
    assert answer.status_code == 429
    assert "Nothing is lost" in page and "Checked with the client." in page and said["code"] in page
    assert Proof.objects.count() == shown


@pytest.mark.parametrize(("seconds", "flags"), [(0, [pace.UNREAD]), (1.9, [pace.UNREAD]), (2.1, []), (600, [])])
def test_s38_a_page_that_was_open_too_briefly_is_flagged(asked: Request, seconds: float, flags: list[str]) -> None:
    now = timezone.now()
    mark = pace.opened(asked.fingerprint, now - timedelta(seconds=seconds))

    assert pace.flags_of(mark, asked.fingerprint, now) == flags


@pytest.mark.parametrize(
    "mark",
    ["", "x", "x" * 300, pace.opened("f" * 64, timezone.now())],
    ids=["none", "short", "long", "of another request"],
)
def test_s38_a_mark_that_is_not_of_this_page_is_flagged(asked: Request, mark: str) -> None:
    assert pace.flags_of(mark, asked.fingerprint, timezone.now()) == [pace.UNOPENED]


def test_s38_the_flag_stands_in_the_log(client: Browser, asked: Request, omar: Person) -> None:
    client.force_login(omar)
    address = f"/approvals/{asked.subject}/"
    opened = client.get(address).context["form"]["opened"].value()

    client.post(f"{address}approve/", with_code(omar, fingerprint=asked.fingerprint, opened=opened))

    entry = Entry.objects.get(event="approval.given")
    assert entry.after is not None
    assert (entry.after["flags"], entry.after["approvals"], entry.after["factor"]) == ([pace.UNREAD], "1 of 1", "code")
