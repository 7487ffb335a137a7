"""When a "not found" proves absence (reliability.md §6): each condition by itself, and what outweighs all six."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.closing.findings import findings_of
from backoffice.funding.models import Operation
from backoffice.funding.services.absence import MOST_PAGES, FoundInList, bound_of, is_not_listed, quarantine
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.services.recording import TURNED_UP, record_answer
from backoffice.funding.states import State
from backoffice.funding.timeline import story_of
from backoffice.mirror.partners import coinmena as our_client
from backoffice.orders.services import mirror_order
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.coinmena.payloads import Order
from backoffice.partner.outcome import judge_post
from backoffice.partner.pages import Page, UnreadableRow
from tests.funding.cast import NOURA, deposit, looked_up, now, sent
from tests.funding.doubt import PAST, POST, Travel, date_in, halt, last_answer
from tests.partners import Partners, minutes_ago


def hide(coinmena: Partners, operation: Operation, seconds: float = PAST) -> None:
    """Let every look-up of one reference answer "not found", though the partner may have the order."""
    match = {"method": "GET", "reference": operation.reference}
    coinmena.fault("envelope", match=match, times=None, status=404, code=404, headers={"Date": date_in(seconds)})


def test_after_a_restore_a_not_found_counts_as_late_as_after_a_request_that_the_backup_does_not_know(
    in_doubt: Operation, travel: Travel
) -> None:
    travel(PAST)
    lock = freeze_after_restore(backup_at=clock.now(), by=System("restore"))

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert not last_answer(in_doubt).counts
    assert bound_of(attempts_of(in_doubt)) == lock.frozen_at + quarantine()
    assert story_of(in_doubt).counts_from == lock.frozen_at + quarantine()


def test_what_is_proven_absent_is_not_sent_again_once_its_permission_has_run_out(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    """The mirror holds an order of it still: a reading that the list and the look-up of this moment contradict."""
    debit = {"debit": str(in_doubt.amount), "debit_asset_id": in_doubt.asset_id}
    mirror_order(order(55555, in_doubt.reference, **debit), read_at=clock.now())
    Operation.objects.filter(pk=in_doubt.pk).update(valid_until=clock.now() + timedelta(seconds=PAST / 2))
    attempts = in_doubt.attempts.count()
    travel(PAST)

    assert looked_up(in_doubt).state == State.UNKNOWN

    assert last_answer(in_doubt).conditions["list_read"]
    assert in_doubt.attempts.count() == attempts


@pytest.mark.parametrize(
    "odd",
    [{"set": {"Age": "30"}}, {"set": {"Age": "0"}}, {"set": {"Date": date_in(-3600)}}, {"remove": ["Date"]}],
    ids=["old", "new", "dated before", "not dated"],
)
def test_a_list_that_may_come_from_a_cache_proves_no_absence(
    coinmena: Partners, in_doubt: Operation, travel: Travel, odd: dict[str, Any]
) -> None:
    coinmena.fault("headers", match={"method": "GET", "path": "/v1/partner/orders", "client": NOURA}, times=None, **odd)
    attempts = in_doubt.attempts.count()
    travel(PAST)

    assert looked_up(in_doubt).state == State.UNKNOWN

    conditions = last_answer(in_doubt).conditions
    assert (bool(conditions["control"]), conditions["list_read"]) == (True, False)
    assert in_doubt.attempts.count() == attempts


# The control ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [{"Age": "30"}, {"Date": date_in(-3600)}], ids=["old", "dated before"])
def test_a_control_out_of_a_cache_is_none(
    coinmena: Partners, in_doubt: Operation, travel: Travel, kept: dict[str, str]
) -> None:
    known = Operation.objects.get(state=State.COMPLETED).reference
    coinmena.fault("headers", match={"method": "GET", "reference": known}, times=None, set=kept)
    travel(PAST)

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).conditions["control"] == ""


@pytest.mark.parametrize("answer", [{"status": "failed"}, {"hidden": True}], ids=["no longer completed", "not found"])
def test_a_control_that_does_not_show_its_completed_order_is_none(
    coinmena: Partners, in_doubt: Operation, travel: Travel, answer: dict[str, Any]
) -> None:
    known = Operation.objects.get(state=State.COMPLETED)
    assert known.partner_order_id is not None
    coinmena.change_order(known.partner_order_id, **answer)
    travel(PAST)

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert not last_answer(in_doubt).counts


def test_an_older_control_stands_in_for_one_the_partner_has_lost(
    coinmena: Partners, in_doubt: Operation, travel: Travel, maya: Person, noura: Client, usd: Asset
) -> None:
    older = Operation.objects.get(state=State.COMPLETED)
    newer = sent(deposit(maya, noura, usd, "7.00"))
    assert newer.partner_order_id is not None
    coinmena.change_order(newer.partner_order_id, hidden=True)
    travel(PAST)

    looked_up(in_doubt)

    assert last_answer(in_doubt).conditions["control"] == older.reference


# The list ------------------------------------------------------------------------------------------------------------


def test_the_list_shows_an_order_that_no_look_up_does(coinmena: Partners, in_doubt: Operation, travel: Travel) -> None:
    order = coinmena.make_order(NOURA, amount="1000.00", reference=in_doubt.reference, created_at=minutes_ago(0))
    travel(PAST, theirs=False)
    hide(coinmena, in_doubt)

    operation = looked_up(in_doubt)

    assert (operation.state, operation.partner_order_id) == (State.COMPLETED, order["id"])
    assert operation.attempts.count() == 1


def test_a_row_of_the_list_that_differs_proves_nothing_either_way(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    coinmena.make_order(NOURA, amount="999.00", reference=in_doubt.reference, created_at=minutes_ago(0))
    travel(PAST, theirs=False)
    hide(coinmena, in_doubt)

    operation = looked_up(in_doubt)

    assert (operation.state, operation.attempts.count()) == (State.UNKNOWN, 1)
    assert last_answer(operation).conditions["list_read"] is False


@dataclass
class Lister:
    """Stands in for the client: the pages it will show, the last one again and again."""

    pages: Sequence[Page[Order]]
    asked: list[int] = field(default_factory=list)
    began: datetime | None = None

    def orders(self, number: int, from_datetime: datetime, **_filters: object) -> Page[Order]:
        self.asked.append(number)
        self.began = from_datetime
        return self.pages[min(number, len(self.pages)) - 1]


def order(number: int, reference: str | None = "another", **details: Any) -> Order:
    said: dict[str, Any] = {"partner_client_id": NOURA, "type": "deposit", "status": "completed", **details}
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    return Order(raw=b"{}", id=number, created_at=moment, partner_order_ref=reference, **said)


def page(
    *ids: int, number: int = 1, total: int, size: int = 2, unreadable: bool = False, fresh: bool = True
) -> Page[Order]:
    bad = (UnreadableRow(b"{", "id: missing"),) if unreadable else ()
    return Page(tuple(order(each) for each in ids), bad, total, number, size, is_fresh_word=fresh)


LISTS: list[tuple[str, list[Page[Order]], bool, int]] = [
    ("empty", [page(total=0)], True, 1),
    ("one page", [page(1, total=1)], True, 1),
    ("two pages", [page(1, 2, total=3), page(3, number=2, total=3)], True, 2),
    ("full to the end", [page(1, 2, total=4), page(3, 4, number=2, total=4)], True, 2),
    ("fewer than said", [page(1, total=2)], False, 1),
    ("more than said", [page(1, 2, total=1)], False, 1),
    ("the same page twice", [page(1, 2, total=4), page(1, 2, number=2, total=4)], False, 2),
    ("the first page for ever", [page(1, 2, total=9)], False, 2),
    ("a row that cannot be read", [page(1, total=2, unreadable=True)], False, 1),
    ("such a row before the end", [page(1, total=4, unreadable=True), page(3, 4, number=2, total=4)], False, 1),
    ("a page that may be a cache's", [page(total=0, fresh=False)], False, 1),
    ("such a page at the end", [page(1, 2, total=3), page(3, number=2, total=3, fresh=False)], False, 2),
    ("a gap in the middle", [page(1, 2, total=6), page(total=6, number=2), page(5, 6, number=3, total=6)], False, 2),
]


@pytest.fixture
def claimed(db: None, maya: Person, noura: Client, usd: Asset) -> Operation:
    operation = deposit(maya, noura, usd)
    claim(operation.pk, "worker 1")
    return now(operation)


def not_listed(operation: Operation, lister: Lister) -> bool:
    return is_not_listed(operation, cast("CoinmenaClient", lister), clock.now(), clock.monotonic() + 60)


@pytest.mark.parametrize(("pages", "is_proof", "asked"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
def test_only_a_list_that_adds_up_proves_that_nothing_is_in_it(
    claimed: Operation, pages: list[Page[Order]], is_proof: bool, asked: int
) -> None:
    lister = Lister(pages)

    assert not_listed(claimed, lister) is is_proof
    assert len(lister.asked) == asked


@pytest.mark.parametrize(
    ("details", "is_proof"),
    [
        ({"debit": "1000.00"}, False),
        ({"debit": "1000"}, False),
        ({}, False),
        ({"debit": "1000.01"}, True),
        ({"type": "withdrawal", "credit": "1000.00"}, True),
        ({"type": "buy", "debit": "1000.00"}, True),
        ({"debit": "1000.00", "reference": "another"}, True),
    ],
)
def test_a_row_without_a_reference_that_may_be_the_order_is_no_proof(
    claimed: Operation, details: dict[str, Any], is_proof: bool
) -> None:
    listed = Page((order(1, **{"reference": None, **details}),), (), 1, 1, 2, is_fresh_word=True)

    assert not_listed(claimed, Lister([listed])) is is_proof


def test_a_list_that_never_ends_is_left(claimed: Operation) -> None:
    endless = Lister([page(2 * n, 2 * n + 1, number=1, total=10**6) for n in range(1, MOST_PAGES + 9)])

    assert not not_listed(claimed, endless)
    assert len(endless.asked) == MOST_PAGES


def test_a_list_that_there_is_no_time_to_read_to_its_end_is_no_proof(
    claimed: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, lister = clock.monotonic(), Lister([page(1, 2, total=3), page(3, number=2, total=3)])
    monkeypatch.setattr(clock, "monotonic", lambda: began + 61 * len(lister.asked))

    assert not not_listed(claimed, lister)
    assert lister.asked == [1]


@pytest.mark.parametrize("is_signed", [True, False], ids=["its answer was lost", "its worker died"])
def test_what_a_client_did_while_a_payment_waited_is_read_only_where_nobody_knows_the_signature(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel, is_signed: bool
) -> None:
    """Hours of orders of a busy client would take longer to read than the lease of a look-up."""
    travel(-5 * 3600, theirs=False)
    operation, lister = deposit(maya, noura, usd), Lister([page(total=0)])
    travel(0, theirs=False)
    if is_signed:
        coinmena.fault("close_before_apply", match=POST)
        sent(operation)
    else:
        claim(operation.pk, "worker that dies")

    assert not_listed(now(operation), lister)
    claimed_at = operation.attempts.get().claimed_at
    assert lister.began is not None
    assert lister.began > claimed_at - timedelta(minutes=6) if is_signed else lister.began < operation.requested_at


def test_our_reference_is_found_on_whichever_page_it_is(claimed: Operation) -> None:
    second = Page((order(3, claimed.reference),), (), 3, 2, 2, is_fresh_word=True)

    with pytest.raises(FoundInList) as found:
        not_listed(claimed, Lister([page(1, 2, total=3), second]))
    assert found.value.order.id == 3


# What outweighs all six ----------------------------------------------------------------------------------------------


def test_what_the_partner_said_it_has_is_never_closed_as_absent(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel, looked_up_often: Callable[..., None]
) -> None:
    """2020, and then 404 for as long as anybody looks."""
    sent(deposit(maya, noura, usd, "1.00"))
    coinmena.fault("envelope", match=POST, status=409, code=2020)
    operation = sent(deposit(maya, noura, usd))
    halt()

    for seconds in (PAST, PAST + 61, PAST + 122):
        coinmena.clear_faults()
        travel(seconds)
        assert looked_up(operation).state == State.UNKNOWN
    assert last_answer(operation).conditions["second"] is True
    coinmena.clear_faults()
    looked_up_often(operation)
    travel(PAST + 122 + 3600)

    assert looked_up(operation).state == State.REVIEW


def late(coinmena: Partners, operation: Operation, travel: Travel, kind: str, **details: Any) -> None:
    """Answer a request whose worker was given up meanwhile."""
    claimed = claim(operation.pk, "worker that is late")
    assert claimed is not None
    coinmena.fault(kind, match=POST, **details)
    exchange = our_client().post_order(claimed.kind, claimed.body)
    travel(50, theirs=False)
    hide(coinmena, operation)
    assert looked_up(operation).state == State.UNKNOWN
    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))
    assert now(operation).state == State.UNKNOWN, "it needs the lease"


@pytest.mark.parametrize(
    ("kind", "details"),
    [("order_status", {"status": "pending"}), ("echo", {"field": "amount", "delta": "0.00000001"})],
    ids=["A4", "A5"],
)
def test_a_late_answer_that_shows_something_else_goes_to_review(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel, kind: str, details: dict[str, Any]
) -> None:
    operation = deposit(maya, noura, usd)
    late(coinmena, operation, travel, kind, **details)

    assert looked_up(operation).state == State.REVIEW


def test_what_was_refused_late_is_not_sent_again(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    sent(deposit(maya, noura, usd, "1.00"))
    operation = deposit(maya, noura, usd)
    late(coinmena, operation, travel, "envelope", status=400, code=3005)
    travel(PAST, theirs=False)

    operation = looked_up(operation)

    assert (operation.state, operation.failure_code, operation.attempts.count()) == (State.FAILED, "3005", 1)


def test_a_late_answer_in_review_is_stored_and_put_before_the_two_people(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    travel: Travel,
    looked_up_often: Callable[..., None],
) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker that is late")
    assert claimed is not None
    exchange = our_client().post_order(claimed.kind, claimed.body)
    hide(coinmena, operation)
    looked_up_often(operation)
    travel(3601, theirs=False)
    assert looked_up(operation).state == State.REVIEW

    with capture_logs() as logged:
        record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    assert now(operation).state == State.REVIEW, "only two people end it"
    assert operation.attempts.get().outcomes.filter(kind="answer", evidence="applied").exists()
    assert findings_of(now(operation)).closable, "it is what they will see"
    assert any(line.get("because") == TURNED_UP for line in logged)
