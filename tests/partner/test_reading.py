"""What keeps an answer from being read, a fault of ours included: one error, one unreadable row, never a way out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from backoffice.partner import fields
from backoffice.partner.bitnob import answers as bitnob
from backoffice.partner.coinmena.answers import read_page, read_result
from backoffice.partner.coinmena.payloads import Order
from backoffice.partner.errors import PartnerAnswerInvalid
from backoffice.partner.pages import OUR_FAULT
from tests.partner.cast import answered, example

IN_FULL: dict[str, Any] = json.loads(example("coinmena_deposit_in_full"))["result"]

#: Times in good form: the first two are beyond the calendar in UTC, the others in some zone that a page is shown in.
NO_TIMES = [
    "0001-01-01T00:00:00+03:00",
    "9999-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2201-01-01T00:00:00Z",
]


def order_body(**changes: Any) -> bytes:
    return json.dumps({"result": IN_FULL | changes}).encode()


def list_body(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"items": rows, "total": len(rows), "page": 1, "page_size": 100}).encode()


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the reading of one time break in a way that nobody thought of."""

    def broken(_text: str) -> datetime:
        raise ArithmeticError("nobody thought of this")

    class Broken(datetime):
        fromisoformat = staticmethod(broken)  # type: ignore[assignment]

    return lambda: monkeypatch.setattr(fields, "datetime", Broken)


@pytest.mark.parametrize("text", NO_TIMES)
@pytest.mark.parametrize("field", ["created_at", "transitioned_at", "updated_at"])
def test_a_time_that_no_clock_here_can_hold_makes_an_answer_unreadable(field: str, text: str) -> None:
    with pytest.raises(PartnerAnswerInvalid, match=field):
        read_result(Order, answered(200, order_body(**{field: text})))


@pytest.mark.parametrize("text", NO_TIMES)
def test_a_time_that_no_clock_here_can_hold_is_one_unreadable_row(text: str) -> None:
    page = read_page(Order, answered(200, list_body(IN_FULL, IN_FULL | {"id": 7, "updated_at": text})))

    assert [order.id for order in page.items] == [IN_FULL["id"]]
    assert ["updated_at" in row.reason for row in page.unreadable] == [True]


@pytest.mark.parametrize("text", NO_TIMES)
def test_bitnobs_times_are_held_to_the_same(text: str) -> None:
    row = {"transaction_id": "t-1", "created_at": text}
    body = {"success": True, "data": {"transactions": [row], "total_count": 1, "has_more": False}}

    page = bitnob.read_transactions(answered(200, json.dumps(body).encode()))

    assert (page.items, len(page.unreadable)) == ((), 1)
    assert "created_at" in page.unreadable[0].reason


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z"])
def test_a_time_that_every_zone_can_show_is_read(text: str) -> None:
    order = read_result(Order, answered(200, order_body(updated_at=text)))

    assert order.updated_at == datetime.fromisoformat(text).astimezone(UTC)


def test_a_fault_of_ours_makes_an_answer_unreadable_and_is_logged_with_its_trace(faulty: Callable[[], None]) -> None:
    faulty()

    with capture_logs() as logs, pytest.raises(PartnerAnswerInvalid, match=OUR_FAULT) as raised:
        read_result(Order, answered(200, order_body()))

    assert raised.value.exchange is not None, "the answer is kept"
    assert [(log["event"], log["log_level"], log["exc_info"]) for log in logs] == [
        ("partner_answer_not_read", "error", True)
    ]


def test_a_fault_of_ours_makes_one_row_unreadable(faulty: Callable[[], None]) -> None:
    body = list_body(IN_FULL, IN_FULL | {"id": 7})
    faulty()

    with capture_logs() as logs:
        page = read_page(Order, answered(200, body))

    assert [row.reason for row in page.unreadable] == [OUR_FAULT, OUR_FAULT]
    assert {log["event"] for log in logs} == {"partner_row_not_read"}
