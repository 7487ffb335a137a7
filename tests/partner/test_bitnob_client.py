"""The Bitnob client: whose credentials first, then what it asks for, returns and raises."""

import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from backoffice.partner.bitnob import errors
from backoffice.partner.bitnob.client import BitnobClient
from backoffice.partner.errors import (
    InvalidIdentifier,
    PartnerAnswerInvalid,
    PartnerError,
    PartnerRefused,
    PartnerUnavailable,
    RateLimited,
)
from tests.partner.cast import NOON, StillClock, bitnob_config, example

WHOAMI = {"success": True, "message": "", "data": {"environment": "sandbox", "active": True, "permissions": None}}


@pytest.fixture
def partner(httpserver: HTTPServer) -> BitnobClient:
    httpserver.expect_request("/api/whoami").respond_with_json(WHOAMI)
    return BitnobClient(bitnob_config(httpserver.url_for("").rstrip("/")), clock=StillClock())


def paths(httpserver: HTTPServer) -> list[str]:
    return [request.path for request, _ in httpserver.log]


def transaction_answer() -> dict[str, Any]:
    page: dict[str, Any] = json.loads(example("bitnob_transactions"))
    return page | {"data": page["data"]["transactions"][0]}


def problem(code: str, status: int) -> dict[str, object]:
    return {"title": "Title", "status": status, "detail": "Detail", "code": code, "correlation_id": "req_1"}


# Whose credentials ----------------------------------------------------------------------------------------------------


def test_it_asks_whose_credentials_it_holds_before_anything_else_and_once(
    httpserver: HTTPServer, partner: BitnobClient
) -> None:
    httpserver.expect_request("/api/balances").respond_with_data(example("bitnob_balances"))

    partner.balances()
    partner.balances()

    assert paths(httpserver) == ["/api/whoami", "/api/balances", "/api/balances"]


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.transactions(),
        lambda c: c.transaction("x"),
        lambda c: c.balances(),
        lambda c: c.balance("USDT"),
        lambda c: c.confirm_environment(),
    ],
)
def test_it_asks_for_nothing_with_credentials_of_another_environment(
    httpserver: HTTPServer, call: Callable[[BitnobClient], object]
) -> None:
    httpserver.expect_request("/api/whoami").respond_with_json(WHOAMI)
    client = BitnobClient(bitnob_config(httpserver.url_for("").rstrip("/"), environment="live"))

    for _ in range(2):
        with pytest.raises(errors.WrongEnvironment, match="“sandbox”, but the settings say “live”"):
            call(client)

    assert paths(httpserver) == ["/api/whoami"] * 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, {}, PartnerUnavailable),
        (401, problem("UNAUTHORIZED", 401), errors.Unauthorized),
        (200, {"success": True, "data": {}}, PartnerAnswerInvalid),
        (200, {"success": True, "data": {"environment": None}}, PartnerAnswerInvalid),
    ],
)
def test_it_asks_for_nothing_while_nobody_knows_whose_credentials_these_are(
    httpserver: HTTPServer, status: int, body: dict[str, object], kind: type[PartnerError]
) -> None:
    httpserver.expect_request("/api/whoami").respond_with_json(body, status=status)
    client = BitnobClient(bitnob_config(httpserver.url_for("").rstrip("/")), clock=StillClock())

    with pytest.raises(kind):
        client.balances()

    assert set(paths(httpserver)) == {"/api/whoami"}


@pytest.mark.parametrize(
    "answer",
    [
        {"success": True, "data": {"environment": "live", "client_id": "c", "permissions": ["read"]}},
        {"environment": "live", "client_id": "c", "permissions": ["read"], "rate_limit": {"limit": 60}},
    ],
)
def test_whoami_is_read_in_both_forms(httpserver: HTTPServer, answer: dict[str, object]) -> None:
    httpserver.expect_request("/api/whoami").respond_with_json(answer)

    identity = BitnobClient(bitnob_config(httpserver.url_for("").rstrip("/"))).whoami()

    assert (identity.environment, identity.client_id, identity.permissions) == ("live", "c", ["read"])


# What it asks for -----------------------------------------------------------------------------------------------------


def test_every_request_is_signed_with_a_nonce_of_its_own_in_seconds(
    httpserver: HTTPServer, partner: BitnobClient
) -> None:
    httpserver.expect_request("/api/balances").respond_with_data(example("bitnob_balances"))

    partner.balances()

    nonces = set()
    for request, _ in httpserver.log:
        headers = request.headers
        assert headers["X-Auth-Timestamp"] == str(int(NOON.timestamp()))
        text = f"{headers['X-Auth-Client']}:{headers['X-Auth-Timestamp']}:{headers['X-Auth-Nonce']}:"
        expected = hmac.new(b"sandbox_test_secret_000102030405", text.encode(), hashlib.sha256).hexdigest()
        assert headers["X-Auth-Signature"] == expected
        nonces.add(headers["X-Auth-Nonce"])
    assert len(nonces) == 2


def test_filters_and_cursor_are_sent_percent_encoded(httpserver: HTTPServer, partner: BitnobClient) -> None:
    httpserver.expect_request("/api/transactions").respond_with_data(example("bitnob_transactions"))

    partner.transactions("a+b/c==", 50, type="credit", status="completed", currency="USDT")

    assert httpserver.log[1][0].environ["RAW_URI"] == (
        "/api/transactions?cursor=a%2Bb%2Fc%3D%3D&limit=50&type=credit&status=completed&currency=USDT"
    )


def test_the_first_page_carries_no_cursor(httpserver: HTTPServer, partner: BitnobClient) -> None:
    httpserver.expect_request("/api/transactions").respond_with_data(example("bitnob_transactions"))

    partner.transactions()

    assert httpserver.log[1][0].args.to_dict() == {"limit": "100"}


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_a_page_of_a_size_the_partner_refuses_is_not_asked_for(partner: BitnobClient, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        partner.transactions(limit=limit)


def test_one_transaction_keeps_its_bytes(httpserver: HTTPServer, partner: BitnobClient) -> None:
    httpserver.expect_request("/api/transactions/wd_20260105_a41f9c").respond_with_json(transaction_answer())

    transaction = partner.transaction("wd_20260105_a41f9c")

    assert transaction.reference == "wd_20260105_a41f9c"
    assert json.loads(transaction.raw) == transaction_answer()["data"]


def test_one_balance(httpserver: HTTPServer, partner: BitnobClient) -> None:
    data = {"currency": "USDT", "available_balance": "10", "total_balance": "12", "pending_balance": "2"}
    httpserver.expect_request("/api/balances/USDT").respond_with_json({"success": True, "data": data})

    balance = partner.balance("USDT")

    assert (balance.available_balance, balance.total) == (Decimal(10), Decimal(12))


def test_a_hostile_reference_stays_inside_its_segment(httpserver: HTTPServer, partner: BitnobClient) -> None:
    httpserver.expect_request("/api/transactions/../balances?x").respond_with_json(transaction_answer())

    partner.transaction("../balances?x")

    assert httpserver.log[1][0].environ["RAW_URI"] == "/api/transactions/..%2Fbalances%3Fx"
    with pytest.raises(InvalidIdentifier):
        partner.transaction("..")


# Pages ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has_more", "cursor", "last"),
    [(True, "abc", False), (True, "", True), (True, None, True), (False, "abc", True), (False, "", True)],
)
def test_a_page_is_the_last_when_nothing_more_or_no_cursor(
    httpserver: HTTPServer, partner: BitnobClient, has_more: bool, cursor: str | None, last: bool
) -> None:
    page = json.loads(example("bitnob_transactions"))
    page["data"] |= {"has_more": has_more, "next_cursor": cursor}
    httpserver.expect_request("/api/transactions").respond_with_json(page)

    assert partner.transactions().is_last is last


@pytest.mark.parametrize(
    "change",
    [
        {"total_count": "5"},
        {"total_count": -1},
        {"total_count": True},
        {"has_more": None},
        {"next_cursor": 7},
        {"transactions": {}},
    ],
)
def test_a_page_that_cannot_be_walked_is_refused(
    httpserver: HTTPServer, partner: BitnobClient, change: dict[str, object]
) -> None:
    page = json.loads(example("bitnob_transactions"))
    page["data"] |= change
    httpserver.expect_request("/api/transactions").respond_with_json(page)

    with pytest.raises(PartnerAnswerInvalid):
        partner.transactions()


def test_a_bad_account_is_never_left_out(httpserver: HTTPServer, partner: BitnobClient) -> None:
    balances = json.loads(example("bitnob_balances"))
    balances["data"]["accounts"][0]["ledger_balance"] = "1.5"
    httpserver.expect_request("/api/balances").respond_with_json(balances)

    with pytest.raises(PartnerAnswerInvalid, match="ledger_balance"):
        partner.balances()


def test_a_balance_without_a_total_is_refused(httpserver: HTTPServer, partner: BitnobClient) -> None:
    data = {"currency": "USDT", "available_balance": "10"}
    httpserver.expect_request("/api/balances/USDT").respond_with_json({"success": True, "data": data})

    with pytest.raises(PartnerAnswerInvalid, match="total_balance"):
        partner.balance("USDT")


# What it raises -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("BAD_REQUEST", 400, errors.BadRequest),
        ("UNAUTHORIZED", 401, errors.Unauthorized),
        ("FORBIDDEN", 403, errors.Forbidden),
        ("NOT_FOUND", 404, errors.NotFound),
        ("CONFLICT", 409, errors.Conflict),
        ("UNPROCESSABLE_ENTITY", 422, errors.Unprocessable),
        ("UNHEARD_OF", 404, errors.NotFound),
        ("UNHEARD_OF", 410, errors.Gone),
        ("UNHEARD_OF", 418, PartnerRefused),
    ],
)
def test_refusals_are_typed_by_code_or_else_by_status(
    httpserver: HTTPServer, partner: BitnobClient, code: str, status: int, kind: type[PartnerRefused]
) -> None:
    httpserver.expect_request("/api/balances").respond_with_json(problem(code, status), status=status)

    with pytest.raises(PartnerRefused) as refused:
        partner.balances()

    assert type(refused.value) is kind
    assert (refused.value.status, refused.value.code, refused.value.correlation_id) == (status, code, "req_1")
    assert (refused.value.message, refused.value.detail) == ("Title", "Detail")
    assert str(refused.value).startswith("Bitnob ")


def test_what_a_cache_denies_is_not_denied(httpserver: HTTPServer, partner: BitnobClient) -> None:
    asked = httpserver.expect_request("/api/transactions/t1")
    asked.respond_with_json(problem("NOT_FOUND", 404), status=404, headers={"Age": "30"})

    with pytest.raises(PartnerAnswerInvalid, match="It proves nothing"):
        partner.transaction("t1")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, json.dumps(problem("INTERNAL_ERROR", 500)), PartnerUnavailable),
        (503, "<html>", PartnerUnavailable),
        (429, json.dumps(problem("RATE_LIMITED", 429)), RateLimited),
        (403, "<html>", PartnerAnswerInvalid),
        (302, "", PartnerAnswerInvalid),
        (200, "<html>", PartnerAnswerInvalid),
        (200, "[]", PartnerAnswerInvalid),
        (200, '{"success": true}', PartnerAnswerInvalid),
        (200, '{"success": false, "message": "old form"}', PartnerAnswerInvalid),
        (200, '{"status": false, "message": "older form"}', PartnerAnswerInvalid),
    ],
)
def test_other_answers_belong_to_one_of_three_families(
    httpserver: HTTPServer, partner: BitnobClient, status: int, body: str, kind: type[PartnerError]
) -> None:
    httpserver.expect_request("/api/balances").respond_with_data(body, status=status)

    with pytest.raises(kind) as raised:
        partner.balances()

    assert raised.value.status == status
    assert str(raised.value).endswith(".")


def test_it_keeps_within_its_requests_a_minute(httpserver: HTTPServer) -> None:
    clock = StillClock()
    httpserver.expect_request("/api/whoami").respond_with_json(WHOAMI)
    client = BitnobClient(bitnob_config(httpserver.url_for("").rstrip("/"), requests_per_minute=60), clock=clock)

    for _ in range(12):
        client.whoami()

    assert clock.passed == pytest.approx(2)
