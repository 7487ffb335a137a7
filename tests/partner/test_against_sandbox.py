"""Both clients against the simulated partners, over real HTTP: every method, every documented refusal, the faults.

The sandbox keeps a ledger of what really happened, and every verdict is held against it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backoffice.money import Money
from backoffice.partner.bitnob import errors as bitnob_errors
from backoffice.partner.bitnob.client import BitnobClient
from backoffice.partner.bitnob.payloads import Transaction
from backoffice.partner.coinmena import errors
from backoffice.partner.coinmena.client import CoinmenaClient, body_of
from backoffice.partner.coinmena.config import load_private_key
from backoffice.partner.coinmena.payloads import Order, OrderKind
from backoffice.partner.errors import PartnerAnswerInvalid, PartnerError, PartnerUnavailable, RateLimited
from backoffice.partner.outcome import Evidence, IntendedOrder, Row, Verdict, judge_order, judge_post
from tests.partner.cast import StillClock, bitnob_config, coinmena_config
from tests.partners import Partners

CLIENT = "user_12345"
INTENDED = IntendedOrder("dep-1", CLIENT, OrderKind.DEPOSIT, "USD", Decimal("1000.00"))
WITHDRAWAL = IntendedOrder("wd-1", CLIENT, OrderKind.WITHDRAWAL, "USD", Decimal("500.00"))


@pytest.fixture
def books(sandbox: Partners) -> Iterator[Partners]:
    """The partners with empty books and one verified client."""
    sandbox.reset()
    sandbox.make_client(CLIENT)
    yield sandbox
    sandbox.reset()


@pytest.fixture
def coinmena(books: Partners) -> CoinmenaClient:
    return CoinmenaClient(replace(coinmena_config(books.address), partner_id="demo-partner", deadline_seconds=30))


@pytest.fixture
def bitnob(books: Partners) -> BitnobClient:
    return BitnobClient(bitnob_config(books.address, deadline_seconds=30))


def post(partner: CoinmenaClient, intended: IntendedOrder) -> Verdict:
    """Send an order once and say what that proves, looking a taken reference up as the worker does."""
    body = body_of(
        partner_client_id=intended.partner_client_id,
        asset_id=intended.asset_id,
        amount=intended.amount,
        partner_order_ref=intended.reference,
    )
    exchange = partner.post_order(intended.kind, body)
    verdict = judge_post(exchange, intended)
    if verdict.must_look_up:
        verdict = judge_post(exchange, intended, lookup=partner.order_by_reference(intended.reference))
    return verdict


def all_orders(partner: CoinmenaClient, **filters: Any) -> list[Order]:
    """Read every page to the documented end."""
    found: list[Order] = []
    page_number = 1
    while True:
        page = partner.orders(page_number, 100, **filters)
        assert page.unreadable == ()
        found.extend(page.items)
        if page.is_last:
            assert len(found) == page.total
            return found
        page_number += 1


def all_transactions(partner: BitnobClient, **filters: Any) -> list[Transaction]:
    """Follow the cursors to the documented end."""
    found: list[Transaction] = []
    cursor = None
    while True:
        page = partner.transactions(cursor, 100, **filters)
        assert page.unreadable == ()
        found.extend(page.items)
        if page.is_last:
            assert len(found) == page.total_count
            return found
        cursor = page.next_cursor


# The walk-through of the partner --------------------------------------------------------------------------------------


def test_the_walkthrough_of_the_partner(coinmena: CoinmenaClient) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)

    deposited = post(coinmena, INTENDED)
    assert (deposited.row, deposited.evidence) == (Row.COMPLETED, Evidence.APPLIED)
    assert coinmena.balance(CLIENT, "USD").available_balance == Decimal(1000)

    withdrawn = post(coinmena, WITHDRAWAL)
    assert (withdrawn.row, withdrawn.evidence) == (Row.COMPLETED, Evidence.APPLIED)
    (dollars,) = (each for each in coinmena.balances(CLIENT) if each.asset_id == "USD")
    assert Money(dollars.balance, "USD") == Money(Decimal("500.00"), "USD")

    for intended in (INTENDED, WITHDRAWAL):
        lookup = coinmena.order_by_reference(intended.reference)
        assert lookup.order is not None
        assert judge_order(lookup.order, intended).evidence is Evidence.APPLIED
        assert judge_order(coinmena.order(lookup.order.id), intended).evidence is Evidence.APPLIED

    window = {"from_datetime": before, "to_datetime": datetime.now(UTC) + timedelta(seconds=5)}
    listed = all_orders(coinmena, partner_client_id=CLIENT, status="completed", **window)
    assert [order.partner_order_ref for order in listed] == ["dep-1", "wd-1"]
    assert all_orders(coinmena, partner_client_id=CLIENT, to_datetime=before) == []


def test_depositing_and_withdrawing_in_one_call(coinmena: CoinmenaClient, books: Partners) -> None:
    coinmena.deposit(partner_client_id=CLIENT, asset_id="USD", amount=Decimal("2.50"), partner_order_ref="d")
    coinmena.withdraw(partner_client_id=CLIENT, asset_id="USD", amount=Decimal("1.25"), partner_order_ref="w")

    assert books.balance(CLIENT, "USD") == Decimal("1.25")


def test_assets_countries_and_clients(coinmena: CoinmenaClient) -> None:
    dollars = next(asset for asset in coinmena.assets() if asset.asset_id == "USD")
    assert dollars.published and dollars.depositable and dollars.withdrawable
    assert "bh" in {country.id for country in coinmena.countries()}
    assert [client.partner_client_id for client in coinmena.clients().items] == [CLIENT]
    assert coinmena.client(CLIENT).can_be_funded


def test_a_client_is_switched_off_and_on(coinmena: CoinmenaClient) -> None:
    assert not coinmena.set_activation(CLIENT, False).active
    assert post(coinmena, INTENDED).code == 2010
    assert coinmena.set_activation(CLIENT, True).active
    assert post(coinmena, INTENDED).evidence is Evidence.APPLIED


def test_an_asset_never_held_is_a_scientific_nothing(coinmena: CoinmenaClient) -> None:
    assert str(coinmena.balance(CLIENT, "USD").available_balance) == "0E-8"


@pytest.mark.parametrize("shape", ["short", "full"])
@pytest.mark.parametrize(("separator", "include_query"), [("\n", True), ("", False), ("", True)])
def test_the_readings_of_the_documents_are_settings(
    books: Partners, shape: str, separator: str, include_query: bool
) -> None:
    books.settings(sign_separator=separator, sign_include_query=include_query, order_shape=shape)
    config = replace(coinmena_config(books.address), partner_id="demo-partner")
    partner = CoinmenaClient(replace(config, separator=separator, include_query=include_query))

    assert post(partner, INTENDED).evidence is Evidence.APPLIED
    assert len(all_orders(partner, partner_client_id=CLIENT)) == 1
    with pytest.raises(errors.Unauthorized):
        CoinmenaClient(config).balances(CLIENT)


# Documented refusals --------------------------------------------------------------------------------------------------


def _unverified(books: Partners) -> None:
    books.set_client(CLIENT, status="pending")


def _deactivated(books: Partners) -> None:
    books.set_client(CLIENT, active=False)


def _not_depositable(books: Partners) -> None:
    books.set_asset("USD", depositable=False)


REFUSALS: list[tuple[int, Callable[[Partners], object], IntendedOrder]] = [
    (2008, lambda books: None, replace(INTENDED, partner_client_id="nobody")),
    (2009, _unverified, INTENDED),
    (2010, _deactivated, INTENDED),
    (2012, _not_depositable, INTENDED),
    (2012, lambda books: None, replace(INTENDED, asset_id="BTC")),
    (2012, lambda books: None, replace(INTENDED, asset_id="XXX")),
    (3005, lambda books: None, WITHDRAWAL),
]


@pytest.mark.parametrize(("code", "prepare", "intended"), REFUSALS)
def test_a_refused_order_changed_nothing(
    books: Partners,
    coinmena: CoinmenaClient,
    code: int,
    prepare: Callable[[Partners], object],
    intended: IntendedOrder,
) -> None:
    prepare(books)

    verdict = post(coinmena, intended)

    assert (verdict.row, verdict.evidence, verdict.code) == (Row.REFUSED, Evidence.NOT_APPLIED, code)
    assert books.orders_under(intended.reference) == []


def test_a_reference_used_for_the_same_order_is_that_order(books: Partners, coinmena: CoinmenaClient) -> None:
    post(coinmena, INTENDED)

    again = post(coinmena, INTENDED)

    assert (again.row, again.evidence, again.code) == (Row.DUPLICATE, Evidence.APPLIED, 2020)
    assert len(books.orders_under("dep-1")) == 1


def test_a_reference_used_for_another_order_is_not_adopted(coinmena: CoinmenaClient) -> None:
    post(coinmena, INTENDED)

    verdict = post(coinmena, replace(INTENDED, amount=Decimal("1000.01")))

    assert (verdict.row, verdict.evidence, verdict.needs_review) == (Row.DUPLICATE_OF_ANOTHER, Evidence.UNKNOWN, True)


def test_an_order_that_is_not_there(coinmena: CoinmenaClient) -> None:
    assert coinmena.order_by_reference("never-used").is_credible_absence
    with pytest.raises(errors.OrderNotFound):
        coinmena.order(999_999)


def test_a_client_that_is_not_there(coinmena: CoinmenaClient) -> None:
    for ask in (coinmena.client, coinmena.balances, lambda client: coinmena.set_activation(client, True)):
        with pytest.raises(errors.InvalidClient):
            ask("nobody")


def test_an_asset_that_is_not_there(coinmena: CoinmenaClient) -> None:
    with pytest.raises(errors.InvalidAsset):
        coinmena.balance(CLIENT, "XXX")


def _stranger(books: Partners) -> CoinmenaClient:
    key = load_private_key(b"\x07" * 32)
    return CoinmenaClient(replace(coinmena_config(books.address), partner_id="demo-partner", private_key=key))


def test_a_wrong_key_is_turned_away_at_the_door(books: Partners) -> None:
    stranger = _stranger(books)

    verdict = post(stranger, INTENDED)

    assert (verdict.row, verdict.evidence, verdict.counts_as_401) == (Row.TURNED_AWAY, Evidence.NOT_APPLIED, True)
    with pytest.raises(errors.Unauthorized):
        stranger.balances(CLIENT)
    assert books.orders_under("dep-1") == []


@pytest.mark.parametrize(
    ("partner_is_ahead", "accepted"), [(0, True), (30, True), (90, False), (-0.5, True), (-5, False)]
)
def test_the_clock_difference_is_seen_and_decides(
    books: Partners, coinmena: CoinmenaClient, partner_is_ahead: float, accepted: bool
) -> None:
    books.clock(partner_is_ahead)

    began = time.monotonic()
    verdict = post(coinmena, INTENDED)
    took = time.monotonic() - began

    assert (verdict.evidence is Evidence.APPLIED) is accepted
    # Their clock tells whole seconds, at some moment of the exchange.
    assert coinmena.clock_skew == pytest.approx(-partner_is_ahead, abs=1.5 + took)


def test_orders_of_another_partner_do_not_exist_for_us(books: Partners, coinmena: CoinmenaClient) -> None:
    post(coinmena, INTENDED)
    config = replace(coinmena_config(books.address), partner_id="other-partner")
    other = CoinmenaClient(replace(config, private_key=load_private_key(bytes(range(1, 33)))))

    assert other.order_by_reference("dep-1").order is None
    assert other.environment != coinmena.environment


# Faults: no verdict may contradict the ledger -------------------------------------------------------------------------

#: These outlast a deadline of a second; all others get one that even a busy machine keeps.
SLOW = {"answer_late", "drip"}
DEPOSITS: dict[str, Any] = {"method": "POST", "path": "/v1/partner/deposits"}

FAULTS: list[tuple[dict[str, Any], Row, bool]] = [
    ({"kind": "close_before_reading"}, Row.NO_ANSWER, False),
    ({"kind": "close_before_apply"}, Row.NO_ANSWER, False),
    ({"kind": "close_before_apply", "how": "reset"}, Row.NO_ANSWER, False),
    ({"kind": "close_after_apply"}, Row.NO_ANSWER, True),
    ({"kind": "close_after_apply", "how": "reset"}, Row.NO_ANSWER, True),
    ({"kind": "cut_answer", "at": 40}, Row.UNREADABLE, True),
    ({"kind": "answer_late", "seconds": 3}, Row.NO_ANSWER, True),
    ({"kind": "drip", "seconds_per_byte": 0.05}, Row.UNREADABLE, True),
    ({"kind": "envelope", "status": 500}, Row.SERVER_ERROR, False),
    ({"kind": "envelope", "status": 500, "apply": True}, Row.SERVER_ERROR, True),
    ({"kind": "envelope", "status": 429, "headers": {"Retry-After": "7"}}, Row.TURNED_AWAY, False),
    ({"kind": "envelope", "status": 401}, Row.TURNED_AWAY, False),
    ({"kind": "envelope", "status": 418, "code": 7777}, Row.REFUSED, False),
    ({"kind": "html", "status": 502}, Row.NO_ENVELOPE, False),
    ({"kind": "html", "status": 502, "apply": True}, Row.NO_ENVELOPE, True),
    ({"kind": "html", "status": 504, "apply": True}, Row.NO_ENVELOPE, True),
    ({"kind": "html", "status": 200, "apply": True}, Row.UNREADABLE, True),
    ({"kind": "redirect", "status": 302}, Row.NO_ENVELOPE, False),
    ({"kind": "redirect", "status": 307, "apply": True}, Row.NO_ENVELOPE, True),
    ({"kind": "redirect", "status": 308, "apply": True}, Row.NO_ENVELOPE, True),
    ({"kind": "broken", "how": "truncated"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "duplicate_keys"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "nan"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "numbers"}, Row.COMPLETED, True),
    ({"kind": "broken", "how": "bom"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "deep"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "not_an_object"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "not_utf8"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "empty"}, Row.UNREADABLE, True),
    ({"kind": "broken", "how": "html"}, Row.UNREADABLE, True),
    ({"kind": "oversized", "bytes": 16 * 1024 * 1024}, Row.UNREADABLE, True),
    ({"kind": "gzip_bomb", "bytes": 16 * 1024 * 1024}, Row.UNREADABLE, True),
    ({"kind": "order_status", "status": "failed"}, Row.FAILED, False),
    ({"kind": "order_status", "status": "rejected"}, Row.REJECTED, False),
    ({"kind": "order_status", "status": "pending"}, Row.OTHER_STATUS, False),
    ({"kind": "echo", "field": "client", "value": "user_9"}, Row.DIFFERENT_ORDER, True),
    ({"kind": "echo", "field": "reference", "value": "dep-9"}, Row.DIFFERENT_ORDER, True),
    ({"kind": "echo", "field": "asset", "value": "EUR"}, Row.DIFFERENT_ORDER, True),
    ({"kind": "echo", "field": "type", "value": "withdrawal"}, Row.DIFFERENT_ORDER, True),
    ({"kind": "echo", "field": "amount", "delta": "0.00000001"}, Row.DIFFERENT_ORDER, True),
    ({"kind": "echo", "field": "amount", "delta": "-0.00000001"}, Row.DIFFERENT_ORDER, True),
    ({"kind": "echo", "field": "amount", "value": "1E+3"}, Row.COMPLETED, True),
    ({"kind": "echo", "field": "amount", "value": "1e999999999"}, Row.UNREADABLE, True),
    ({"kind": "echo", "field": "amount", "value": "1_000"}, Row.UNREADABLE, True),
    ({"kind": "echo", "field": "amount", "value": "\u0661\u0660\u0660\u0660"}, Row.UNREADABLE, True),
    ({"kind": "echo", "field": "side"}, Row.DIFFERENT_ORDER, True),
]


@pytest.mark.parametrize(
    ("fault", "row", "applied"), FAULTS, ids=["-".join(map(str, case[0].values())) for case in FAULTS]
)
def test_no_verdict_contradicts_the_ledger(books: Partners, fault: dict[str, Any], row: Row, applied: bool) -> None:
    deadline = 1 if fault["kind"] in SLOW else 30
    config = replace(coinmena_config(books.address), partner_id="demo-partner", deadline_seconds=deadline)
    books.fault(fault["kind"], match=DEPOSITS, **{name: value for name, value in fault.items() if name != "kind"})

    verdict = post(CoinmenaClient(config), INTENDED)

    assert verdict.row is row
    assert (books.balance(CLIENT, "USD") == Decimal(1000)) is applied
    if verdict.evidence is not Evidence.UNKNOWN:
        assert (verdict.evidence is Evidence.APPLIED) is applied


def test_a_partner_that_is_down_got_nothing(books: Partners, coinmena: CoinmenaClient) -> None:
    with books.down():
        verdict = post(coinmena, INTENDED)

    assert (verdict.row, verdict.evidence) == (Row.NEVER_SENT, Evidence.NEVER_SENT)
    assert books.orders_under("dep-1") == []
    assert coinmena.client(CLIENT), "a read waits until the partner is back"


def test_a_taken_reference_that_cannot_be_seen_yet_stays_unknown(books: Partners, coinmena: CoinmenaClient) -> None:
    post(coinmena, INTENDED)
    books.fault("read_lag", match={"method": "GET"}, seconds=60)

    verdict = post(coinmena, INTENDED)

    assert (verdict.row, verdict.evidence, verdict.needs_review) == (Row.DUPLICATE, Evidence.UNKNOWN, False)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "html", "status": 404}, None),
        ({"kind": "headers", "set": {"Age": "7"}}, None),
        ({"kind": "headers", "remove": ["Date"]}, None),
        ({"kind": "redirect", "status": 302}, PartnerAnswerInvalid),
        ({"kind": "broken", "how": "truncated"}, None),
    ],
)
def test_an_absence_that_may_come_from_elsewhere_is_not_credible(
    books: Partners, coinmena: CoinmenaClient, fault: dict[str, Any], kind: type[PartnerError] | None
) -> None:
    books.fault(fault["kind"], times=None, **{name: value for name, value in fault.items() if name != "kind"})

    if kind is None:
        assert not coinmena.order_by_reference("dep-1").is_credible_absence
    else:
        with pytest.raises(kind):
            coinmena.order_by_reference("dep-1")


def test_a_read_gets_over_a_short_trouble(books: Partners, coinmena: CoinmenaClient) -> None:
    books.fault("close_before_apply", match={"method": "GET"})
    books.fault("html", match={"method": "GET"}, status=503)

    assert coinmena.client(CLIENT).partner_client_id == CLIENT


def test_a_partner_in_lasting_trouble_is_unavailable(books: Partners) -> None:
    books.fault("html", times=None, status=503)

    with pytest.raises(PartnerUnavailable):
        CoinmenaClient(coinmena_config(books.address), clock=StillClock()).assets()


# The living history ---------------------------------------------------------------------------------------------------


def test_a_whole_history_is_read_without_losing_a_row(books: Partners) -> None:
    books.reset(history="demo", seed=7)
    partner = CoinmenaClient(replace(coinmena_config(books.address), partner_id="demo-partner"))

    orders, clients = all_orders(partner), partner.clients()

    assert len({order.id for order in orders}) == len(orders) > 100
    assert {"deposit", "withdrawal", "buy", "sell"} <= {order.type for order in orders}
    assert {"completed", "failed"} <= {order.status for order in orders}
    assert any(order.partner_order_ref is None for order in orders)
    assert len(clients.items) == clients.total
    assert clients.unreadable == ()


def test_a_whole_history_of_transactions_is_read_without_losing_a_row(books: Partners, bitnob: BitnobClient) -> None:
    books.reset(history="demo", seed=7)

    transactions = all_transactions(bitnob)

    assert len({each.transaction_id for each in transactions}) == len(transactions) > 20
    assert all(each.side_agrees for each in transactions)
    assert [each.created_at for each in transactions] == sorted((t.created_at for t in transactions), reverse=True)


# Bitnob ---------------------------------------------------------------------------------------------------------------


def test_every_read_of_bitnob(books: Partners, bitnob: BitnobClient) -> None:
    credit = books.make_transaction(amount="3000000", reference="RCV_1")
    books.make_transaction(
        amount="-1000000", type="WITHDRAWAL_INITIATED", state="PENDING", reference="WD_1", side="Debit"
    )

    assert bitnob.whoami().environment == "sandbox"
    assert {each.reference for each in all_transactions(bitnob)} == {"RCV_1", "WD_1"}
    assert [each.reference for each in all_transactions(bitnob, type="debit")] == ["WD_1"]
    assert [each.reference for each in all_transactions(bitnob, status="completed")] == ["RCV_1"]
    assert len(all_transactions(bitnob, currency="USDT")) == 2
    assert bitnob.transaction("RCV_1").amount == Decimal(3000000)
    assert bitnob.transaction(credit["transaction_id"]).reference == "RCV_1"
    assert "USDT" in {account.currency for account in bitnob.balances()}


@pytest.mark.parametrize("shape", ["openapi", "older"])
def test_one_balance_in_both_shapes(books: Partners, bitnob: BitnobClient, shape: str) -> None:
    books.settings(balance_shape=shape)
    books.make_transaction(amount="3000000")

    balance = bitnob.balance("USDT")

    assert balance.total == balance.available_balance == Decimal(3000000)


def test_a_settled_transaction_may_be_reversed(books: Partners, bitnob: BitnobClient) -> None:
    made = books.make_transaction(amount="3000000", reference="RCV_1")
    books.move_transaction(made["transaction_id"], "REVERSED")

    assert bitnob.transaction(made["transaction_id"]).state == "REVERSED"
    assert "REVERSAL" in {each.type for each in all_transactions(bitnob)}


def test_what_bitnob_does_not_hold(bitnob: BitnobClient) -> None:
    with pytest.raises(bitnob_errors.NotFound):
        bitnob.transaction("never-used")
    with pytest.raises(bitnob_errors.NotFound):
        bitnob.balance("DOGE")


def test_a_filter_in_the_wrong_vocabulary_is_refused(bitnob: BitnobClient) -> None:
    with pytest.raises(bitnob_errors.BadRequest) as refused:
        bitnob.transactions(status="SETTLED_ISH")
    assert refused.value.correlation_id


def test_a_wrong_secret_is_unauthorized(books: Partners) -> None:
    with pytest.raises(bitnob_errors.Unauthorized):
        BitnobClient(replace(bitnob_config(books.address), client_secret="wrong")).whoami()


def test_production_credentials_are_refused_in_a_test(books: Partners, bitnob: BitnobClient) -> None:
    books.settings(bitnob_environment="live")

    with pytest.raises(bitnob_errors.WrongEnvironment):
        bitnob.balances()


def test_bitnobs_own_limit_is_told_apart(books: Partners) -> None:
    books.settings(bitnob_rate_limit=True)
    partner = BitnobClient(bitnob_config(books.address, deadline_seconds=1))

    with pytest.raises(RateLimited):
        for _ in range(30):
            partner.whoami()


@pytest.mark.parametrize(
    "how", ["truncated", "duplicate_keys", "nan", "bom", "not_an_object", "not_utf8", "empty", "html"]
)
def test_a_broken_answer_of_bitnob_is_not_believed(books: Partners, bitnob: BitnobClient, how: str) -> None:
    books.make_transaction()
    bitnob.confirm_environment()
    books.fault("broken", how=how)

    with pytest.raises(PartnerAnswerInvalid):
        bitnob.transactions()


def test_a_circle_of_cursors_shows(books: Partners, bitnob: BitnobClient) -> None:
    for number in range(3):
        books.make_transaction(reference=f"RCV_{number}")
    bitnob.confirm_environment()
    books.fault("loop_cursor", times=None)

    first = bitnob.transactions(limit=1)
    second = bitnob.transactions(first.next_cursor, limit=1)

    assert not second.is_last
    assert second.next_cursor == first.next_cursor
