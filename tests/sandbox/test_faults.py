"""Each fault does what its name says: what is answered, what is applied, and how often."""

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from backoffice.sandbox.messages import Delivery, Reply, Request
from tests.sandbox.callers import ManualClock, Partners

ORDERS = "/v1/partner/orders"
TRANSACTIONS = "/api/transactions"


def is_booked(partners: Partners, reference: str) -> bool:
    return bool(partners.control("GET", f"ledger?reference={reference}")["orders"])


@pytest.mark.parametrize("kind", ["close_before_reading", "close_before_apply"])
@pytest.mark.parametrize("how", ["closed", "reset", "refused"])
def test_closing_before_leaves_nothing_booked(partners: Partners, kind: str, how: str) -> None:
    partners.fault({"kind": kind, "how": how}, method="POST")

    reply = partners.fund("r")

    assert reply.delivery == Delivery(how)
    assert not is_booked(partners, "r")
    assert partners.fund("r").status == 200


def test_closing_after_loses_the_answer_only(partners: Partners) -> None:
    partners.fault({"kind": "close_after_apply"}, reference="r")

    assert partners.fund("r").delivery is Delivery.CLOSED
    assert partners.lookup("r").json["result"]["status"] == "completed"
    assert partners.fund("r").json["code"] == 2020


def test_an_answer_can_be_cut_short(partners: Partners) -> None:
    partners.fault({"kind": "cut_answer", "at": 5})

    reply = partners.fund("r")

    assert (b"".join(reply.chunks()), reply.length > 5) == (b'{"res', True)
    assert is_booked(partners, "r")


def test_a_late_answer_waits_before_applying_or_after(partners: Partners, clock: ManualClock) -> None:
    partners.fault({"kind": "answer_late", "seconds": 26, "when": "after"}, reference="after")
    partners.fault({"kind": "answer_late", "seconds": 61, "when": "before"}, reference="before")
    start = clock.at_ns

    after = partners.fund("after")
    waited_after = clock.at_ns - start
    before = partners.fund("before")

    assert (after.delay_seconds, waited_after) == (26, 0)
    assert (before.delay_seconds, clock.at_ns - start) == (0, 61_000_000_000)
    assert before.json["result"]["created_at"] == "2026-11-20T10:01:01Z"


def test_a_request_lands_late(partners: Partners, clock: ManualClock) -> None:
    partners.fault({"kind": "land_late", "seconds": 130}, reference="r")
    before = partners.available()

    assert partners.fund("r").delivery is Delivery.CLOSED
    clock.advance(129)
    assert partners.lookup("r").status == 404
    clock.advance(1)

    assert partners.lookup("r").json["result"]["status"] == "completed"
    assert Decimal(partners.available()) == Decimal(before) + 100
    arrivals = partners.control("GET", "ledger?reference=r")["arrivals"]
    assert [(one["status"], one["delivery"], one["landed_status"]) for one in arrivals] == [(None, "closed", 200)]


def test_a_request_the_network_held_too_long_is_turned_away(partners: Partners, clock: ManualClock) -> None:
    partners.fault({"kind": "land_late", "seconds": 61, "verify": "when_landing"}, reference="r")
    partners.fund("r")

    clock.advance(61)

    assert partners.lookup("r").status == 404
    assert partners.control("GET", "ledger?reference=r")["arrivals"][0]["landed_status"] == 401


def test_a_request_that_lands_after_its_resend_is_refused(partners: Partners, clock: ManualClock) -> None:
    partners.fault({"kind": "land_late", "seconds": 30}, reference="r")
    partners.fund("r")
    assert partners.fund("r").status == 200

    clock.advance(30)
    partners.sandbox.land_due()

    ledger = partners.control("GET", "ledger?reference=r")
    assert len(ledger["orders"]) == 1
    assert [one["landed_status"] for one in ledger["arrivals"]] == [409, None]


def test_dripping_is_asked_for_by_the_byte(partners: Partners) -> None:
    partners.fault({"kind": "drip", "seconds_per_byte": 0.5})

    assert partners.fund("r").seconds_per_byte == 0.5


@pytest.mark.parametrize("apply", [False, True])
@pytest.mark.parametrize(
    ("action", "status", "has_envelope"),
    [
        ({"kind": "envelope"}, 500, True),
        ({"kind": "envelope", "status": 401}, 401, True),
        ({"kind": "envelope", "status": 409, "code": 2020}, 409, True),
        ({"kind": "envelope", "status": 400, "code": 3005, "msg": "Insufficient funds"}, 400, True),
        ({"kind": "envelope", "status": 418, "code": 7777, "msg_detail": ["?"]}, 418, True),
        ({"kind": "html"}, 502, False),
        ({"kind": "html", "status": 503, "title": "503"}, 503, False),
        ({"kind": "html", "status": 404, "title": "404"}, 404, False),
        ({"kind": "html", "status": 200, "title": "Welcome"}, 200, False),
        ({"kind": "redirect", "status": 301}, 301, False),
        ({"kind": "redirect", "status": 302}, 302, False),
        ({"kind": "redirect", "status": 307}, 307, False),
        ({"kind": "redirect", "status": 308, "location": "http://127.0.0.1:1/x"}, 308, False),
    ],
)
def test_an_answer_in_the_partners_place(
    partners: Partners, action: dict[str, Any], status: int, has_envelope: bool, apply: bool
) -> None:
    partners.fault({**action, "apply": apply}, reference="r")

    reply = partners.fund("r")

    assert reply.status == status
    assert is_booked(partners, "r") is apply
    assert (reply.header("Content-Type") == "application/json") is has_envelope
    if has_envelope:
        assert reply.json["code"] == action.get("code", status)
    if status in (301, 302, 307, 308):
        assert reply.header("Location") == action.get("location", "/v1/partner/deposits")


@pytest.mark.parametrize("retry_after", [None, "-1", "1000000000", "Fri, 20 Nov 2026 10:01:00 GMT"])
def test_too_many_requests_with_any_retry_after(partners: Partners, retry_after: str | None) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    partners.fault({"kind": "envelope", "status": 429, "headers": headers})

    reply = partners.fund("r")

    assert (reply.status, reply.header("Retry-After"), reply.json["code"]) == (429, retry_after, 429)


def test_bitnob_fails_in_its_own_form(partners: Partners) -> None:
    partners.fault({"kind": "envelope", "status": 503}, path="/api/")

    reply = partners.bitnob(TRANSACTIONS)

    assert (reply.status, reply.json["code"], reply.json["status"]) == (503, "INTERNAL_ERROR", 503)


def test_headers_are_set_and_removed(partners: Partners) -> None:
    partners.fault({"kind": "headers", "set": {"Age": "30"}, "remove": ["Date"]})

    reply = partners.lookup("none")

    assert (reply.status, reply.header("Age"), reply.suppressed) == (404, "30", ("date",))


def parse_or_fail(body: bytes) -> Any:
    return json.loads(body.decode("utf-8"))


@pytest.mark.parametrize("how", ["truncated", "bom", "deep", "not_utf8", "empty", "html"])
def test_a_broken_answer_cannot_be_read_although_it_was_applied(partners: Partners, how: str) -> None:
    partners.fault({"kind": "broken", "how": how}, reference="r")

    reply = partners.fund("r")

    with pytest.raises((ValueError, RecursionError)):
        parse_or_fail(reply.body)
    assert reply.status == 200
    assert is_booked(partners, "r")


@pytest.mark.parametrize(
    ("how", "piece"),
    [
        ("duplicate_keys", b'"status":"failed","status":"completed"'),
        ("nan", b'"debit":NaN'),
        ("numbers", b'"debit":100.00,'),
        ("not_an_object", b'[{"result"'),
    ],
)
def test_a_wrong_answer_can_be_read_but_must_not_be(partners: Partners, how: str, piece: bytes) -> None:
    partners.fault({"kind": "broken", "how": how}, reference="r")

    body = partners.fund("r").body

    assert piece in body
    parse_or_fail(body)


@pytest.mark.parametrize("how", ["duplicate_keys", "nan"])
def test_answers_without_an_order_break_too(partners: Partners, how: str) -> None:
    partners.fault({"kind": "broken", "how": how})
    whole = partners.coinmena("GET", "/v1/public/countries").body

    assert b"NaN" in whole or whole.count(b'"items":') == 2


def test_an_oversized_answer_is_made_while_sending(partners: Partners) -> None:
    partners.fault({"kind": "oversized", "bytes": 1_000_000})

    reply = partners.fund("r")

    assert len(reply.body) < 1_000
    assert sum(len(chunk) for chunk in reply.chunks()) == reply.length > 1_000_000


def test_a_gzip_bomb_is_small_until_it_is_opened(partners: Partners) -> None:
    partners.fault({"kind": "gzip_bomb", "bytes": 5_000_001})

    reply = partners.fund("r")

    assert (reply.header("Content-Encoding"), len(reply.body) < 20_000) == ("gzip", True)
    assert len(gzip.decompress(reply.body)) == 5_000_001


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ({"field": "client", "value": "user_1"}, {"partner_client_id": "user_1"}),
        ({"field": "reference", "value": "other"}, {"partner_order_ref": "other"}),
        ({"field": "asset", "value": "AED"}, {"debit_asset_id": "AED"}),
        ({"field": "type", "value": "withdrawal"}, {"type": "withdrawal"}),
        ({"field": "status", "value": "pending"}, {"status": "pending"}),
        ({"field": "status", "value": 1}, {"status": 1}),
        ({"field": "amount", "delta": "0.00000001"}, {"debit": "100.00000001"}),
        ({"field": "amount", "delta": "-0.00000001"}, {"debit": "99.99999999"}),
        ({"field": "amount", "value": "1e999999999"}, {"debit": "1e999999999"}),
        ({"field": "amount", "value": 100}, {"debit": 100}),
        ({"field": "id", "value": 7}, {"id": 7}),
        (
            {"field": "side"},
            {"debit": None, "debit_asset_id": None, "credit": "100.00", "credit_asset_id": "USD"},
        ),
    ],
)
def test_a_wrong_echo_differs_in_one_thing_only(
    partners: Partners, action: dict[str, Any], changed: dict[str, Any]
) -> None:
    partners.control("POST", "settings", {"order_shape": "full"})
    partners.fault({"kind": "echo", **action}, method="POST", reference="r")

    said = partners.fund("r").json["result"]

    truth = partners.lookup("r").json["result"]
    assert {key: said[key] for key in said if said[key] != truth[key]} == changed


def test_a_field_can_be_left_out(partners: Partners) -> None:
    partners.fault({"kind": "echo", "field": "partner_order_ref", "omit": True})

    assert "partner_order_ref" not in partners.fund("r").json["result"]


def test_a_side_is_swapped_in_the_short_form_too(partners: Partners) -> None:
    partners.fund("r")
    partners.fault({"kind": "echo", "field": "side"}, method="GET")

    order = partners.lookup("r").json["result"]

    assert (order["credit"], order["credit_asset_id"], "debit" in order) == ("100.00", "USD", False)


def test_lists_and_transactions_are_echoed_wrongly_too(partners: Partners) -> None:
    partners.fault({"kind": "echo", "field": "amount", "value": "0E-8"}, times=None)

    items = partners.coinmena("GET", f"{ORDERS}?page_size=100").json["items"]
    rows = partners.bitnob(TRANSACTIONS).json["data"]["transactions"]

    assert all("0E-8" in (item.get("debit"), item.get("credit")) for item in items)
    assert {row["amount"] for row in rows} == {"0E-8"}


def test_a_refusal_is_echoed_as_it_is(partners: Partners) -> None:
    partners.fault({"kind": "echo", "field": "status", "value": "pending"})

    assert partners.fund("r", amount="0").json["code"] == 400


def test_lookups_and_lists_lag_behind(partners: Partners, clock: ManualClock) -> None:
    partners.fault({"kind": "read_lag", "seconds": 60}, path=ORDERS, times=None)
    total = partners.coinmena("GET", f"{ORDERS}?page_size=100")
    partners.fund("r")

    early = partners.lookup("r").status
    listed = [
        item.get("partner_order_ref") for item in partners.coinmena("GET", f"{ORDERS}?page_size=100").json["items"]
    ]
    clock.advance(60)

    assert total.status == 200
    assert (early, "r" in listed, partners.lookup("r").status) == (404, False, 200)


def ids(partners: Partners, page: int = 1) -> list[int]:
    reply = partners.coinmena("GET", f"{ORDERS}?page_size=5&page={page}")
    return [item["id"] for item in reply.json["items"]]


def test_shifted_pages_repeat_or_skip_rows(partners: Partners) -> None:
    first, second = ids(partners), ids(partners, 2)

    partners.fault({"kind": "shift_pages", "rows": 2}, query={"page": "2"})
    repeated = ids(partners, 2)
    partners.fault({"kind": "shift_pages", "rows": -2}, query={"page": "2"})
    skipped = ids(partners, 2)

    assert repeated == [*first[3:], *second[:3]]
    assert skipped[:3] == second[2:]


def test_one_page_comes_again_and_again(partners: Partners) -> None:
    partners.fault({"kind": "repeat_page", "page": 1}, path=ORDERS, times=None)

    assert ids(partners, 1) == ids(partners, 2) == ids(partners, 3)


def test_pages_never_end(partners: Partners) -> None:
    partners.fault({"kind": "never_ending"}, path=ORDERS, times=None)

    for page in (1, 2, 50):
        answer = partners.coinmena("GET", f"{ORDERS}?page_size=5&page={page}").json
        assert len(answer["items"]) == 5
        assert answer["page"] == page
        assert page * 5 < answer["total"]


def test_the_page_size_is_ignored(partners: Partners) -> None:
    partners.fault({"kind": "ignore_page_size", "page_size": 3})

    answer = partners.coinmena("GET", f"{ORDERS}?page_size=10").json

    assert (len(answer["items"]), answer["page_size"]) == (3, 3)


@pytest.mark.parametrize("delta", [-1, 1])
def test_the_total_lies(partners: Partners, delta: int) -> None:
    total = partners.coinmena("GET", ORDERS).json["total"]
    count = partners.bitnob(TRANSACTIONS).json["data"]["total_count"]
    partners.fault({"kind": "wrong_total", "delta": delta}, times=None)

    assert partners.coinmena("GET", ORDERS).json["total"] == total + delta
    assert partners.bitnob(TRANSACTIONS).json["data"]["total_count"] == count + delta


def test_a_page_in_the_middle_is_empty(partners: Partners) -> None:
    partners.fault({"kind": "empty_page"}, query={"page": "2"})
    partners.fault({"kind": "empty_page"}, path="/api/")

    assert (len(ids(partners, 1)), ids(partners, 2), len(ids(partners, 3))) == (5, [], 5)
    data = partners.bitnob(f"{TRANSACTIONS}?limit=5").json["data"]
    assert (data["transactions"], data["has_more"]) == ([], True)


def test_a_cursor_leads_in_a_circle(partners: Partners) -> None:
    first = partners.bitnob(f"{TRANSACTIONS}?limit=5").json["data"]["next_cursor"]
    partners.fault({"kind": "loop_cursor"}, path="/api/", times=None)

    looped = partners.bitnob(f"{TRANSACTIONS}?limit=5&cursor={first.replace('=', '%3D')}").json["data"]

    assert (looped["next_cursor"], looped["has_more"]) == (first, True)


def test_no_more_beside_a_cursor(partners: Partners) -> None:
    partners.fault({"kind": "no_more"}, path="/api/")

    data = partners.bitnob(f"{TRANSACTIONS}?limit=5").json["data"]

    assert (data["has_more"], bool(data["next_cursor"])) == (False, True)


def test_a_rule_strikes_from_the_nth_so_many_times(partners: Partners) -> None:
    partners.fault({"kind": "envelope"}, method="GET", path=ORDERS, nth=2, times=2, label="F8")

    statuses = [partners.coinmena("GET", ORDERS).status for _ in range(5)]

    assert statuses == [200, 500, 500, 200, 200]
    (rule,) = partners.control("GET", "faults")["faults"]
    assert (rule["label"], rule["seen"], rule["fired"]) == ("F8", 5, 2)


@pytest.mark.parametrize(
    ("match", "strikes"),
    [
        ({"partner": "coinmena"}, True),
        ({"partner": "bitnob"}, False),
        ({"method": "POST", "path": "/v1/partner/deposits"}, True),
        ({"path": "/v1/partner/withdrawals"}, False),
        ({"client": "user_12345"}, True),
        ({"client": "user_31190"}, False),
        ({"reference": "r"}, True),
        ({"reference": "s"}, False),
        ({"query": {"page": "1"}}, False),
        ({}, True),
    ],
)
def test_a_rule_strikes_only_what_fits(partners: Partners, match: dict[str, Any], strikes: bool) -> None:
    partners.control("POST", "faults", {"match": match, "action": {"kind": "envelope"}})

    assert (partners.fund("r").status == 500) is strikes


def test_lookups_are_matched_by_the_reference_in_their_path(partners: Partners) -> None:
    partners.fund("a")
    partners.fund("b")
    partners.fault({"kind": "html", "status": 404}, method="GET", reference="a")

    assert [partners.lookup(name).status for name in ("a", "b", "a")] == [404, 200, 200]


def test_two_rules_play_around_each_other(partners: Partners) -> None:
    partners.fault({"kind": "answer_late", "seconds": 3}, reference="r")
    partners.fault({"kind": "html", "apply": True}, reference="r")

    reply = partners.fund("r")

    assert (reply.status, reply.delay_seconds, is_booked(partners, "r")) == (502, 3, True)


def test_a_badly_signed_request_wakes_no_fault(partners: Partners) -> None:
    partners.fault({"kind": "envelope"})

    partners.send(Request("GET", ORDERS))

    assert partners.control("GET", "faults")["faults"][0]["seen"] == 0


def test_rules_are_removed_one_by_one_or_all(partners: Partners) -> None:
    for name in ("a", "b", "c"):
        partners.fault({"kind": "envelope"}, reference=name, times=None)
    first = partners.control("GET", "faults")["faults"][0]["id"]
    partners.control("DELETE", f"faults/{first}")

    assert partners.fund("a").status == 200
    assert partners.fund("b").status == 500
    assert [rule["fired"] for rule in partners.control("DELETE", "faults")["faults"]] == [1, 0]
    assert partners.fund("b").status == 200


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": {"kind": "nothing"}},
        {"action": {"kind": "drip", "speed": 1}},
        {"action": {"kind": "echo"}},
        {"action": {"kind": "broken", "how": "sideways"}},
        {"action": {"kind": "close_after_apply", "how": "quietly"}},
        {"action": {"kind": "envelope"}, "match": {"verb": "POST"}},
        {"action": {"kind": "envelope"}, "often": 3},
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_with_a_sentence(partners: Partners, rule: dict[str, Any]) -> None:
    reply: Reply = partners.send(Request("POST", "/control/faults", {}, json.dumps(rule).encode()))

    assert reply.status == 400
    assert " " in reply.json["error"]
    assert partners.control("GET", "faults") == {"faults": []}
