"""What one POST proves: the table of the reliability rules, row by row, with its variants."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partner.coinmena.answers import OrderLookup, read_result, refusal_in
from backoffice.partner.coinmena.payloads import Order, OrderKind
from backoffice.partner.exchange import Exchange, Fault
from backoffice.partner.outcome import Evidence, IntendedOrder, Row, Verdict, judge_order, judge_post, unjudged
from tests.partner.cast import answered, example

DEPOSIT = IntendedOrder("dep-2f6c1b7e", "user_77", OrderKind.DEPOSIT, "USD", Decimal("250.00"))
WITHDRAWAL = IntendedOrder("wd-91a0", "user_77", OrderKind.WITHDRAWAL, "USD", Decimal("75.25"))

APPLIED, NOT_APPLIED, NEVER_SENT, UNKNOWN = Evidence


def order_body(**changes: Any) -> bytes:
    fields = json.loads(example("coinmena_deposit_in_full"))["result"]
    return json.dumps({"result": fields | changes}).encode()


def withdrawal_body(**changes: Any) -> bytes:
    swapped = {"type": "withdrawal", "credit": "75.25", "credit_asset_id": "USD", "debit": None, "debit_asset_id": None}
    return order_body(**(swapped | {"partner_order_ref": "wd-91a0"} | changes))


def envelope(code: int, message: str = "No.", detail: object = None) -> bytes:
    return json.dumps({"code": code, "msg": message, "msg_detail": detail}).encode()


def judged(exchange: Exchange, **more: Any) -> tuple[str, Evidence]:
    verdict = judge_post(exchange, DEPOSIT, **more)
    return verdict.row.value, verdict.evidence


HTML = b"<html><body>502 Bad Gateway</body></html>"

TABLE = [
    ("completed", answered(200, order_body()), "A1", APPLIED),
    ("completed, amount written otherwise", answered(200, order_body(debit="2.5E+2")), "A1", APPLIED),
    ("completed, amount as a number", answered(200, order_body(debit=250)), "A1", APPLIED),
    ("completed, nothing on the other side", answered(200, order_body(credit="0E-8")), "A1", APPLIED),
    ("failed", answered(200, order_body(status="failed")), "A2", NOT_APPLIED),
    ("rejected", answered(200, order_body(status="rejected")), "A3", NOT_APPLIED),
    ("pending", answered(200, order_body(status="pending")), "A4", UNKNOWN),
    ("a status never heard of", answered(200, order_body(status="Completed")), "A4", UNKNOWN),
    ("a status of tomorrow", answered(200, order_body(status="settled")), "A4", UNKNOWN),
    ("another reference", answered(200, order_body(partner_order_ref="dep-other")), "A5", UNKNOWN),
    ("no reference", answered(200, order_body(partner_order_ref=None)), "A5", UNKNOWN),
    ("another client", answered(200, order_body(partner_client_id="user_78")), "A5", UNKNOWN),
    ("another asset", answered(200, order_body(debit_asset_id="EUR")), "A5", UNKNOWN),
    ("no asset", answered(200, order_body(debit_asset_id=None)), "A5", UNKNOWN),
    ("another type", answered(200, order_body(type="withdrawal")), "A5", UNKNOWN),
    ("a trade", answered(200, order_body(type="buy")), "A5", UNKNOWN),
    ("a hair more", answered(200, order_body(debit="250.00000001")), "A5", UNKNOWN),
    ("a hair less", answered(200, order_body(debit="249.99999999")), "A5", UNKNOWN),
    ("the wrong side", answered(200, order_body(debit=None, credit="250.00", credit_asset_id="USD")), "A5", UNKNOWN),
    ("both sides", answered(200, order_body(credit="250.00", credit_asset_id="USD")), "A5", UNKNOWN),
    ("no amount", answered(200, order_body(debit=None)), "A5", UNKNOWN),
    ("another one, failed", answered(200, order_body(status="failed", debit="1")), "A5", UNKNOWN),
    ("taken", answered(409, envelope(2020)), "A6", UNKNOWN),
    ("taken, other status", answered(400, envelope(2020)), "A6", UNKNOWN),
    ("taken, and trouble", answered(500, envelope(2020)), "A6", UNKNOWN),
    ("unknown client", answered(400, envelope(2008)), "A8", NOT_APPLIED),
    ("client not verified", answered(400, envelope(2009)), "A8", NOT_APPLIED),
    ("client deactivated", answered(400, envelope(2010)), "A8", NOT_APPLIED),
    ("invalid asset", answered(422, envelope(2012)), "A8", NOT_APPLIED),
    ("insufficient funds", answered(400, envelope(3005)), "A8", NOT_APPLIED),
    ("a code never heard of", answered(400, envelope(7777)), "A8", NOT_APPLIED),
    ("a field error", answered(400, envelope(400, "Bad", {"amount": ["too big"]})), "A8", NOT_APPLIED),
    ("not found", answered(404, envelope(404)), "A8", NOT_APPLIED),
    ("headers too large", answered(431, envelope(3005)), "A8", NOT_APPLIED),
    ("unauthorized", answered(401, envelope(401)), "A9", NOT_APPLIED),
    ("too fast", answered(429, envelope(429)), "A9", NOT_APPLIED),
    ("server error with envelope", answered(500, envelope(500)), "A10", UNKNOWN),
    ("server error with a business code", answered(503, envelope(3005)), "A10", UNKNOWN),
    ("a conflict of another kind", answered(409, envelope(2021)), "A10", UNKNOWN),
    ("timed out", answered(408, envelope(408)), "A10", UNKNOWN),
    ("too early", answered(425, envelope(7777)), "A10", UNKNOWN),
    ("given up on", answered(499, envelope(3005)), "A10", UNKNOWN),
    ("gateway page", answered(502, HTML), "A11", UNKNOWN),
    ("gateway timeout", answered(504, b""), "A11", UNKNOWN),
    ("proxy refuses", answered(403, HTML), "A11", UNKNOWN),
    ("unauthorized by somebody", answered(401, HTML), "A11", UNKNOWN),
    ("too fast for somebody", answered(429, b""), "A11", UNKNOWN),
    ("refusal cut short", answered(400, envelope(3005), fault=Fault.BROKEN), "A11", UNKNOWN),
    ("refusal with a text code", answered(400, b'{"code": "3005", "msg": "x"}'), "A11", UNKNOWN),
    ("refusal with a boolean code", answered(400, b'{"code": true, "msg": "x"}'), "A11", UNKNOWN),
    ("refusal with a decimal code", answered(400, b'{"code": 3005.0, "msg": "x"}'), "A11", UNKNOWN),
    ("refusal without words", answered(400, b'{"code": 3005}'), "A11", UNKNOWN),
    ("refusal with null for words", answered(400, b'{"code": 3005, "msg": null}'), "A11", UNKNOWN),
    ("refusal with two codes", answered(400, b'{"code": 3005, "code": 2020, "msg": "x"}'), "A11", UNKNOWN),
    ("refusal in a list", answered(400, b'[{"code": 3005, "msg": "x"}]'), "A11", UNKNOWN),
    ("refusal with a byte order mark", answered(400, b"\xef\xbb\xbf" + envelope(3005)), "A11", UNKNOWN),
    ("several to choose from", answered(300, order_body()), "A11", UNKNOWN),
    ("moved", answered(301, b""), "A11", UNKNOWN),
    ("found elsewhere", answered(302, envelope(3005)), "A11", UNKNOWN),
    ("not modified", answered(304, b""), "A11", UNKNOWN),
    ("repeat elsewhere", answered(307, b""), "A11", UNKNOWN),
    ("moved for good", answered(308, b""), "A11", UNKNOWN),
    ("the last of the redirects", answered(399, envelope(3005)), "A11", UNKNOWN),
    ("what is only the beginning of an answer", answered(199, b""), "A11", UNKNOWN),
    ("empty", answered(200, b""), "A12", UNKNOWN),
    ("a page", answered(200, HTML), "A12", UNKNOWN),
    ("broken JSON", answered(200, order_body()[:-1]), "A12", UNKNOWN),
    ("short", answered(200, order_body(), fault=Fault.BROKEN), "A12", UNKNOWN),
    ("too slow to end", answered(200, order_body(), fault=Fault.TIMEOUT), "A12", UNKNOWN),
    ("oversized", answered(200, order_body(), fault=Fault.TOO_LARGE), "A12", UNKNOWN),
    ("gzip bomb", answered(200, b"", fault=Fault.ENCODING), "A12", UNKNOWN),
    ("no result", answered(200, b"{}"), "A12", UNKNOWN),
    ("null", answered(200, b'{"result": null}'), "A12", UNKNOWN),
    ("a list", answered(200, b'{"result": []}'), "A12", UNKNOWN),
    ("an envelope at 200", answered(200, envelope(3005)), "A12", UNKNOWN),
    ("created", answered(201, order_body()), "A12", UNKNOWN),
    ("accepted", answered(202, order_body()), "A12", UNKNOWN),
    ("no content", answered(204, b""), "A12", UNKNOWN),
    ("the last of the good ones", answered(299, order_body()), "A12", UNKNOWN),
    ("no number", answered(200, order_body(id=None)), "A12", UNKNOWN),
    ("NaN", answered(200, order_body().replace(b'"250.00"', b"NaN")), "A12", UNKNOWN),
    ("19 decimals", answered(200, order_body(debit="250." + "0" * 19)), "A12", UNKNOWN),
    ("a time before all times", answered(200, order_body(updated_at="0001-01-01T00:00:00+03:00")), "A12", UNKNOWN),
    ("a time after all times", answered(200, order_body(created_at="9999-12-31T23:59:59-01:00")), "A12", UNKNOWN),
    ("endless exponent", answered(200, order_body(debit="1e999999999")), "A12", UNKNOWN),
    ("foreign digits", answered(200, order_body(debit="\u0662\u0665\u0660")), "A12", UNKNOWN),
    ("underscores", answered(200, order_body(debit="2_50")), "A12", UNKNOWN),
    ("blanks", answered(200, order_body(debit=" 250.00 ")), "A12", UNKNOWN),
    ("the key twice", answered(200, b'{"result": {}, ' + order_body()[1:]), "A12", UNKNOWN),
    ("nested too deeply", answered(200, b'{"a":' * 100_000), "A12", UNKNOWN),
    ("name not found", answered(None, fault=Fault.DNS, sent=False), "A13", NEVER_SENT),
    ("refused", answered(None, fault=Fault.CONNECT, sent=False), "A13", NEVER_SENT),
    ("bad certificate", answered(None, fault=Fault.TLS, sent=False), "A13", NEVER_SENT),
    ("forbidden address", answered(None, fault=Fault.ADDRESS, sent=False), "A13", NEVER_SENT),
    ("held up", answered(None, fault=Fault.HELD_UP, sent=False), "A13", NEVER_SENT),
    ("no request of ours", answered(None, fault=Fault.UNSENDABLE, sent=False), "A13", NEVER_SENT),
    ("our own limit", answered(None, fault=Fault.RATE_LIMITED, sent=False), "A13", NEVER_SENT),
    ("our own limiter in trouble", answered(None, fault=Fault.UNCOUNTED, sent=False), "A13", NEVER_SENT),
    ("connected too late", answered(None, fault=Fault.TIMEOUT, sent=False), "A13", NEVER_SENT),
    ("read timeout", answered(None, fault=Fault.TIMEOUT), "A14", UNKNOWN),
    ("reset", answered(None, fault=Fault.BROKEN), "A14", UNKNOWN),
    ("connect error nobody can place", answered(None, fault=Fault.CONNECT), "A14", UNKNOWN),
    ("TLS failing half way", answered(None, fault=Fault.TLS), "A14", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("exchange", "row", "evidence"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE])
def test_each_observation_proves_what_the_table_says(exchange: Exchange, row: str, evidence: Evidence) -> None:
    assert judged(exchange) == (row, evidence)


def test_no_row_of_the_table_is_without_a_case() -> None:
    assert {case[2] for case in TABLE} == {row.value for row in Row} - {"A7"}


@pytest.mark.parametrize(
    ("body", "row", "evidence"),
    [
        (withdrawal_body(), "A1", APPLIED),
        (withdrawal_body(status="failed"), "A2", NOT_APPLIED),
        (withdrawal_body(credit="75.26"), "A5", UNKNOWN),
        (withdrawal_body(credit=None, debit="75.25", debit_asset_id="USD"), "A5", UNKNOWN),
        (withdrawal_body(type="deposit"), "A5", UNKNOWN),
        (order_body(), "A5", UNKNOWN),
    ],
)
def test_a_withdrawal_is_read_from_the_other_side_of_the_books(body: bytes, row: str, evidence: Evidence) -> None:
    verdict = judge_post(answered(200, body), WITHDRAWAL)

    assert (verdict.row.value, verdict.evidence) == (row, evidence)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.CONNECT, "CoinMENA could not be reached, so nothing was sent. It will be tried again."),
        (Fault.HELD_UP, "This machine was held up for too long, so nothing was sent. It will be tried again."),
        (Fault.RATE_LIMITED, "This machine was held up for too long, so nothing was sent. It will be tried again."),
        (Fault.UNCOUNTED, "Our own count of requests was out of reach, so nothing was sent. It will be tried again."),
    ],
)
def test_who_kept_a_request_from_leaving_is_said(fault: Fault, words: str) -> None:
    assert judge_post(answered(None, fault=fault, sent=False), DEPOSIT).sentence == words


# A taken reference ----------------------------------------------------------------------------------------------------


def found(body: bytes) -> OrderLookup:
    exchange = answered(200, body)
    return OrderLookup(exchange, read_result(Order, exchange), has_envelope=True)


@pytest.mark.parametrize(
    ("lookup", "row", "evidence", "settles", "review"),
    [
        (found(order_body()), "A6", APPLIED, True, False),
        (found(order_body(status="failed")), "A6", NOT_APPLIED, True, False),
        (found(order_body(status="rejected")), "A6", NOT_APPLIED, True, False),
        (found(order_body(status="pending")), "A6", UNKNOWN, False, True),
        (found(order_body(debit="1.00")), "A7", UNKNOWN, False, True),
        (found(order_body(partner_client_id="user_78")), "A7", UNKNOWN, False, True),
        (OrderLookup(answered(404, envelope(404)), None, has_envelope=True), "A6", UNKNOWN, False, False),
    ],
)
def test_a_taken_reference_is_what_its_order_says(
    lookup: OrderLookup, row: str, evidence: Evidence, settles: bool, review: bool
) -> None:
    verdict = judge_post(answered(409, envelope(2020)), DEPOSIT, lookup=lookup)

    assert (verdict.row.value, verdict.evidence) == (row, evidence)
    assert (verdict.settles_reference, verdict.needs_review) == (settles, review)
    assert verdict.code == 2020
    assert not verdict.must_look_up


def test_a_taken_reference_asks_to_be_looked_up_first() -> None:
    verdict = judge_post(answered(409, envelope(2020)), DEPOSIT)

    assert verdict.must_look_up
    assert not verdict.settles_reference


def test_the_order_of_somebody_else_is_not_adopted() -> None:
    verdict = judge_post(answered(409, envelope(2020)), DEPOSIT, lookup=found(order_body(debit="1.00")))

    assert verdict.order is None


def test_a_look_up_changes_nothing_where_the_answer_spoke_for_itself() -> None:
    refused = answered(400, envelope(3005))

    assert judged(refused, lookup=found(order_body())) == ("A8", NOT_APPLIED)


# What follows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("exchange", "row"), [case[1:3] for case in TABLE], ids=[case[0] for case in TABLE])
def test_a_person_is_called_for_a_differing_order_a_redirect_and_settings_that_send_nothing_only(
    exchange: Exchange, row: str
) -> None:
    redirected = exchange.status is not None and 300 <= exchange.status < 400

    unsendable = exchange.fault is Fault.UNSENDABLE

    assert judge_post(exchange, DEPOSIT).alarm is (row == "A5" or redirected or unsendable)


@pytest.mark.parametrize(("exchange", "row"), [case[1:3] for case in TABLE], ids=[case[0] for case in TABLE])
def test_only_an_order_at_the_partner_settles_or_disputes_a_reference(exchange: Exchange, row: str) -> None:
    verdict = judge_post(exchange, DEPOSIT)

    assert verdict.settles_reference is (row in {"A1", "A2", "A3"})
    assert verdict.needs_review is (row in {"A4", "A5"})


@pytest.mark.parametrize(("exchange", "row"), [case[1:3] for case in TABLE], ids=[case[0] for case in TABLE])
def test_every_verdict_has_a_sentence_for_staff(exchange: Exchange, row: str) -> None:
    verdict = judge_post(exchange, DEPOSIT)

    assert verdict.sentence[0].isupper()
    assert "%(" not in verdict.sentence


@pytest.mark.parametrize("body", [envelope(401), HTML])
def test_a_401_counts_whoever_sent_it(body: bytes) -> None:
    assert judge_post(answered(401, body), DEPOSIT).counts_as_401


@pytest.mark.parametrize("status", [200, 400, 402, 403, 404, 409, 429, 500, None])
def test_nothing_else_counts_as_a_401(status: int | None) -> None:
    exchange = answered(status, envelope(2008))

    assert not judge_post(exchange, DEPOSIT).counts_as_401
    assert not unjudged(exchange).counts_as_401


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, 60),
        ("", 60),
        ("soon", 60),
        ("-1", 60),
        ("1.5", 60),
        ("0", 0),
        ("7", 7),
        ("301", 300),
        ("1000000000", 300),
        ("9" * 5000, 300),
        ("Mon, 05 Jan 2026 12:00:30 GMT", 30),
        ("Mon, 05 Jan 2026 11:00:00 GMT", 0),
        ("Mon, 05 Jan 2037 12:00:00 GMT", 300),
        ("Mon, 99 Jan 2026 12:00:00 GMT", 60),
    ],
)
@pytest.mark.parametrize("body", [envelope(429), b""])
def test_a_429_pauses_for_as_long_as_it_says_within_bounds(
    retry_after: str | None, seconds: float, body: bytes
) -> None:
    headers = {"date": "Mon, 05 Jan 2026 12:00:00 GMT"} | ({} if retry_after is None else {"retry_after": retry_after})

    assert judge_post(answered(429, body, headers=headers), DEPOSIT).pause_seconds == seconds


@pytest.mark.parametrize("status", [200, 401, 428, 430, 503, None])
def test_nothing_else_pauses(status: int | None) -> None:
    exchange = answered(status, envelope(503), headers={"retry_after": "7"})

    assert judge_post(exchange, DEPOSIT).pause_seconds is None
    assert unjudged(exchange).pause_seconds is None


@pytest.mark.parametrize(("status", "pause", "counts"), [(401, None, True), (429, 60, False), (200, None, False)])
def test_what_a_fault_of_ours_kept_from_being_judged_slows_and_stops_all_the_same(
    status: int, pause: float | None, counts: bool
) -> None:
    verdict = unjudged(answered(status, b"", headers={"retry_after": "7"}))

    assert (verdict.pause_seconds, verdict.counts_as_401, verdict.alarm) == (pause, counts, True)
    assert (verdict.row, verdict.evidence, verdict.order) == (Row.UNREADABLE, UNKNOWN, None)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2008, "CoinMENA does not know this client. Check the client's id."),
        (2009, "CoinMENA has not verified this client yet. Complete the onboarding first."),
        (2010, "This client is deactivated at CoinMENA. A manager can activate the client."),
        (2012, "CoinMENA does not take this asset here. Choose another one, or refresh the assets."),
        (3005, "The client's available balance at CoinMENA is lower than the amount."),
        (7777, 'CoinMENA refused this with code 7777: Limit 100% used. {"limit": "5.0"}'),
    ],
)
def test_a_refusal_is_told_by_its_code_and_never_by_its_words(code: int, words: str) -> None:
    body = b'{"code": %d, "msg": "Limit 100%% used.", "msg_detail": {"limit": 5.0}}' % code

    verdict = judge_post(answered(400, body), DEPOSIT)

    assert verdict.sentence == words
    assert verdict.code == code


def test_hostile_words_are_bounded_and_storable() -> None:
    refusal = refusal_in(answered(400, envelope(7777, "\x00" + "x" * 1_000_000, ["\ud800"])))

    assert refusal is not None
    assert len(refusal.message) == 500
    assert refusal.message.startswith("\ufffdx")
    assert refusal.detail == '["\ufffd"]'


# Properties -----------------------------------------------------------------------------------------------------------


@given(
    status=st.none() | st.integers(200, 599),
    body=st.binary(max_size=60) | st.just(order_body()) | st.builds(envelope, st.integers(0, 9999)),
    fault=st.none() | st.sampled_from(Fault),
    sent=st.booleans(),
)
def test_nothing_but_the_whole_matching_order_counts_as_applied(
    status: int | None, body: bytes, fault: Fault | None, sent: bool
) -> None:
    verdict = judge_post(answered(status, body, fault=fault, sent=sent), DEPOSIT)

    assert (verdict.evidence is APPLIED) is (status == 200 and body == order_body() and fault is None)
    assert (verdict.evidence is NEVER_SENT) is (status is None and not sent)


@given(
    status=st.none() | st.integers(200, 599),
    body=st.binary(max_size=60) | st.builds(envelope, st.integers(0, 9999), st.text(max_size=5)),
    fault=st.none() | st.sampled_from(Fault),
)
def test_nothing_but_the_partners_own_4xx_counts_as_not_applied(
    status: int | None, body: bytes, fault: Fault | None
) -> None:
    exchange = answered(status, body, fault=fault)
    refusal = refusal_in(exchange)

    is_sure = status is not None and 400 <= status < 500 and status not in (408, 409, 425, 499)
    refused = refusal is not None and is_sure and refusal.code != 2020
    assert (judge_post(exchange, DEPOSIT).evidence is NOT_APPLIED) is refused


def test_an_order_seen_in_a_list_is_judged_like_an_answer() -> None:
    order = read_result(Order, answered(200, order_body()))

    assert judge_order(order, DEPOSIT) == Verdict(Row.COMPLETED, APPLIED, "CoinMENA completed the order.", order=order)


@pytest.mark.parametrize(("exchange", "row"), [case[1:3] for case in TABLE], ids=[case[0] for case in TABLE])
def test_only_what_the_partner_says_of_an_order_accepts_our_credentials(exchange: Exchange, row: str) -> None:
    assert judge_post(exchange, DEPOSIT).accepts_credentials is (row in {"A1", "A2", "A3", "A4", "A5", "A6", "A8"})


def test_a_401_never_accepts_our_credentials_whatever_its_code() -> None:
    assert not judge_post(answered(401, envelope(2020)), DEPOSIT).accepts_credentials
