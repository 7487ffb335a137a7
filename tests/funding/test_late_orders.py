"""An order that speaks against how an operation ended is found without luck, kept once, linked, and changes nothing."""

from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.pages import effect_sentence
from backoffice.funding.policies import why_not_copy
from backoffice.funding.services import late_orders
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.claiming import Claim, claim
from backoffice.funding.services.late_orders import settle, watch
from backoffice.funding.services.recording import record_answer
from backoffice.funding.states import State
from backoffice.mirror.incidents import report_vanished
from backoffice.mirror.models import Incident, Mirror
from backoffice.mirror.partners import coinmena as our_client
from backoffice.orders.services import ORDERS, NoSuchOrder, NotRead, look_up_order, reread_order, sync_orders
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import judge_post
from tests.funding.cast import deposit, looked_up, now, sent
from tests.funding.closings import asked, in_review, landed, signed
from tests.partners import Partners


@pytest.fixture
def failed(coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset) -> Operation:
    """A deposit that two people closed as failed."""
    return signed(asked(in_review(coinmena, maya, noura, usd), maya), omar)


def carried_out(operation: Operation) -> tuple[Claim, Exchange]:
    """Let CoinMENA carry out what a worker claimed; the answer is not written down yet."""
    claimed = claim(operation.pk, "worker 1")
    assert claimed is not None
    return claimed, our_client().post_order(claimed.kind, claimed.body)


def test_an_order_that_lands_after_two_people_closed_it_is_caught_and_linked(
    coinmena: Partners, failed: Operation, maya: Person, client: Browser
) -> None:
    order = landed(coinmena, failed)
    look_up_order(text=failed.reference, by=maya)

    assert watch() == 1

    [late] = LateOrder.objects.all()
    assert (late.operation, late.kind, late.order_id) == (failed, LateOrder.Kind.COMPLETED, order)
    assert now(failed).state == State.FAILED, "what has ended is never edited"
    assert Entry.objects.filter(event="late_order.found", object_id=failed.reference).count() == 1
    client.force_login(maya)
    assert f"/orders/{order}/" in client.get(f"/funding/{failed.reference}/").content.decode()
    assert f"/funding/{failed.reference}/" in client.get(f"/orders/{order}/").content.decode()


def test_an_answer_written_down_after_its_order_was_taken_back_completes_and_is_told(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    claimed, exchange = carried_out(operation)
    [order] = coinmena.orders_under(operation.reference)
    coinmena.change_order(order["id"], status="failed")
    look_up_order(text=operation.reference, by=maya)
    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    assert [watch(), watch(), watch(lately=False)] == [1, 0, 0]

    [late] = LateOrder.objects.all()
    assert (now(operation).state, late.kind, late.order_id) == (State.COMPLETED, LateOrder.Kind.CHANGED, order["id"])


#: What stands between us and CoinMENA, answering "not found" in its place.
DENIALS: Final = {
    "a gateway": [("html", {"status": 404, "title": "404 Not Found"})],
    "a cache": [("envelope", {"status": 404, "code": 404, "headers": {"Age": "30"}})],
    "a cache of now": [("envelope", {"status": 404, "code": 404, "headers": {"Age": "0"}})],
    "without a date": [("headers", {"remove": ["Date"]}), ("envelope", {"status": 404, "code": 404})],
}


@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS)
@pytest.mark.parametrize("how", ["the mirror", "Read again"])
def test_a_not_found_that_is_not_the_partners_own_frees_no_copy(
    coinmena: Partners, failed: Operation, maya: Person, omar: Person, denial: list[Any], how: str
) -> None:
    order = landed(coinmena, failed, status="pending")
    look_up_order(text=failed.reference, by=maya)
    watch()
    for kind, options in denial:
        by_id = {"path": f"/v1/partner/orders/{order}", "method": "GET"}
        coinmena.fault(kind, match=by_id, times=None, **options)
    if how == "the mirror":
        sync_orders()
    else:
        with pytest.raises(NotRead) as refused:
            reread_order(order_id=order, by=maya)
        assert not isinstance(refused.value, NoSuchOrder)

    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA no longer lists it.", by=omar)

    assert why_not_copy(failed)


def test_the_same_order_is_reported_once(coinmena: Partners, failed: Operation, maya: Person) -> None:
    landed(coinmena, failed)
    look_up_order(text=failed.reference, by=maya)

    assert [watch(), watch(), watch(lately=False)] == [1, 0, 0]
    assert Incident.objects.filter(kind="after_end").count() == 1


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_an_order_without_effect_speaks_against_nothing(
    coinmena: Partners, failed: Operation, maya: Person, status: str
) -> None:
    landed(coinmena, failed, status=status)
    look_up_order(text=failed.reference, by=maya)

    assert watch() == 0


def test_an_order_that_turns_up_unfinished_is_reported_and_again_when_it_completes(
    coinmena: Partners, failed: Operation, maya: Person
) -> None:
    order = landed(coinmena, failed, status="pending")
    look_up_order(text=failed.reference, by=maya)
    assert watch() == 1

    coinmena.change_order(order, status="completed")
    look_up_order(text=failed.reference, by=maya)

    assert watch() == 1
    assert set(LateOrder.objects.values_list("kind", flat=True)) == {"open", "completed"}


def test_an_operation_that_ended_long_ago_is_found_by_the_hourly_pass(
    coinmena: Partners, failed: Operation, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(coinmena, failed)
    look_up_order(text=failed.reference, by=maya)
    monkeypatch.setattr("backoffice.funding.services.late_orders.LATELY", -timedelta(seconds=60))

    assert [watch(), watch(lately=False)] == [0, 1]


def test_a_late_answer_brings_its_order_to_light_by_itself(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    claimed, exchange = carried_out(operation)
    Operation.objects.filter(pk=operation.pk).update(state=State.APPROVED)
    cancel_operation(operation_id=operation.pk, by=maya)

    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    [late] = LateOrder.objects.all()
    assert (late.operation, late.kind) == (operation, LateOrder.Kind.COMPLETED)
    assert now(operation).state == State.CANCELLED
    assert watch() == 0


def test_a_completed_order_that_changes_is_reported_on_its_operation(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd))
    coinmena.change_order(operation.partner_order_id or 0, amount="1.00")
    look_up_order(text=operation.reference, by=maya)

    assert watch() == 1
    [late] = LateOrder.objects.all()
    assert (late.operation, late.kind, late.incident.kind) == (operation, LateOrder.Kind.CHANGED, "changed")
    assert now(operation).state == State.COMPLETED


def test_a_completed_order_that_vanishes_is_reported_on_its_operation(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd))
    report_vanished(ORDERS, [operation.partner_order_id])

    assert watch() == 1
    assert LateOrder.objects.get().kind == LateOrder.Kind.VANISHED


BROKEN = [LateOrder.Kind.CHANGED, LateOrder.Kind.VANISHED]
AHEAD = {"clock_ahead": timedelta(hours=6), "clock_right": timedelta(0)}


def test_settling_a_late_order_hides_nothing_that_happened_before(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd))
    coinmena.change_order(operation.partner_order_id or 0, status="failed")
    look_up_order(text=operation.reference, by=maya)
    assert watch() == 1
    report_vanished(ORDERS, [operation.partner_order_id])
    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA was told.", by=omar)

    assert watch() == 1

    assert set(LateOrder.objects.values_list("kind", flat=True)) == {"changed", "vanished"}


def test_a_report_that_failed_is_made_by_the_next_pass(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = sent(deposit(maya, noura, usd))
    coinmena.change_order(operation.partner_order_id or 0, status="failed")
    look_up_order(text=operation.reference, by=maya)
    report_vanished(ORDERS, [operation.partner_order_id])
    report, reported = late_orders._report, list[late_orders.Found]()

    def once(found: late_orders.Found) -> bool:
        if reported:
            raise OperationalError("the lock took too long") from LockNotAvailable()
        reported.append(found)
        return report(found)

    with monkeypatch.context() as stumbling:
        stumbling.setattr(late_orders, "_report", once)
        assert watch() == 1

    assert watch() == 1

    assert set(LateOrder.objects.values_list("kind", flat=True)) == {"changed", "vanished"}


@pytest.mark.parametrize("ahead", AHEAD.values(), ids=AHEAD)
@pytest.mark.parametrize("kind", BROKEN)
def test_an_end_dated_ahead_hides_nothing_that_happens_to_its_order(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    monkeypatch: pytest.MonkeyPatch,
    ahead: timedelta,
    kind: LateOrder.Kind,
) -> None:
    """Not while the clock has not reached that moment again, and not after."""
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + ahead)
    operation = sent(deposit(maya, noura, usd))
    monkeypatch.setattr(clock, "now", real)
    break_order(coinmena, operation, kind, by=maya)
    monkeypatch.setattr(clock, "now", lambda: real() + 2 * ahead)

    assert watch(lately=False) == 1
    assert (LateOrder.objects.get().operation, LateOrder.objects.get().kind) == (operation, kind)


@pytest.mark.parametrize("ahead", AHEAD.values(), ids=AHEAD)
def test_what_happened_to_an_order_before_the_end_is_not_late(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    monkeypatch: pytest.MonkeyPatch,
    ahead: timedelta,
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    order = look_up_order(text=operation.reference, by=maya)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + ahead)
    report_vanished(ORDERS, [order.pk])
    monkeypatch.setattr(clock, "now", real)
    assert looked_up(operation).state == State.COMPLETED

    assert watch() == 0


def break_order(coinmena: Partners, operation: Operation, kind: LateOrder.Kind, *, by: Person) -> None:
    """Change the order an operation was completed with, or take it off the list."""
    if kind is LateOrder.Kind.VANISHED:
        report_vanished(ORDERS, [operation.partner_order_id])
    else:
        coinmena.change_order(operation.partner_order_id or 0, status="failed")
        look_up_order(text=operation.reference, by=by)


def mend_order(coinmena: Partners, operation: Operation, *, by: Person) -> None:
    """Let CoinMENA show the order again as it was."""
    coinmena.change_order(operation.partner_order_id or 0, status="completed")
    look_up_order(text=operation.reference, by=by)


@pytest.mark.parametrize("kind", BROKEN)
def test_what_happens_again_after_it_was_settled_is_a_late_order_of_its_own(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset, kind: LateOrder.Kind
) -> None:
    operation = sent(deposit(maya, noura, usd))
    break_order(coinmena, operation, kind, by=maya)
    watch()
    first = settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA was told.", by=omar)
    assert [watch(), watch(lately=False)] == [0, 0], "what was settled is not told again"

    mend_order(coinmena, operation, by=maya)
    break_order(coinmena, operation, kind, by=maya)

    assert [watch(), watch(lately=False)] == [1, 0]
    again = LateOrder.objects.get(settled_at=None)
    assert (again.operation, again.kind, again.incident_id > first.incident_id) == (operation, kind, True)
    assert Entry.objects.filter(event="late_order.found", object_id=operation.reference).count() == 2


@pytest.mark.parametrize("kind", BROKEN)
def test_what_happens_again_while_the_first_is_open_waits_until_that_is_settled(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset, kind: LateOrder.Kind
) -> None:
    operation = sent(deposit(maya, noura, usd))
    break_order(coinmena, operation, kind, by=maya)
    watch()
    mend_order(coinmena, operation, by=maya)
    break_order(coinmena, operation, kind, by=maya)
    assert [watch(), watch(lately=False)] == [0, 0]

    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA was told.", by=omar)

    assert watch() == 1


def test_what_happened_before_the_end_is_not_late_for_having_happened_again_after(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    order = look_up_order(text=operation.reference, by=maya)
    report_vanished(ORDERS, [order.pk])
    operation = looked_up(operation)
    mend_order(coinmena, operation, by=maya)

    report_vanished(ORDERS, [order.pk])

    assert watch() == 1
    assert LateOrder.objects.get().incident == Incident.objects.latest("pk")
    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA was told.", by=omar)
    assert watch() == 0


def test_the_database_keeps_no_late_order_twice(
    coinmena: Partners, failed: Operation, maya: Person, omar: Person
) -> None:
    """Not while it is open, not of one incident, and an order that completed not even after it was settled."""
    late = settled(coinmena, failed, maya, omar, status="completed")
    keep = partial(LateOrder.objects.create, operation=failed, order_id=late.order_id, seen_at=late.seen_at)

    with pytest.raises(IntegrityError, match="one_late_order_against_no_effect"), transaction.atomic():
        keep(kind=LateOrder.Kind.COMPLETED, incident=report_incident())
    with pytest.raises(IntegrityError, match="one_late_order_per_incident"), transaction.atomic():
        keep(kind=LateOrder.Kind.VANISHED, incident=late.incident)
    keep(kind=LateOrder.Kind.VANISHED, incident=report_incident())
    with pytest.raises(IntegrityError, match="one_open_late_order_of_a_kind"), transaction.atomic():
        keep(kind=LateOrder.Kind.VANISHED, incident=report_incident())


def test_nothing_is_copied_while_an_order_speaks_against_its_end(
    coinmena: Partners, failed: Operation, maya: Person
) -> None:
    assert not why_not_copy(failed)
    landed(coinmena, failed)
    look_up_order(text=failed.reference, by=maya)
    assert "could pay twice" in why_not_copy(failed), "even before anybody has looked"

    watch()
    assert "could pay twice" in why_not_copy(failed)


@pytest.mark.parametrize("status", ["completed", "pending"])
def test_settling_frees_no_copy_while_the_order_stands(
    coinmena: Partners, failed: Operation, maya: Person, omar: Person, client: Browser, status: str
) -> None:
    """Whatever a manager writes moves no money back: whoever wants to pay again makes a new operation."""
    waiting = deposit(maya, failed.client, failed.asset, copy_of=failed)
    late = settled(coinmena, failed, maya, omar, status=status)

    assert sent(waiting).state == State.APPROVED
    assert coinmena.orders_under(waiting.reference) == []
    client.force_login(maya)
    assert "no copy is made or sent" in client.get(f"/funding/{failed.reference}/").content.decode()
    page = client.get(f"/funding/{waiting.reference}/").content.decode()
    assert "could pay twice" in page and "cancels it" in page, "why it is held, and the way out"

    report_vanished(ORDERS, [late.order_id])
    assert sent(waiting).state == State.APPROVED, "a list that leaves it out later frees nothing by itself"
    assert cancel_operation(operation_id=waiting.pk, by=maya).state == State.CANCELLED


def test_settling_says_what_follows_from_it(
    coinmena: Partners, failed: Operation, maya: Person, omar: Person, client: Browser
) -> None:
    landed(coinmena, failed)
    look_up_order(text=failed.reference, by=maya)
    watch()
    client.force_login(omar)
    address = f"/funding/{failed.reference}/late/{LateOrder.objects.get().pk}/"

    told = client.post(address, {"settlement": "CoinMENA was told."}, follow=True).content.decode()

    assert "Settled. The operation stays as it ended. It stood when this was settled, so no copy" in told
    assert "could pay twice" in why_not_copy(failed)


def test_settling_frees_a_copy_once_the_order_has_ended_without_effect(
    coinmena: Partners, failed: Operation, maya: Person, omar: Person
) -> None:
    late = settled(coinmena, failed, maya, omar, status="pending")

    coinmena.change_order(late.order_id, status="rejected")
    look_up_order(text=failed.reference, by=maya)

    assert not why_not_copy(failed)


def test_settling_frees_a_copy_of_what_has_vanished_until_it_is_back(
    coinmena: Partners, failed: Operation, maya: Person, omar: Person
) -> None:
    landed(coinmena, failed)
    order = look_up_order(text=failed.reference, by=maya)
    watch()
    report_vanished(ORDERS, [order.pk])
    assert "could pay twice" in why_not_copy(failed), "nobody has settled it"

    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA took it back.", by=omar)
    assert not why_not_copy(failed)

    look_up_order(text=failed.reference, by=maya)
    assert "could pay twice" in why_not_copy(failed)


def test_an_order_that_the_mirror_could_not_take_keeps_copies_away_when_settled(
    coinmena: Partners, failed: Operation, omar: Person
) -> None:
    incident = report_incident()
    late = LateOrder.objects.create(
        operation=failed, kind=LateOrder.Kind.COMPLETED, order_id=77, incident=incident, seen_at=incident.seen_at
    )
    settle(late_order_id=late.pk, settlement="CoinMENA was told.", by=omar)

    assert "could pay twice" in why_not_copy(failed)


def settled(coinmena: Partners, failed: Operation, finance: Person, manager: Person, *, status: str) -> LateOrder:
    """Let an order land after the end, be found and be settled while it stands."""
    landed(coinmena, failed, status=status)
    look_up_order(text=failed.reference, by=finance)
    watch()
    return settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA was told.", by=manager)


def report_incident() -> Incident:
    seen = {"sentence": "This order is completed.", "seen_at": timezone.now()}
    return Incident.objects.create(mirror=Mirror.ORDERS, kind="after_end", object_id="77", **seen)


def test_a_manager_settles_it_once(coinmena: Partners, failed: Operation, maya: Person, omar: Person) -> None:
    landed(coinmena, failed)
    look_up_order(text=failed.reference, by=maya)
    watch()
    late = LateOrder.objects.get()

    with pytest.raises(Refused):
        settle(late_order_id=late.pk, settlement="Nothing to see", by=maya)
    settle(late_order_id=late.pk, settlement="Booked as an outside order; CoinMENA was told.", by=omar)
    with pytest.raises(Conflict):
        settle(late_order_id=late.pk, settlement="Again", by=omar)
    with pytest.raises(DatabaseError), transaction.atomic():
        LateOrder.objects.filter(pk=late.pk).update(settlement="Something else")
    assert watch() == 0, "the order of an end without effect is told once"
    assert Entry.objects.filter(event="late_order.settled").count() == 1
    assert "settled apart" in effect_sentence(failed), "the order may have moved money: nobody says it had no effect"


def test_the_pass_over_the_mirror_uses_its_indexes(db: None) -> None:
    """However many orders there are, each operation that ended costs one look into an index."""
    with CaptureQueriesContext(connection) as asked_for:
        watch()
    [statement] = [one["sql"] for one in asked_for if "funding_lateorder" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + statement)
        plan = " ".join(row[0] for row in cursor.fetchall())

    assert "Seq Scan" not in plan
    assert "order_by_reference_prefix" in plan
