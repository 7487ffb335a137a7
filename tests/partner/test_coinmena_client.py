"""The CoinMENA client: what it asks for, what it returns, what it raises."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from backoffice.money import AmountError
from backoffice.partner.coinmena import errors
from backoffice.partner.coinmena.client import CoinmenaClient, body_of
from backoffice.partner.coinmena.payloads import OrderKind
from backoffice.partner.coinmena.signing import canonical_text
from backoffice.partner.errors import (
    InvalidIdentifier,
    PartnerAnswerInvalid,
    PartnerError,
    PartnerRefused,
    PartnerUnavailable,
    RateLimited,
)
from tests.partner.cast import SEED, StillClock, coinmena_config, example, http_answer
from tests.partner.odd_server import OddServer, hang_up, say

Start = Callable[..., OddServer]


@pytest.fixture
def partner(httpserver: HTTPServer) -> CoinmenaClient:
    return CoinmenaClient(coinmena_config(httpserver.url_for("").rstrip("/")), clock=StillClock())


def refusal(code: int, detail: object = None) -> dict[str, object]:
    return {"code": code, "msg": "Reworded at any time", "msg_detail": detail}


def verify_signature(request: Request) -> None:
    """Raise if the request's signature does not match what arrived."""
    config = coinmena_config()
    timestamp = int(request.headers["X-Timestamp"])
    target = request.full_path.rstrip("?")
    text = canonical_text(config, timestamp, request.method, target, request.get_data())
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key()
    public.verify(base64.b64decode(request.headers["X-Signature"]), text.encode())
    assert request.headers["X-Partner-ID"] == "partner-1"


# What it asks for -----------------------------------------------------------------------------------------------------

CALLS: list[tuple[str, str, dict[str, str], str, Callable[[CoinmenaClient], Any]]] = [
    ("GET", "/v1/public/assets", {}, "coinmena_assets", lambda c: c.assets()),
    (
        "GET",
        "/v1/partner/balances",
        {"partner_client_id": "user_12345"},
        "coinmena_balances",
        lambda c: c.balances("user_12345"),
    ),
    ("GET", "/v1/partner/clients/user_12345", {}, "coinmena_client", lambda c: c.client("user_12345")),
    (
        "PUT",
        "/v1/partner/clients/user_12345/activation",
        {},
        "coinmena_client",
        lambda c: c.set_activation("user_12345", True),
    ),
    ("GET", "/v1/partner/orders/67890", {}, "coinmena_walkthrough_deposit_answer", lambda c: c.order(67890)),
    (
        "GET",
        "/v1/partner/orders/ref/deposit-abc-123",
        {},
        "coinmena_walkthrough_order_by_reference",
        lambda c: c.order_by_reference("deposit-abc-123").order,
    ),
    (
        "GET",
        "/v1/partner/orders",
        {"page": "1", "page_size": "100"},
        "coinmena_walkthrough_orders",
        lambda c: c.orders(),
    ),
    (
        "POST",
        "/v1/partner/deposits",
        {},
        "coinmena_walkthrough_deposit_answer",
        lambda c: c.post_order(OrderKind.DEPOSIT, b"{}"),
    ),
    (
        "POST",
        "/v1/partner/withdrawals",
        {},
        "coinmena_walkthrough_withdrawal_answer",
        lambda c: c.post_order(OrderKind.WITHDRAWAL, b"{}"),
    ),
]


@pytest.mark.parametrize(("method", "path", "query", "answer", "call"), CALLS)
def test_each_method_asks_its_documented_endpoint(
    httpserver: HTTPServer,
    partner: CoinmenaClient,
    method: str,
    path: str,
    query: dict[str, str],
    answer: str,
    call: Callable[[CoinmenaClient], Any],
) -> None:
    httpserver.expect_ordered_request(path, method=method, query_string=query).respond_with_data(example(answer))

    assert call(partner)

    httpserver.check()
    request = httpserver.log[0][0]
    if path.startswith("/v1/public"):
        assert "X-Signature" not in request.headers
    else:
        verify_signature(request)


def test_it_signs_one_second_behind(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    httpserver.expect_request("/v1/partner/deposits").respond_with_data(b"{}")

    exchange = partner.post_order(OrderKind.DEPOSIT, b"{}")

    noon_ms = int(datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp() * 1000)
    assert exchange.signed_timestamp_ms == noon_ms - 1000
    assert httpserver.log[0][0].headers["X-Timestamp"] == str(noon_ms - 1000)


def test_the_query_is_signed_where_the_settings_say_so(httpserver: HTTPServer) -> None:
    config = coinmena_config(httpserver.url_for("").rstrip("/"), include_query=True, separator="")
    httpserver.expect_request("/v1/partner/balances").respond_with_data(example("coinmena_balances"))

    CoinmenaClient(config).balances("user 1/2")

    request = httpserver.log[0][0]
    target = "/v1/partner/balances?partner_client_id=user%201%2F2"
    text = canonical_text(config, int(request.headers["X-Timestamp"]), "GET", target, b"")
    signature = base64.b64decode(request.headers["X-Signature"])
    Ed25519PrivateKey.from_private_bytes(SEED).public_key().verify(signature, text.encode())


def test_a_window_is_widened_to_whole_seconds_in_utc(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    gulf = timezone(timedelta(hours=3))
    httpserver.expect_request("/v1/partner/orders").respond_with_data(example("coinmena_walkthrough_orders"))

    partner.orders(
        2,
        50,
        partner_client_id="user_12345",
        from_datetime=datetime(2024, 6, 1, 3, 0, 0, 999_999, tzinfo=gulf),
        to_datetime=datetime(2024, 6, 1, 23, 59, 59, 1, tzinfo=UTC),
        status="completed",
    )

    assert httpserver.log[0][0].args.to_dict() == {
        "partner_client_id": "user_12345",
        "from_datetime": "2024-06-01T00:00:00Z",
        "to_datetime": "2024-06-02T00:00:00Z",
        "status": "completed",
        "page": "2",
        "page_size": "50",
    }


def test_a_window_without_an_offset_is_a_mistake(partner: CoinmenaClient) -> None:
    with pytest.raises(ValueError, match="offset"):
        partner.orders(from_datetime=datetime(2024, 6, 1))


def test_a_hostile_identifier_stays_inside_its_segment(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    httpserver.expect_request("/v1/partner/clients/../orders?x=1").respond_with_data(example("coinmena_client"))

    partner.client("../orders?x=1")

    assert httpserver.log[0][0].environ["RAW_URI"] == "/v1/partner/clients/..%2Forders%3Fx%3D1"


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_identifier_that_names_nothing_is_not_asked_for(
    httpserver: HTTPServer, partner: CoinmenaClient, identifier: str
) -> None:
    with pytest.raises(InvalidIdentifier):
        partner.order_by_reference(identifier)

    assert httpserver.log == []


# Orders that move money -----------------------------------------------------------------------------------------------


def test_the_body_is_the_documented_one_byte_for_byte() -> None:
    assert body_of(
        partner_client_id="user_12345", asset_id="USD", amount=Decimal("1000.00"), partner_order_ref="dep-2f6c1b7e"
    ) == (b'{"partner_client_id":"user_12345","asset_id":"USD","amount":"1000.00","partner_order_ref":"dep-2f6c1b7e"}')


@pytest.mark.parametrize(("amount", "written"), [("1E+3", "1000"), ("0.00000010", "0.00000010"), ("1E-7", "0.0000001")])
def test_an_amount_goes_out_without_an_exponent(amount: str, written: str) -> None:
    body = body_of(partner_client_id="u", asset_id="USD", amount=Decimal(amount), partner_order_ref="r")

    assert json.loads(body)["amount"] == written


@pytest.mark.parametrize("amount", ["0", "-1", "1E-9", "0.123456789", "1E+20", "NaN", "Infinity"])
def test_an_amount_against_the_contract_does_not_go_out(amount: str) -> None:
    with pytest.raises(AmountError):
        body_of(partner_client_id="u", asset_id="USD", amount=Decimal(amount), partner_order_ref="r")


def test_a_float_does_not_go_out() -> None:
    with pytest.raises(TypeError):
        body_of(partner_client_id="u", asset_id="USD", amount=0.1, partner_order_ref="r")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path"), [("deposit", "/v1/partner/deposits"), ("withdraw", "/v1/partner/withdrawals")]
)
def test_depositing_and_withdrawing_send_that_body(
    httpserver: HTTPServer, partner: CoinmenaClient, method: str, path: str
) -> None:
    httpserver.expect_request(path, method="POST").respond_with_data(b"{}")
    order = {"partner_client_id": "u", "asset_id": "USD", "amount": Decimal("1.50"), "partner_order_ref": "r-1"}

    getattr(partner, method)(**order)

    assert httpserver.log[0][0].get_data() == body_of(**order)  # type: ignore[arg-type]


def test_sending_again_repeats_the_bytes_and_renews_the_signature(
    httpserver: HTTPServer, partner: CoinmenaClient
) -> None:
    httpserver.expect_request("/v1/partner/deposits").respond_with_data(b"{}")
    body = body_of(partner_client_id="u", asset_id="USD", amount=Decimal("1"), partner_order_ref="r")

    partner.post_order(OrderKind.DEPOSIT, body)
    partner._clock.sleep(300)
    partner.post_order(OrderKind.DEPOSIT, body)

    first, second = (request for request, _ in httpserver.log)
    assert first.get_data() == second.get_data() == body
    assert int(second.headers["X-Timestamp"]) - int(first.headers["X-Timestamp"]) == 300_000


@pytest.mark.parametrize("status", [400, 401, 409, 429, 500, 502, 503])
def test_posting_raises_nothing_and_never_repeats(httpserver: HTTPServer, partner: CoinmenaClient, status: int) -> None:
    httpserver.expect_request("/v1/partner/deposits").respond_with_json(refusal(2020), status=status)

    assert partner.post_order(OrderKind.DEPOSIT, b"{}").status == status
    assert len(httpserver.log) == 1


def test_a_post_goes_out_over_a_connection_of_its_own(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    ports: list[str] = []

    def remember(request: Request) -> Response:
        ports.append(request.environ["REMOTE_PORT"])
        return Response(example("coinmena_assets"))

    httpserver.expect_request("/v1/public/assets").respond_with_handler(remember)
    httpserver.expect_request("/v1/partner/deposits").respond_with_handler(remember)

    partner.assets()
    partner.post_order(OrderKind.DEPOSIT, b"{}")
    partner.post_order(OrderKind.DEPOSIT, b"{}")

    assert len(set(map(str, ports))) == 3


# Look-ups -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "headers", "credible"),
    [
        (404, json.dumps(refusal(404)), {}, True),
        (404, json.dumps(refusal(9999)), {}, True),
        (404, json.dumps(refusal(404)), {"Age": "0"}, False),
        (404, "<html>not found</html>", {}, False),
        (404, "", {}, False),
    ],
)
def test_a_missing_order_is_evidence_to_be_weighed(
    httpserver: HTTPServer, partner: CoinmenaClient, status: int, body: str, headers: dict[str, str], credible: bool
) -> None:
    httpserver.expect_request("/v1/partner/orders/ref/dep-1").respond_with_data(body, status=status, headers=headers)

    lookup = partner.order_by_reference("dep-1")

    assert lookup.order is None
    assert lookup.partner_date is not None
    assert lookup.is_credible_absence is credible


def test_a_missing_order_without_a_date_is_no_credible_absence(play: Start) -> None:
    body = json.dumps(refusal(404)).encode()
    server = play(say(b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body) + body))

    assert not CoinmenaClient(coinmena_config(server.url)).order_by_reference("dep-1").is_credible_absence


def test_a_found_order_is_no_absence(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    answer = example("coinmena_walkthrough_order_by_reference")
    httpserver.expect_request("/v1/partner/orders/ref/deposit-abc-123").respond_with_data(answer)

    lookup = partner.order_by_reference("deposit-abc-123")

    assert lookup.order is not None
    assert lookup.order.partner_order_ref == "deposit-abc-123"
    assert not lookup.is_credible_absence


@pytest.mark.parametrize("status", [304, 302, 403])
def test_a_look_up_answered_by_something_else_is_no_evidence(
    httpserver: HTTPServer, partner: CoinmenaClient, status: int
) -> None:
    httpserver.expect_request("/v1/partner/orders/ref/dep-1").respond_with_data("", status=status)

    with pytest.raises(PartnerAnswerInvalid):
        partner.order_by_reference("dep-1")


# What it raises -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (2008, 400, errors.InvalidClient),
        (2009, 400, errors.ClientNotVerified),
        (2010, 403, errors.ClientDeactivated),
        (2012, 400, errors.InvalidAsset),
        (2020, 409, errors.DuplicateReference),
        (3005, 422, errors.InsufficientFunds),
        (4008, 400, errors.QuoteExpired),
        (401, 401, errors.Unauthorized),
        (9401, 401, errors.Unauthorized),
        (404, 404, errors.InvalidClient),
        (7777, 400, PartnerRefused),
    ],
)
def test_refusals_are_typed_by_their_code(
    httpserver: HTTPServer, partner: CoinmenaClient, code: int, status: int, kind: type[PartnerRefused]
) -> None:
    httpserver.expect_request("/v1/partner/clients/u").respond_with_json(
        refusal(code, {"field": ["wrong"]}), status=status
    )

    with pytest.raises(PartnerRefused) as refused:
        partner.client("u")

    assert type(refused.value) is kind
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.message == "Reworded at any time"
    assert refused.value.detail == '{"field": ["wrong"]}'
    assert refused.value.request_id
    assert str(refused.value) == refused.value.template % refused.value.parameters


def test_an_undocumented_refusal_shows_its_code_and_words(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    httpserver.expect_request("/v1/partner/clients/u").respond_with_json(refusal(7777), status=400)

    with pytest.raises(PartnerRefused, match="CoinMENA refused this with code 7777: Reworded at any time"):
        partner.client("u")


def test_an_order_that_is_not_there(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    httpserver.expect_request("/v1/partner/orders/1").respond_with_json(refusal(404), status=404)

    with pytest.raises(errors.OrderNotFound, match="no such order"):
        partner.order(1)


@pytest.mark.parametrize("age", ["0", "30"])
def test_an_order_that_a_cache_denies_is_not_denied(httpserver: HTTPServer, partner: CoinmenaClient, age: str) -> None:
    asked = httpserver.expect_request("/v1/partner/orders/1")
    asked.respond_with_json(refusal(404), status=404, headers={"Age": age})

    with pytest.raises(PartnerAnswerInvalid, match="It proves nothing"):
        partner.order(1)


@pytest.mark.parametrize(("headers", "is_fresh_word"), [({}, True), ({"Age": "0"}, False)])
def test_a_page_says_whether_it_is_fresh(
    httpserver: HTTPServer, partner: CoinmenaClient, headers: dict[str, str], is_fresh_word: bool
) -> None:
    answer = example("coinmena_walkthrough_orders")
    httpserver.expect_request("/v1/partner/orders").respond_with_data(answer, headers=headers)

    assert partner.orders().is_fresh_word is is_fresh_word


def test_a_page_that_a_cache_kept_is_not_read(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    answer = example("coinmena_walkthrough_orders")
    httpserver.expect_request("/v1/partner/orders").respond_with_data(answer, headers={"Age": "1"})

    with pytest.raises(PartnerAnswerInvalid, match="came from a cache"):
        partner.orders()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, json.dumps(refusal(500)), PartnerUnavailable),
        (502, "<html>", PartnerUnavailable),
        (429, json.dumps(refusal(429)), RateLimited),
        (404, "<html>", PartnerAnswerInvalid),
        (400, '{"error": "other form"}', PartnerAnswerInvalid),
        (302, "", PartnerAnswerInvalid),
        (204, "", PartnerAnswerInvalid),
        (200, "", PartnerAnswerInvalid),
        (200, "<html>", PartnerAnswerInvalid),
        (200, '{"result": {"status": "verified"}}', PartnerAnswerInvalid),
        (200, '{"result": []}', PartnerAnswerInvalid),
        (200, json.dumps(refusal(2008)), PartnerAnswerInvalid),
    ],
)
def test_other_answers_belong_to_one_of_three_families(
    httpserver: HTTPServer, partner: CoinmenaClient, status: int, body: str, kind: type[PartnerError]
) -> None:
    httpserver.expect_request("/v1/partner/clients/u").respond_with_data(body, status=status)

    with pytest.raises(kind) as raised:
        partner.client("u")

    assert raised.value.status == status
    assert raised.value.request_id
    assert str(raised.value).endswith(".")


def test_a_partner_that_is_down_is_unavailable(play: Start) -> None:
    server = play(hang_up)

    with pytest.raises(PartnerUnavailable, match="did not answer") as raised:
        CoinmenaClient(coinmena_config(server.url), clock=StillClock()).assets()

    assert raised.value.status is None


def test_an_activation_is_sent_once_even_if_the_partner_is_down(play: Start) -> None:
    server = play(hang_up)

    with pytest.raises(PartnerUnavailable):
        CoinmenaClient(coinmena_config(server.url)).set_activation("u", False)

    assert len(server.requests) == 1
    assert server.requests[0].endswith(b'{"active":false}')


def test_a_429_says_for_how_long(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    httpserver.expect_request("/v1/public/assets").respond_with_data("", status=429, headers={"Retry-After": "60"})

    with pytest.raises(RateLimited) as limited:
        partner.assets()

    assert limited.value.retry_after_seconds == 60


# Lists ----------------------------------------------------------------------------------------------------------------


def test_one_bad_row_does_not_hide_the_others(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    page = json.loads(example("coinmena_walkthrough_orders"))
    page["items"][0]["debit"] = "1." + "0" * 19
    httpserver.expect_request("/v1/partner/orders").respond_with_json(page)

    orders = partner.orders()

    assert [order.id for order in orders.items] == [67891]
    assert len(orders.unreadable) == 1
    assert "debit" in orders.unreadable[0].reason
    assert json.loads(orders.unreadable[0].raw)["id"] == 67890


@pytest.mark.parametrize(
    "change", [{"total": None}, {"page": "1"}, {"page_size": True}, {"total": -1}, {"items": None}]
)
def test_a_page_that_cannot_be_counted_is_refused(
    httpserver: HTTPServer, partner: CoinmenaClient, change: dict[str, object]
) -> None:
    page = json.loads(example("coinmena_walkthrough_orders")) | change
    httpserver.expect_request("/v1/partner/orders").respond_with_json(page)

    with pytest.raises(PartnerAnswerInvalid):
        partner.orders()


def test_a_bad_balance_is_never_left_out(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    balances = json.loads(example("coinmena_balances"))
    balances["items"][1]["available_balance"] = "lots"
    httpserver.expect_request("/v1/partner/balances").respond_with_json(balances)

    with pytest.raises(PartnerAnswerInvalid, match="available_balance"):
        partner.balances("u")


@pytest.mark.parametrize("asset_id", ["BTC", "usd", "USDT"])
def test_the_balance_of_another_asset_is_not_taken_for_the_one_asked_for(
    httpserver: HTTPServer, partner: CoinmenaClient, asset_id: str
) -> None:
    balance = {"asset_id": asset_id, "balance": "5.00", "available_balance": "5.00"}
    httpserver.expect_request("/v1/partner/balances/USD").respond_with_json({"result": balance})

    with pytest.raises(PartnerAnswerInvalid, match="another asset"):
        partner.balance("u", "USD")


@pytest.mark.parametrize(
    ("rows", "total", "page", "page_size", "last"),
    [
        (0, 0, 1, 100, True),
        (2, 2, 1, 2, True),
        (2, 3, 1, 2, False),
        (1, 3, 2, 2, True),
        (2, 4, 2, 2, True),
        (2, 5, 2, 2, False),
    ],
)
def test_the_last_page_is_the_documented_one(
    httpserver: HTTPServer, partner: CoinmenaClient, rows: int, total: int, page: int, page_size: int, last: bool
) -> None:
    item = json.loads(example("coinmena_withdrawal_shortened_item"))
    body = {"items": [item] * rows, "total": total, "page": page, "page_size": page_size}
    httpserver.expect_request("/v1/partner/orders").respond_with_json(body)

    assert partner.orders(page, page_size).is_last is last


def test_an_asset_without_flags_cannot_be_used(httpserver: HTTPServer, partner: CoinmenaClient) -> None:
    httpserver.expect_request("/v1/public/assets").respond_with_json({"items": [{"asset_id": "EUR"}]})

    (asset,) = partner.assets()

    assert not (asset.published or asset.depositable or asset.withdrawable)


def test_the_clock_difference_is_measured_on_every_answer(play: Start) -> None:
    server = play(say(http_answer(example("coinmena_assets"), "200 OK", "Date: Mon, 05 Jan 2026 12:00:20 GMT")))
    partner = CoinmenaClient(coinmena_config(server.url), clock=StillClock())
    assert partner.clock_skew is None

    partner.assets()

    assert partner.clock_skew == -20
