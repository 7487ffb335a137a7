"""The contracts' own vectors against the sandbox's verification, and every way to be turned away."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.credentials import BITNOB_CLIENT_ID, BITNOB_CLIENT_SECRET, coinmena_public_keys
from backoffice.sandbox.messages import Request
from backoffice.sandbox.signatures import BitnobDoor, CoinMenaDoor, Unauthorized
from backoffice.sandbox.switches import Switches
from tests.sandbox.callers import ManualClock, Partners, bitnob_request, coinmena_request

CALLS = {
    "GET_BALANCES": ("GET", "/v1/partner/balances?partner_client_id=user_12345", b"", "1737654322000"),
    "DEPOSIT": (
        "POST",
        "/v1/partner/deposits",
        b'{"partner_client_id":"user_12345","asset_id":"USD","amount":"1000.00","partner_order_ref":"dep-2f6c1b7e"}',
        "1737654321000",
    ),
    "ACTIVATION": ("PUT", "/v1/partner/clients/user_12345/activation", b'{"active":true}', "1737654328000"),
}
READINGS: dict[str, dict[str, Any]] = {
    "LF_EXCLUDED": {},
    "LF_INCLUDED": {"sign_include_query": True},
    "BARE_EXCLUDED": {"sign_separator": ""},
    "BARE_INCLUDED": {"sign_separator": "", "sign_include_query": True},
}
#: Sections 3.3 and 3.4 of the contract.
VECTORS = """
GET_BALANCES LF_EXCLUDED 0wCc0+uIuWVnBjOmkSJhhUUm4UuHbEv7q8h4DtLMjaTt4L8h5/H8WC0a5pPDs0Jc8z9D+S3bK1++tdnDz0XNCQ==
DEPOSIT LF_EXCLUDED EznkirwueS125cQ/dTgf13kQ0Pg4BrpBhlQBq10uVlCHRURoncNTeizS3nsiTWuEjvt6E6HNQjwxYuNan4ETCw==
ACTIVATION LF_EXCLUDED Gfa8SjQupHCM+Af3joS+3PBF0eWJVsMXsq6DqQci7G5Z1JzMxWB4eU+K6GbHiFjQDhkrIt1giIPTtpeHTjj0Dg==
GET_BALANCES LF_INCLUDED uc/Q9TgsZCHdemAgvuASFhPLLS9Ajmtb7WfxGvTx0DHRJF0r2WhVsZCt0vhvLxKTgUEUyNB87+3tCqxwJI1mAA==
DEPOSIT LF_INCLUDED EznkirwueS125cQ/dTgf13kQ0Pg4BrpBhlQBq10uVlCHRURoncNTeizS3nsiTWuEjvt6E6HNQjwxYuNan4ETCw==
GET_BALANCES BARE_EXCLUDED mEOnW1YL11yzsAx0Ii26Y32mURx9O/tqwJC9A84ZnsmM1y/ekx25GPvDGdRC6wlSxTiZ+vwxAQAoaAyKWqp8Bw==
DEPOSIT BARE_EXCLUDED 2ly7H65IKp8gzMqaqhz1R70S7Xma8kGHggo3ii8s0GQFSnxPHmxUcsBYQfYs77SrO4npy68eQFmqOmPwLKy0CQ==
GET_BALANCES BARE_INCLUDED JPmOE1vCYZdeHgjr791sEsp6sNVxOSqSyrHi2AfvTLe9JGM/xtHJxnJTMnBK03BzZwfJZHEUV9YZU3ifE0VjDA==
DEPOSIT BARE_INCLUDED 2ly7H65IKp8gzMqaqhz1R70S7Xma8kGHggo3ii8s0GQFSnxPHmxUcsBYQfYs77SrO4npy68eQFmqOmPwLKy0CQ==
"""


@pytest.mark.parametrize("vector", VECTORS.split("\n")[1:-1])
def test_it_takes_every_signature_of_the_coinmena_contract(vector: str) -> None:
    call, reading, signature = vector.split()
    method, target, body, timestamp = CALLS[call]
    headers = {"x-partner-id": "demo-partner", "x-timestamp": timestamp, "x-signature": signature}
    clock = Clock(now_ns=lambda: int(timestamp) * 1_000_000)

    door = CoinMenaDoor(coinmena_public_keys(), clock, Switches(**READINGS[reading]))

    assert door.partner_of(Request(method, target, headers, body)) == "demo-partner"


@pytest.mark.parametrize(
    ("target", "body", "timestamp", "nonce", "signature"),
    [
        (
            "/api/transactions?limit=50&type=credit&currency=USDT",
            b"",
            1737654322,
            "000102030405060708090a0b0c0d0e0f",
            "f28b136e2cd1c2417974d16bb4b84c242087890005598ec2d86571c8cb56e4ff",
        ),
        (
            "/api/withdrawals",
            b'{"to_address":"T-TEST-ADDRESS-0001","amount":"2000000","currency":"USDT","chain":"tron",'
            b'"reference":"wd_20260105_a41f9c","description":"Vendor settlement"}',
            1737654323,
            "101112131415161718191a1b1c1d1e1f",
            "a3c625a2e2b19847646465e3cd60b37868940134c1665261fac1c91d1d48eb72",
        ),
    ],
)
def test_it_takes_every_signature_of_the_bitnob_contract(
    target: str, body: bytes, timestamp: int, nonce: str, signature: str
) -> None:
    headers = {
        "x-auth-client": BITNOB_CLIENT_ID,
        "x-auth-timestamp": str(timestamp),
        "x-auth-nonce": nonce,
        "x-auth-signature": signature,
    }

    BitnobDoor(BITNOB_CLIENT_ID, BITNOB_CLIENT_SECRET, ManualClock(timestamp * 1_000_000_000)).check(
        Request("POST" if body else "GET", target, headers, body)
    )


def test_it_agrees_with_bitnobs_own_client() -> None:
    headers = {
        "x-auth-client": "client_test",
        "x-auth-timestamp": "1711020000",
        "x-auth-nonce": "abcdef0123456789abcdef0123456789",
        "x-auth-signature": "46ec3f628da36f918b9c73eb4b0039190e5f636873ceab75ff0a342df715b37d",
    }
    body = b'{"email":"john.doe@example.com","first_name":"John"}'

    BitnobDoor("client_test", "secret_test", ManualClock(1711020000 * 1_000_000_000)).check(
        Request("POST", "/api/customers", headers, body)
    )


ORDERS = "/v1/partner/orders"
UNAUTHORIZED = {"code": 401, "msg": "Unauthorized", "msg_detail": None}


@pytest.mark.parametrize(
    ("age_ms", "status"),
    [(0, 200), (1, 200), (60_000, 200), (60_001, 401), (-1, 401), (-1_000, 401)],
)
def test_it_takes_coinmena_timestamps_of_the_last_minute_only(partners: Partners, age_ms: int, status: int) -> None:
    at_ms = partners.sandbox.clock.milliseconds() - age_ms

    assert partners.send(coinmena_request("GET", ORDERS, at_ms=at_ms)).status == status


def test_it_refuses_a_timestamp_in_seconds(partners: Partners) -> None:
    at_s = partners.sandbox.clock.seconds()

    assert partners.send(coinmena_request("GET", ORDERS, at_ms=at_s)).json == UNAUTHORIZED


@pytest.mark.parametrize("name", ["x-partner-id", "x-timestamp", "x-signature"])
@pytest.mark.parametrize("text", [None, "", "nonsense", "١٢٣٤"])
def test_it_answers_every_broken_header_the_same_way(partners: Partners, name: str, text: str | None) -> None:
    request = coinmena_request("GET", ORDERS, at_ms=partners.sandbox.clock.milliseconds())
    headers = {key: value for key, value in request.headers.items() if key != name}
    if text is not None:
        headers[name] = text

    reply = partners.send(Request("GET", ORDERS, headers))

    assert (reply.status, reply.json) == (401, UNAUTHORIZED)


def test_it_refuses_a_wrong_key(partners: Partners) -> None:
    wrong = Ed25519PrivateKey.from_private_bytes(bytes(32))

    assert partners.coinmena("GET", ORDERS, key=wrong).json == UNAUTHORIZED


@pytest.mark.parametrize(("target", "body"), [("/v1/partner/withdrawals", None), (None, b"{}")])
def test_it_refuses_a_changed_path_or_body(partners: Partners, target: str | None, body: bytes | None) -> None:
    signed = coinmena_request("POST", "/v1/partner/deposits", b'{"a":1}', at_ms=partners.sandbox.clock.milliseconds())

    changed = Request("POST", target or signed.target, signed.headers, signed.body if body is None else body)

    assert partners.send(changed).json == UNAUTHORIZED


def test_it_refuses_an_address_that_is_not_on_the_list(partners: Partners) -> None:
    partners.control("POST", "settings", {"coinmena_addresses": ["192.0.2.1"]})

    assert partners.coinmena("GET", ORDERS).json == UNAUTHORIZED


def test_it_allows_a_replay_within_the_minute(partners: Partners) -> None:
    request = coinmena_request("GET", ORDERS, at_ms=partners.sandbox.clock.milliseconds())

    assert [partners.send(request).status for _ in range(2)] == [200, 200]


def test_public_endpoints_need_no_signature(partners: Partners) -> None:
    assert partners.send(Request("GET", "/v1/public/assets")).status == 200


@pytest.mark.parametrize(("age", "status"), [(0, 200), (300, 200), (-300, 200), (301, 401), (-301, 401)])
def test_it_takes_bitnob_timestamps_within_five_minutes(partners: Partners, age: int, status: int) -> None:
    at_s = partners.sandbox.clock.seconds() - age

    assert partners.send(bitnob_request("GET", "/api/whoami", at_s=at_s)).status == status


def test_it_refuses_a_nonce_seen_before_for_ten_minutes(partners: Partners, clock: ManualClock) -> None:
    def call() -> int:
        return partners.send(bitnob_request("GET", "/api/whoami", at_s=clock.seconds(), nonce="ab" * 16)).status

    first = call()
    clock.advance(600)
    second = call()
    clock.advance(1)
    third = call()

    assert (first, second, third) == (200, 401, 200)


def test_a_wrong_signature_does_not_use_up_the_nonce(partners: Partners, clock: ManualClock) -> None:
    def call(secret: str) -> int:
        request = bitnob_request("GET", "/api/whoami", at_s=clock.seconds(), nonce="cd" * 16, secret=secret)
        return partners.send(request).status

    assert [call("another"), call(BITNOB_CLIENT_SECRET)] == [401, 200]


@pytest.mark.parametrize("name", ["client", "timestamp", "nonce", "signature"])
def test_bitnob_refuses_a_missing_header_with_a_problem(partners: Partners, name: str) -> None:
    request = bitnob_request("GET", "/api/whoami", at_s=partners.sandbox.clock.seconds())
    headers = {key: text for key, text in request.headers.items() if key != f"x-auth-{name}"}

    reply = partners.send(Request("GET", "/api/whoami", headers))

    assert reply.header("Content-Type") == "application/problem+json"
    assert reply.json.keys() == {"type", "title", "status", "detail", "code", "correlation_id", "timestamp"}
    assert (reply.json["status"], reply.json["code"]) == (401, "UNAUTHORIZED")


def test_the_doors_name_the_failed_check_to_a_test(clock: ManualClock) -> None:
    door = CoinMenaDoor(coinmena_public_keys(), clock, Switches())

    with pytest.raises(Unauthorized, match="future"):
        door.partner_of(coinmena_request("GET", ORDERS, at_ms=clock.milliseconds() + 1))


def test_a_request_turned_away_leaves_no_trace_but_its_arrival(partners: Partners, clock: ManualClock) -> None:
    at_ms = clock.milliseconds() - 90_000
    body = b'{"partner_client_id":"user_12345","asset_id":"USD","amount":"1","partner_order_ref":"late-1"}'

    partners.send(coinmena_request("POST", "/v1/partner/deposits", body, at_ms=at_ms))

    ledger = partners.control("GET", "ledger?reference=late-1")
    assert ledger["orders"] == []
    assert [(arrival["status"], arrival["client"]) for arrival in ledger["arrivals"]] == [(401, "user_12345")]


def test_another_partner_sees_nothing_of_ours(partners: Partners) -> None:
    order_id = partners.fund("ours-1").json["result"]["id"]
    other: dict[str, Any] = {
        "partner": "other-partner",
        "key": Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))),
    }

    assert partners.coinmena("GET", f"{ORDERS}/{order_id}").status == 200
    assert partners.coinmena("GET", f"{ORDERS}/{order_id}", **other).status == 404
    assert partners.coinmena("GET", f"{ORDERS}/ref/ours-1", **other).status == 404
    assert partners.coinmena("GET", ORDERS, **other).json["total"] == 1
    assert partners.lookup("other-000001").status == 404


def test_it_starts_without_a_history() -> None:
    sandbox = Sandbox()

    assert Partners(sandbox, sandbox.handle).coinmena("GET", ORDERS).json == {
        "items": [],
        "total": 0,
        "page": 1,
        "page_size": 20,
    }
    sandbox.close()
