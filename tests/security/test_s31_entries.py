"""What happens to requests, operations and drafts leaves an entry: who, in which role, from where, about what, by which
request, with which result (security.md S31). The events that no other test names."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backoffice.accounts.context import originating_from
from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request, RuleSet
from backoffice.approvals.ruling import services as ruling
from backoffice.approvals.ruling.content import digest_of_group
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Operation
from backoffice.funding.models.freeze import Scope
from backoffice.funding.services.freezing import freeze
from tests.approvals.ruling.cast import add, submitted
from tests.approvals.ruling.conftest import draft  # noqa: F401 - a fixture
from tests.approving import ask_for_release
from tests.funding import closings
from tests.funding.bulk import files
from tests.funding.cast import deposit, sent, withdrawal
from tests.funding.conftest import coinmena, noura, usd  # noqa: F401 - fixtures
from tests.partners import Partners

FROM, ASKED_AS = "10.0.0.9", "request-of-the-test"
Ask = Callable[[pytest.FixtureRequest], Request]


def a_withdrawal(given: pytest.FixtureRequest) -> Request:
    return asked_about(withdrawal(given.getfixturevalue("maya"), *money(given)))


def a_closing(given: pytest.FixtureRequest) -> Request:
    maya, partner = given.getfixturevalue("maya"), given.getfixturevalue("coinmena")
    return closings.asked(closings.in_review(partner, maya, *money(given)), maya).approval


def a_release(given: pytest.FixtureRequest) -> Request:
    held = freeze(scope=Scope.EVERYTHING, reason="A statement nobody explains", by=given.getfixturevalue("lina"))
    return ask_for_release(held, by=given.getfixturevalue("maya"))


def a_file(given: pytest.FixtureRequest) -> Request:
    money(given)
    files.asked(given.getfixturevalue("maya"), files.deposits(2))
    return Request.objects.get()


def other_rules(given: pytest.FixtureRequest) -> Request:
    adam: Person = given.getfixturevalue("adam")
    add(adam)
    return submitted(RuleSet.objects.get(state="draft"), adam)


def money(given: pytest.FixtureRequest) -> tuple[Client, Asset]:
    return given.getfixturevalue("noura"), given.getfixturevalue("usd")


def asked_about(operation: Operation) -> Request:
    return Request.objects.get(subject=operation.reference)


ASKED: dict[str, Ask] = {
    "operation.": a_withdrawal,
    "closing.": a_closing,
    "freeze.release_": a_release,
    "bulk.": a_file,
    "rules.": other_rules,
}
#: Each way a request ends without an approval, with the entry it leaves.
ENDINGS = {
    "operation.": ("operation.rejected", "operation.cancelled", "operation.expired"),
    "closing.": ("closing.rejected", "closing.cancelled", "closing.expired"),
    "freeze.release_": ("freeze.release_rejected", "freeze.release_cancelled", "freeze.release_expired"),
    "bulk.": ("bulk.rejected", "bulk.cancelled", "bulk.expired"),
    "rules.": ("rules.rejected",),
}


def ended(request: Request, how: str, by: Person, later: Callable[[timedelta], None]) -> Person | None:
    """End a request, and return who did it; nobody where its time ran out."""
    if how == "rejected":
        shown = request.fingerprint
        approvals.reject(request_id=request.pk, fingerprint=shown, reason_code="other", note="Not ours.", by=by)
        return by
    if how == "cancelled":
        approvals.cancel(request_id=request.pk, by=request.requested_by)
        return request.requested_by
    later(timedelta(days=9))
    assert approvals.expire_due() == 1
    return None


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass."""
    real = clock.now
    return lambda by: monkeypatch.setattr(clock, "now", lambda: real() + by)


@pytest.mark.usefixtures("committed", "coinmena", "draft")
@pytest.mark.parametrize(("kind", "event"), [(kind, event) for kind, events in ENDINGS.items() for event in events])
def test_s31_how_a_request_ended_stands_in_the_log(
    request: pytest.FixtureRequest, omar: Person, later: Callable[[timedelta], None], kind: str, event: str
) -> None:
    asked = ASKED[kind](request)
    with originating_from(FROM, ASKED_AS):
        by = ended(asked, event.removeprefix(kind), omar, later)
    assert_tells(Entry.objects.get(event=event), by)


def assert_tells(entry: Entry, by: Person | None) -> None:
    """An entry says who, in which role, from where, by which request, about what, and that it was done."""
    assert (entry.person, entry.role) == (by, by.role if by else "")
    assert entry.who
    assert (entry.address, entry.request_id, entry.result) == (FROM, ASKED_AS, "done")
    assert entry.object_type and entry.object_id


@pytest.mark.usefixtures("committed")
def test_s31_asking_stands_in_the_log(request: pytest.FixtureRequest, maya: Person) -> None:
    with originating_from(FROM, ASKED_AS):
        a_closing(request)
        a_release(request)
    for event in ("closing.asked", "freeze.release_asked"):
        assert_tells(Entry.objects.get(event=event), maya)


@pytest.mark.usefixtures("db")
def test_s31_what_became_of_a_draft_stands_in_the_log(draft: RuleSet, adam: Person, noura: Client) -> None:  # noqa: F811
    ids = (noura.partner_client_id,)
    with originating_from(FROM, ASKED_AS):
        ruling.save_group(name="", new_name="VIP", ids=ids, seen="", by=adam)
        ruling.remove_group(name="VIP", seen=digest_of_group(ids), by=adam)
        ruling.discard(by=adam)
    for event in ("rules.group_changed", "rules.group_removed", "rules.discarded"):
        assert_tells(Entry.objects.get(event=event), adam)


FAULTS: dict[str, dict[str, Any]] = {
    "funding.paused": {"kind": "envelope", "status": 429, "code": 429, "headers": {"Retry-After": "120"}},
    "operation.returned": {"kind": "envelope", "status": 401, "code": 401},
}


@pytest.mark.parametrize("event", FAULTS)
def test_s31_what_a_partner_refuses_stands_in_the_log(
    coinmena: Partners,  # noqa: F811
    maya: Person,
    noura: Client,  # noqa: F811
    usd: Asset,  # noqa: F811
    event: str,
) -> None:
    coinmena.fault(match={"method": "POST"}, **FAULTS[event])
    with originating_from(FROM, ASKED_AS):
        sent(deposit(maya, noura, usd))
    assert_tells(Entry.objects.get(event=event), None)


def test_s31_what_people_have_to_look_at_stands_in_the_log(request: pytest.FixtureRequest) -> None:
    partner, maya = request.getfixturevalue("coinmena"), request.getfixturevalue("maya")
    with originating_from(FROM, ASKED_AS):
        closings.in_review(partner, maya, *money(request))
    assert_tells(Entry.objects.get(event="operation.in_review"), None)
