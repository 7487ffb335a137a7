"""Whoever tries a payment again has CoinMENA asked once more for what failed: however late its order appeared."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.services import predecessors
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.states import State
from backoffice.mirror.limits import DatabaseBucket
from backoffice.partner.coinmena.answers import OrderLookup
from backoffice.partner.coinmena.client import CoinmenaClient
from tests.funding.cast import deposit, now, sent
from tests.funding.closings import asked, in_review, landed, signed
from tests.funding.doubt import LOOKUPS, date_in
from tests.funding.following import followed
from tests.partners import Partners, minutes_ago

THREE_DAYS = 3 * 24 * 60


@pytest.fixture
def failed(coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset) -> Operation:
    """A deposit that two people closed as failed, after a request for it had left."""
    return signed(asked(in_review(coinmena, maya, noura, usd), maya), omar)


@pytest.fixture
def desk(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


@pytest.mark.parametrize(("status", "kind"), [("completed", "completed"), ("pending", "open")])
def test_an_order_that_appeared_days_late_keeps_a_retry_from_being_made(
    coinmena: Partners, failed: Operation, desk: Browser, status: str, kind: str
) -> None:
    order = landed(coinmena, failed, status=status, created_at=minutes_ago(THREE_DAYS))

    assert followed(desk, failed)[0] in (409, 422)

    assert not Operation.objects.filter(copy_of=failed).exists()
    late = LateOrder.objects.get()
    assert (late.operation, late.order_id, late.kind) == (failed, order, kind)


@pytest.mark.parametrize("status", [None, "failed"])
def test_a_retry_is_made_where_nothing_moved(
    coinmena: Partners, failed: Operation, desk: Browser, status: str | None
) -> None:
    if status:
        landed(coinmena, failed, status=status)

    assert followed(desk, failed)[0] == 302

    assert sent(Operation.objects.get(copy_of=failed)).state == State.COMPLETED
    assert not LateOrder.objects.exists()


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "envelope", "status": 500, "code": 5000},
        {"kind": "html", "status": 404, "title": "404 Not Found"},
        {"kind": "headers", "set": {"Age": "30"}},
        {"kind": "headers", "set": {"Date": date_in(-3600)}},
    ],
    ids=["trouble", "gateway", "cache", "cache that only its date gives away"],
)
def test_without_a_word_of_coinmenas_nothing_is_made_and_what_was_typed_stays(
    coinmena: Partners, failed: Operation, desk: Browser, trouble: dict[str, Any]
) -> None:
    coinmena.fault(**trouble, match=LOOKUPS, times=None)

    status, page = followed(desk, failed)

    assert status == 422
    assert f"did not say whether it has an order of {failed.reference} by now" in page and failed.reason in page
    assert not Operation.objects.filter(copy_of=failed).exists()
    coinmena.clear_faults()
    assert followed(desk, failed)[0] == 302


@pytest.mark.parametrize("status", ["failed", "completed"])
def test_an_order_of_another_reference_is_no_word_about_this_one(
    coinmena: Partners, failed: Operation, desk: Browser, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    landed(coinmena, failed, status=status)
    ask = CoinmenaClient.order_by_reference

    def another(client: CoinmenaClient, reference: str) -> OrderLookup:
        lookup = ask(client, reference)
        assert lookup.order is not None
        return replace(lookup, order=lookup.order.model_copy(update={"partner_order_ref": "dep-2026-another1"}))

    monkeypatch.setattr(CoinmenaClient, "order_by_reference", another)

    assert followed(desk, failed)[0] == 422

    assert not Operation.objects.filter(copy_of=failed).exists()
    assert not LateOrder.objects.exists()


def test_trouble_in_our_own_count_of_requests_loses_nothing_that_was_typed(
    failed: Operation, desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_asked: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(DatabaseBucket, "acquire", broken)
    monkeypatch.setattr(predecessors, "connection", Mock())  # of a test, nobody closes the transaction

    status, page = followed(desk, failed)

    assert status == 422 and failed.reason in page


def test_what_is_open_is_not_asked_for_before_its_first_request(
    coinmena: Partners, desk: Browser, maya: Person, noura: Client, usd: Asset
) -> None:
    still_open = deposit(maya, noura, usd)

    assert followed(desk, still_open)[0] == 409

    assert not still_open.lookups.exists()


def test_of_what_was_sent_to_another_environment_this_one_is_not_asked(
    coinmena: Partners, failed: Operation, desk: Browser, omar: Person, settings: Settings
) -> None:
    settings.COINMENA_PARTNER_ID = "another-partner"
    before = failed.lookups.count()

    status, page = followed(desk, failed)

    assert (status, failed.lookups.count()) == (422, before)
    assert "these are not the settings of the last payment" in page


def test_of_the_whole_chain_each_that_was_approved_is_asked_for(
    coinmena: Partners, failed: Operation, desk: Browser, maya: Person
) -> None:
    cancelled = deposit(maya, failed.client, failed.asset, copy_of=failed)
    cancel_operation(operation_id=cancelled.pk, by=maya)
    landed(coinmena, failed, created_at=minutes_ago(THREE_DAYS))

    assert followed(desk, now(cancelled))[0] in (409, 422)

    assert LateOrder.objects.get().operation == failed


def test_a_form_that_is_sent_twice_asks_once_and_leads_to_what_it_made(
    coinmena: Partners, failed: Operation, desk: Browser
) -> None:
    token = str(uuid4())
    before = failed.lookups.count()

    assert [followed(desk, failed, token)[0] for _click in range(2)] == [302, 302]

    assert failed.lookups.count() == before + 1
    assert Operation.objects.filter(copy_of=failed).count() == 1
