"""What may be the same payment is asked about on the form: orders that nothing here stands for, and rows that wait."""

from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.bulk.queries import equal_rows
from backoffice.funding.checks import checks_of
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.services.previewing import facts_of
from backoffice.funding.states import TERMINAL_STATES, State
from backoffice.funding.subject import OperationSubject
from tests.approving import approve
from tests.funding.bulk.files import a_manager, confirmed, created, csv_of, uploaded
from tests.funding.bulk.files import asked as asked_of
from tests.funding.cast import lost_order, withdrawal
from tests.funding.test_forms import asks_anew, filled, ticked
from tests.funding.test_rolling import stored
from tests.partners import Partners


@pytest.fixture
def desk(coinmena: Partners, client: Browser, maya: Person, noura: Client, usd: Asset) -> Browser:
    client.force_login(maya)
    return client


def test_a_lost_order_is_asked_about_with_its_number(coinmena: Partners, desk: Browser, maya: Person) -> None:
    desk.post("/funding/deposit/", filled())
    asked = desk.post("/funding/deposit/", filled())
    order = lost_order(coinmena, maya, "1000.00")

    since = desk.post("/funding/deposit/", ticked(asked))

    assert (since.status_code, asks_anew(since)) == (422, True)
    assert f'href="/orders/{order.pk}/"' in since.content.decode() and str(order) in since.content.decode()
    assert desk.post("/funding/deposit/", ticked(since)).status_code == 302


@pytest.mark.parametrize("difference", [{"amount": "1000.01"}, {"status": "failed"}, {"status": "rejected"}])
def test_a_lost_order_of_another_amount_or_that_moved_nothing_is_not_asked_about(
    coinmena: Partners, desk: Browser, maya: Person, difference: dict[str, str]
) -> None:
    lost_order(coinmena, maya, **{"amount": "1000.00", **difference})

    assert desk.post("/funding/deposit/", filled()).status_code == 302


def test_the_row_of_a_file_that_waits_is_asked_about_until_it_is_made(desk: Browser, maya: Person) -> None:
    file = asked_of(maya, csv_of("deposit,user_12345,USD,1000.00,Rent"))
    nadia = Person.objects.create_person(email="nadia@example.com", name="Nadia Karim", role=Role.FINANCE)
    desk.force_login(nadia)

    asked = desk.post("/funding/deposit/", filled())

    page = unescape(asked.content.decode())
    assert (asked.status_code, asks_anew(asked)) == (422, True)
    assert f'href="/funding/bulk/{file.pk}/"' in page and "payments.csv, line 2" in page
    assert "Maya Haddad" in page and "Waiting for approval" in page

    approve(Request.objects.get(), by=a_manager())
    [made] = created(file)
    since = desk.post("/funding/deposit/", ticked(asked))
    assert (since.status_code, asks_anew(since)) == (422, True), "the tick was for the row, and the operation is new"
    assert made.reference in since.content.decode() and "payments.csv, line 2" not in since.content.decode()


A_WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("state", "late", "is_asked"),
    [
        (State.PENDING_APPROVAL, None, True),
        (State.APPROVED, None, True),
        (State.UNKNOWN, None, True),
        (State.REVIEW, None, True),
        (State.COMPLETED, None, False),
        (State.COMPLETED, LateOrder.Kind.CHANGED, False),
        (State.FAILED, None, False),
        (State.REJECTED, None, False),
        (State.CANCELLED, None, False),
        (State.EXPIRED, None, False),
        (State.FAILED, LateOrder.Kind.COMPLETED, True),
        (State.EXPIRED, LateOrder.Kind.OPEN, True),
    ],
)
def test_what_was_asked_for_long_ago_is_asked_about_while_it_may_still_be_paid(
    desk: Browser, maya: Person, noura: Client, state: State, late: str | None, is_asked: bool
) -> None:
    asked_at = clock.now() - A_WEEK
    ended_at = asked_at if state in TERMINAL_STATES else None
    life = {"state": state, "requested_at": asked_at, "ended_at": ended_at, "asset_id": "USD", "client": 0}
    stored({**life, "amount": Decimal(1000), "late": late and (late, asked_at)}, maya, [noura])

    asked = desk.post("/funding/deposit/", filled())

    assert asked.status_code == (422 if is_asked else 302)
    assert asks_anew(asked) is is_asked
    if is_asked:
        assert Operation.objects.get().reference in asked.content.decode()
        assert desk.post("/funding/deposit/", ticked(asked)).status_code == 302


TURNED_UP = "but an order of it turned up"


@pytest.mark.parametrize(
    ("state", "late", "is_said"),
    [
        (State.APPROVED, None, False),
        (State.COMPLETED, None, False),
        (State.COMPLETED, LateOrder.Kind.VANISHED, False),
        (State.FAILED, None, False),
        (State.FAILED, LateOrder.Kind.COMPLETED, True),
        (State.FAILED, LateOrder.Kind.OPEN, True),
        (State.EXPIRED, LateOrder.Kind.COMPLETED, True),
    ],
)
def test_what_ended_without_effect_says_that_an_order_of_it_turned_up_wherever_it_is_listed(
    desk: Browser, maya: Person, noura: Client, state: State, late: str | None, is_said: bool
) -> None:
    now = clock.now()
    ended_at = now if state in TERMINAL_STATES else None
    life = {"state": state, "requested_at": now, "ended_at": ended_at, "asset_id": "USD", "client": 0}
    stored({**life, "amount": Decimal(1000), "late": late and (late, now)}, maya, [noura])
    file = uploaded(maya, csv_of("deposit,user_12345,USD,1000.00,Rent"))

    form = desk.post("/funding/deposit/", filled())
    [alike] = equal_rows(file, clock.now())

    assert asks_anew(form)
    assert (TURNED_UP in form.content.decode()) is is_said
    assert [TURNED_UP in one.state for one in alike.requests] == [is_said]
    assert (TURNED_UP in desk.get(f"/funding/bulk/{file.pk}/").content.decode()) is is_said


def test_what_was_completed_today_is_asked_about_whenever_it_was_asked_for(
    desk: Browser, maya: Person, noura: Client
) -> None:
    life = {"state": State.COMPLETED, "asset_id": "USD", "client": 0, "amount": Decimal(1000)}
    stored({**life, "requested_at": clock.now() - A_WEEK, "ended_at": clock.now() - timedelta(hours=1)}, maya, [noura])

    assert asks_anew(desk.post("/funding/deposit/", filled()))


def test_a_row_of_a_file_is_held_against_what_has_been_open_for_long(
    desk: Browser, maya: Person, noura: Client
) -> None:
    life = {"state": State.REVIEW, "asset_id": "USD", "client": 0, "amount": Decimal(1000), "ended_at": None}
    stored({**life, "requested_at": clock.now() - A_WEEK}, maya, [noura])
    file = uploaded(maya, csv_of("deposit,user_12345,USD,1000.00,Rent"))

    [alike] = equal_rows(file, clock.now())

    assert (alike.lines, alike.keys) == ([2], [Operation.objects.get().reference])


@pytest.mark.parametrize("state", ["checked", "refused"])
def test_a_row_that_nobody_confirmed_or_that_was_refused_is_not_asked_about(
    desk: Browser, maya: Person, state: str
) -> None:
    content = csv_of("deposit,user_12345,USD,1000.00,Rent")
    if state == "checked":
        uploaded(maya, content)
    else:
        file = confirmed(maya, content)
        Asset.objects.update(depositable=False)
        assert created(file) == []
        Asset.objects.update(depositable=True)

    assert desk.post("/funding/deposit/", filled()).status_code == 302


def test_whoever_approves_is_shown_the_lost_order_and_reads_that_request_by_itself(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd, "5.00")
    order = lost_order(coinmena, maya, "5.00", type="withdrawal")

    said = OperationSubject().unusual([Request.objects.get()])
    verdict = next(one for one in checks_of(facts_of(operation, is_fresh=False)) if one.text == "An equal payment")

    assert list(said.values()) == ["CoinMENA holds an order of an equal payment that is not known here."]
    assert [(link.text, link.url) for link in verdict.links] == [(str(order), f"/orders/{order.pk}/")]
    assert f"an order under {order.partner_order_ref}, which is not known here" in str(verdict.links[0].sub)
