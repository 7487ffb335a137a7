"""What may be the same payment is asked about on the form: orders that nothing here stands for, and rows that wait."""

from html import unescape

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.checks import checks_of
from backoffice.funding.services.previewing import facts_of
from backoffice.funding.subject import OperationSubject
from tests.approving import approve
from tests.funding.bulk.files import a_manager, confirmed, created, csv_of, uploaded
from tests.funding.bulk.files import asked as asked_of
from tests.funding.cast import lost_order, withdrawal
from tests.funding.test_forms import asks_anew, filled, ticked
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
