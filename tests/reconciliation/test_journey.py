"""The partner's walk-through, reconciled: operations really sent to the sandbox, orders really read from it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.orders.services import sync_orders
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import ExceptionItem, Run
from backoffice.reconciliation.services import exceptions
from backoffice.reconciliation.services.running import reconcile
from tests.factors import with_code
from tests.funding.cast import NOURA, approved_by, deposit, looked_up, mirrored_asset, mirrored_client, sent, withdrawal
from tests.funding.closings import asked, reviewed, signed
from tests.funding.doubt import PAST, Travel, travel
from tests.partners import Partners

__all__ = ["travel"]


@pytest.fixture
def coinmena(committed: str, partners: Partners) -> Partners:
    """CoinMENA with Noura, its orders read to their end a moment ago."""
    partners.make_client(NOURA)
    partners.adjust(NOURA, "USD", change="2000.00")
    sync_orders()
    return partners


@pytest.fixture
def noura(coinmena: Partners) -> Client:
    return mirrored_client()


@pytest.fixture
def usd(coinmena: Partners) -> Asset:
    return mirrored_asset()


def today(by: Person) -> Run:
    now = timezone.now()
    return reconcile(window_from=now - timedelta(hours=12), window_to=now + timedelta(hours=12), by=by)


def test_a_deposit_and_a_withdrawal_of_a_moment_ago_match(
    noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    assert sent(deposit(maya, noura, usd, "1000.00")).state == State.COMPLETED
    assert sent(approved_by(omar, withdrawal(maya, noura, usd, "500.00"))).state == State.COMPLETED
    run = today(maya)
    assert (run.counts, run.exceptions_count, run.pending_count) == ({"matched": 2}, 0, 0)
    (total,) = run.totals
    assert Decimal(total["ours_net"]) == Decimal(total["theirs_net"]) == Decimal("500.00")


def test_the_last_minutes_are_never_called_complete(noura: Client, maya: Person) -> None:
    run = today(maya)
    assert not run.is_complete
    assert "read up to" in run.incomplete_because


def test_a_refusal_of_a_moment_ago_is_not_judged_before_the_orders_are_read(
    noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    failed = sent(approved_by(omar, withdrawal(maya, noura, usd, "99999.00")))
    assert failed.state == State.FAILED
    assert today(maya).counts == {"mirror_behind": 1}


def test_an_answer_that_was_lost_is_too_early_until_it_is_proven(
    noura: Client, usd: Asset, coinmena: Partners, maya: Person
) -> None:
    coinmena.fault("close_after_apply", match={"path": "/v1/partner/deposits"})
    doubtful = sent(deposit(maya, noura, usd, "1000.00"))
    assert doubtful.state == State.UNKNOWN
    assert today(maya).counts == {"too_early": 1}
    assert looked_up(doubtful).state == State.COMPLETED
    assert today(maya).counts == {"matched": 1}


def test_an_order_keyed_in_elsewhere_is_extra(noura: Client, coinmena: Partners, maya: Person) -> None:
    coinmena.make_order(NOURA, amount="77.00")
    sync_orders()
    run = today(maya)
    assert run.counts == {"extra_at_partner": 1}
    assert run.totals[0]["difference"] == "77.00"


def test_what_was_keyed_in_for_a_lost_deposit_is_linked_only_once_it_cannot_be_sent_again(
    noura: Client, usd: Asset, coinmena: Partners, travel: Travel, maya: Person
) -> None:
    sent(deposit(maya, noura, usd, "1.00"))  # the positive control
    coinmena.fault("close_before_apply", match={"path": "/v1/partner/deposits"})
    doubtful = sent(deposit(maya, noura, usd, "1000.00"))
    coinmena.make_order(NOURA, amount="1000.00")
    sync_orders()
    take_in(today(maya))
    extra = ExceptionItem.objects.get(verdict="extra_at_partner")
    said: dict[str, Any] = {"reference": doubtful.reference, "text": "CoinMENA confirmed: this is it.", "by": maya}
    assert not exceptions.link([extra.pk], **said)[0].is_done
    reviewed(doubtful)
    assert exceptions.link([extra.pk], **said)[0].is_done
    before = coinmena.balance(NOURA, "USD")
    for seconds in (PAST, PAST + 60, 2 * PAST):
        travel(seconds)
        assert looked_up(doubtful).state == State.REVIEW
    assert (coinmena.balance(NOURA, "USD"), doubtful.attempts.count()) == (before, 1)


def test_whoever_closes_an_operation_reads_which_order_was_linked_to_it(
    noura: Client, usd: Asset, coinmena: Partners, maya: Person, omar: Person, client: Browser
) -> None:
    operation, extra = in_review_beside_an_order(coinmena, maya, noura, usd)
    sentence = f"{maya.name} linked order {extra.order_id} to it, which stands under another reference"
    form = f"/funding/{operation.reference}/close/"
    client.force_login(maya)
    assert sentence not in client.get(form).content.decode()

    assert exceptions.link([extra.pk], reference=operation.reference, text="Same minute.", by=maya)[0].is_done

    advice = f"{sentence}. If that is this payment, it was made: a copy would pay it twice."
    for url in (form, f"/funding/{operation.reference}/"):
        assert advice in client.get(url).content.decode()
    page = client.get(f"/funding/{operation.reference}/").content.decode()
    assert (f"Order {extra.order_id}<" in page, "Linked to an operation in review<" in page) == (True, True)
    closing = asked(operation, maya)
    client.force_login(omar)
    consequence = f"No copy of it can be made, since order {extra.order_id} was linked to it."
    for answer in (client.get(f"/approvals/{closing.key}/"), client.post(f"/approvals/{closing.key}/preview/")):
        page = answer.content.decode()
        assert (sentence in page, consequence in page, "make one copy" in page) == (True, True, False)
    assert signed(closing, omar).state == State.FAILED, "two people decide"


def test_what_an_order_was_linked_to_is_not_tried_again(
    noura: Client, usd: Asset, coinmena: Partners, maya: Person, omar: Person, client: Browser
) -> None:
    """It can only be closed as failed, and whoever reads that of a payment tries it again."""
    operation, extra = in_review_beside_an_order(coinmena, maya, noura, usd)
    assert exceptions.link([extra.pk], reference=operation.reference, text="Same minute.", by=maya)[0].is_done
    assert signed(asked(operation, maya), omar).state == State.FAILED
    operation.refresh_from_db()

    sentence = f"Order {extra.order_id} was linked to it. If that was not this payment, make a new operation."
    with pytest.raises(Conflict, match=sentence):
        deposit(maya, noura, usd, "1000.00", copy_of=operation)
    client.force_login(maya)
    page = client.get(f"/funding/{operation.reference}/").content.decode()
    assert ("copy_of" in page, sentence in page) == (False, True)


def test_nobody_signs_a_closing_that_was_asked_for_before_an_order_was_linked(
    noura: Client, usd: Asset, coinmena: Partners, maya: Person, omar: Person, client: Browser
) -> None:
    operation, extra = in_review_beside_an_order(coinmena, maya, noura, usd)
    closing = asked(operation, maya)
    client.force_login(omar)
    fingerprint = closing.fingerprint

    assert exceptions.link([extra.pk], reference=operation.reference, text="Same minute.", by=maya)[0].is_done

    assert "Something new was found" in client.get(f"/approvals/{closing.key}/").content.decode()
    signing = with_code(omar, fingerprint=fingerprint, note="Read and compared")
    assert client.post(f"/approvals/{closing.key}/approve/", signing).status_code == 409
    operation.refresh_from_db()
    assert operation.state == State.REVIEW


def in_review_beside_an_order(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> tuple[Operation, ExceptionItem]:
    """Return a deposit nobody could prove, and the order that somebody made for it under no reference of ours."""
    coinmena.fault("close_before_apply", match={"path": "/v1/partner/deposits"})
    operation = reviewed(sent(deposit(maya, noura, usd, "1000.00")))
    coinmena.make_order(NOURA, amount="1000.00")
    sync_orders()
    take_in(today(maya))
    return operation, ExceptionItem.objects.get(verdict="extra_at_partner")
