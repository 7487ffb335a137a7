"""The queue and the decision page, as each person sees them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.approvals import services
from backoffice.approvals.models import Request
from backoffice.approvals.pages import line_of, people_of
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from tests.approvals.conftest import HandOver
from tests.approving import approve
from tests.factors import with_code
from tests.funding.cast import mirrored_client, withdrawal

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def address(asked: Request) -> str:
    return f"/approvals/{asked.subject}/"


def test_a_manager_is_asked_with_the_amount_and_may_keep_it_pending(
    client: Browser, address: str, omar: Person
) -> None:
    client.force_login(omar)

    page = client.get(address).content.decode()

    assert "Approve 500.00 USD</button>" in page
    assert "Keep pending" in page and "Reject" in page
    assert "leaves the balance of" in page and "It cannot be undone" in page


def test_s4_the_person_who_asked_reads_why_the_action_is_missing(
    client: Browser, address: str, maya: Person, omar: Person
) -> None:
    client.force_login(maya)

    page = client.get(address).content.decode()

    assert "You cannot approve this: it is your own request." in page
    assert "Omar Saleh can, until" in page
    assert 'aria-disabled="true"' in page
    assert "/approve/" not in page


@pytest.mark.parametrize("fields", [{}, {"requested_by": "2"}, {"by": "2"}, {"approved_by": "2"}])
def test_s4_a_replayed_address_is_refused(
    client: Browser,
    address: str,
    asked: Request,
    operation: Operation,
    maya: Person,
    omar: Person,
    fields: dict[str, str],
) -> None:
    client.force_login(maya)

    answer = client.post(f"{address}approve/", {"fingerprint": asked.fingerprint, **fields})

    assert answer.status_code == 403
    assert "<h1>You cannot do this</h1>" in answer.content.decode(), "a manager's role would be no help here"
    assert Operation.objects.get().state == State.PENDING_APPROVAL
    assert Entry.objects.filter(event="approval.refused", person=maya).exists()


def test_approving_shows_what_was_approved_and_never_another_approve_button(
    client: Browser, address: str, asked: Request, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    """The second click of a double click lands where the first one did: there must be nothing to approve there."""
    following = withdrawal(maya, noura, usd, "2.00")
    client.force_login(omar)

    answer = client.post(f"{address}approve/", with_code(omar, fingerprint=asked.fingerprint), follow=True)

    page = answer.content.decode()
    assert answer.redirect_chain == [(address, 302)]
    assert "500.00 USD approved." in page
    assert f'href="/approvals/{following.reference}/">Review next' in page
    assert "/approve/" not in page


def test_what_was_decided_makes_no_forecast(client: Browser, address: str, asked: Request, omar: Person) -> None:
    """Once the money has left, a balance "after" would take it off a second time."""
    client.force_login(omar)
    assert "What would happen" in client.get(address).content.decode()

    page = client.post(
        f"{address}approve/", with_code(omar, fingerprint=asked.fingerprint), follow=True
    ).content.decode()

    assert "What was asked for" in page
    assert "What would happen" not in page
    assert "Balance now" not in page


def test_what_was_decided_for_somebody_away_says_so_and_names_nobody_who_can(
    client: Browser, address: str, asked: Request, maya: Person, omar: Person, lina: Person, hand_over: HandOver
) -> None:
    hand_over(omar, lina)
    approve(asked, lina, for_person=omar)
    client.force_login(maya)

    page = client.get(address).content.decode()

    assert "Who took part" in page and "Who can approve" not in page
    assert "Approved for Omar Saleh on" in page
    assert "Lina Aziz for Omar Saleh has approved this already." in page
    assert "You cannot approve this" not in page and "can, until" not in page


def test_whoever_was_spoken_for_has_no_tick_of_their_own(
    of_two: Request, maya: Person, omar: Person, lina: Person, hand_over: HandOver
) -> None:
    hand_over(omar, lina)
    approve(of_two, lina, for_person=omar)

    shown = {one.name: (one.note, result) for one, result in people_of(of_two, maya, clock.now())}

    assert str(shown["Lina Aziz"][0]).startswith("Approved for Omar Saleh on")
    assert shown["Omar Saleh"] == ("Lina Aziz has approved for them", "")


def test_what_was_rejected_names_who_rejected_it_among_those_who_took_part(
    asked: Request, maya: Person, omar: Person, lina: Person
) -> None:
    services.reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="other", note="No.", by=omar)

    (decider, mark), (asker, _mark) = people_of(Request.objects.get(), maya, clock.now())

    assert (decider.name, mark, asker.called) == ("Omar Saleh", "", "You")
    assert str(decider.note).startswith("Rejected on")


def test_approving_the_last_one_leads_nowhere_else(client: Browser, address: str, asked: Request, omar: Person) -> None:
    client.force_login(omar)

    answer = client.post(f"{address}approve/", with_code(omar, fingerprint=asked.fingerprint), follow=True)

    assert "500.00 USD approved." in answer.content.decode()
    assert "Review next" not in answer.content.decode()


def test_rejecting_asks_why_first(
    client: Browser, address: str, asked: Request, operation: Operation, omar: Person
) -> None:
    client.force_login(omar)
    assert "Reject 500.00 USD</button>" in client.get(f"{address}reject/").content.decode()

    nothing_said = client.post(f"{address}reject/", {"fingerprint": asked.fingerprint})
    assert nothing_said.status_code == 422
    assert Operation.objects.get().state == State.PENDING_APPROVAL

    said = {"fingerprint": asked.fingerprint, "reason_code": "duplicate", "reason": "Paid on Monday."}
    assert client.post(f"{address}reject/", said).status_code == 302
    assert Operation.objects.get().state == State.REJECTED


@pytest.mark.parametrize("action", ["approve/", "reject/"])
def test_s5_whoever_comes_second_gets_a_409_with_a_sentence(
    client: Browser, address: str, asked: Request, omar: Person, lina: Person, action: str
) -> None:
    said: dict[str, Any] = {"fingerprint": asked.fingerprint, "reason_code": "other", "reason": "No."}
    client.force_login(omar)
    client.post(f"{address}approve/", with_code(omar, **said))
    client.force_login(lina)

    answer = client.post(address + action, said)

    assert answer.status_code == 409
    assert "Omar Saleh has approved this already." in answer.content.decode()


def test_s5_a_changed_fingerprint_gets_a_409(client: Browser, address: str, omar: Person) -> None:
    client.force_login(omar)

    assert client.post(f"{address}approve/", {"fingerprint": "f" * 64}).status_code == 409


def test_the_person_who_asked_takes_it_back(client: Browser, address: str, operation: Operation, maya: Person) -> None:
    client.force_login(maya)

    answer = client.post(f"{address}cancel/")

    assert answer.headers["Location"] == f"/funding/{operation.reference}/"
    assert Operation.objects.get().state == State.CANCELLED


def test_the_queue_shows_each_what_concerns_them(
    client: Browser, operation: Operation, maya: Person, omar: Person, vera: Person
) -> None:
    seen = {}
    for person in (maya, omar, vera):
        client.force_login(person)
        seen[person.name] = operation.reference in client.get("/approvals/").content.decode()

    assert seen == {"Maya Haddad": True, "Omar Saleh": True, "Vera Novak": True}
    assert operation.reference in client.get("/approvals/?lane=others").content.decode()


def test_an_administrator_sees_nothing_of_money(client: Browser, address: str, asked: Request, adam: Person) -> None:
    client.force_login(adam)

    for lane in ("", "?lane=others", "?lane=history"):
        assert asked.subject not in client.get(f"/approvals/{lane}").content.decode()
    assert client.get(address).status_code == 404
    assert client.post(f"{address}approve/").status_code == 404
    assert client.post("/funding/approvals/export/").status_code == 403


@pytest.mark.parametrize("action", ["approve/", "preview/", "cancel/"])
def test_what_decides_is_never_a_get(client: Browser, address: str, omar: Person, action: str) -> None:
    client.force_login(omar)

    assert client.get(address + action).status_code == 405


def test_nobody_asked_for_that(client: Browser, omar: Person) -> None:
    client.force_login(omar)

    assert client.get("/approvals/wd-2026-nowhere0/").status_code == 404


def test_s13_a_hostile_name_is_shown_and_never_obeyed(client: Browser, maya: Person, omar: Person, usd: Asset) -> None:
    hostile = mirrored_client("user_666", name='<img src=x onerror="x">\u202egnp.exe')
    operation = withdrawal(maya, hostile, usd)
    client.force_login(omar)

    page = client.get(f"/approvals/{operation.reference}/").content.decode()

    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_a_request_whose_time_is_over_waits_no_more_though_nobody_has_moved_it(asked: Request) -> None:
    asked.valid_until = asked.requested_at + timedelta(hours=2)

    assert str(line_of(asked, asked.valid_until)[1]).startswith("Waited ")


def test_what_was_rejected_says_the_kind_of_reason_and_the_words(
    client: Browser, address: str, asked: Request, operation: Operation, omar: Person, maya: Person
) -> None:
    said = {"fingerprint": asked.fingerprint, "reason_code": "duplicate", "reason": "Paid on Monday."}
    client.force_login(omar)

    own = client.post(f"{address}reject/", said, follow=True).content.decode()
    client.force_login(maya)
    at_hers = client.get(f"/funding/{operation.reference}/").content.decode()

    assert "You have rejected this already." in own
    assert ". Already done or asked twice. “" in own
    assert "Already done or asked twice. “Paid on Monday.”" in at_hers
    assert "Asked by Maya Haddad, rejected by Omar Saleh" in at_hers
