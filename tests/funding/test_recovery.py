"""A partner that could not be reached is asked again soon after it can be (reliability.md §13)."""

from datetime import timedelta

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Lookup, Operation
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.recording import record_answer
from backoffice.funding.services.resolving import UNHEARD_AGAIN_AFTER
from backoffice.funding.states import State
from backoffice.mirror.partners import coinmena as our_client
from backoffice.orders.models import Order
from backoffice.partner.outcome import judge_post
from tests.funding.cast import deposit, looked_up, now, sent
from tests.partners import Partners


def in_doubt_for_long(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Operation:
    """Return an operation that was applied and whose look-ups have become rare."""
    operation = deposit(maya, noura, usd)
    coinmena.fault("close_after_apply", match={"method": "POST"})
    assert sent(operation).state == State.UNKNOWN
    since = now(operation).in_doubt_since
    assert since is not None
    Operation.objects.filter(pk=operation.pk).update(in_doubt_since=since - timedelta(minutes=2))
    return now(operation)


def test_what_got_no_answer_is_asked_again_soon(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = in_doubt_for_long(coinmena, maya, noura, usd)
    with coinmena.down():
        operation = looked_up(operation)

    asked_at = Lookup.objects.latest("id").asked_at
    assert operation.state == State.UNKNOWN
    assert operation.next_lookup_at is not None
    assert operation.next_lookup_at - asked_at <= UNHEARD_AGAIN_AFTER


def test_what_got_an_answer_keeps_its_schedule(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = in_doubt_for_long(coinmena, maya, noura, usd)
    coinmena.fault("read_lag", seconds=60)
    operation = looked_up(operation)

    asked_at = Lookup.objects.latest("id").asked_at
    assert operation.next_lookup_at is not None
    assert operation.next_lookup_at - asked_at >= timedelta(seconds=59)


def test_an_answer_written_down_late_does_not_undo_what_was_read_since(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    """The mirror keeps what the partner was asked for last, whoever writes first."""
    operation = deposit(maya, noura, usd, "1000.00")
    coinmena.fault("echo", match={"method": "POST"}, field="amount", value="1E+3")
    claimed = claim(operation.pk, "worker that is late")
    assert claimed is not None
    exchange = our_client().post_order(claimed.kind, claimed.body, send_by=claimed.send_by)
    Operation.objects.filter(pk=operation.pk).update(lease_until=clock.now())
    assert looked_up(operation).state == State.COMPLETED

    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    assert str(Order.objects.get(partner_order_ref=operation.reference).debit) == "1000.00"
