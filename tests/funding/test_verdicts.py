"""What becomes of an operation, by what one observation proved: the last column of reliability.md §5, cell by cell."""

from dataclasses import replace
from decimal import Decimal

import pytest

from backoffice.funding.services.verdicts import NEEDS_NO_LEASE, state_after
from backoffice.funding.states import MOVES, State
from backoffice.partner.coinmena.answers import OrderLookup, read_result
from backoffice.partner.coinmena.payloads import Order
from backoffice.partner.exchange import Exchange, Fault
from backoffice.partner.outcome import Evidence, Row, judge_post
from tests.partner.cast import answered
from tests.partner.test_outcome import DEPOSIT, HTML, envelope, order_body

COMPLETED, FAILED, REVIEW, APPROVED, UNKNOWN = (
    State.COMPLETED,
    State.FAILED,
    State.REVIEW,
    State.APPROVED,
    State.UNKNOWN,
)
TAKEN = answered(409, envelope(2020))


def shown(**changes: object) -> OrderLookup:
    exchange = answered(200, order_body(**changes))
    return OrderLookup(exchange, read_result(Order, exchange), has_envelope=True)


NOT_SHOWN = OrderLookup(answered(404, envelope(404)), None, has_envelope=True)

#: The observation, its row, and the states that follow: with no other attempt open, and with one.
TABLE: list[tuple[str, Exchange, OrderLookup | None, str, State, State]] = [
    ("completed", answered(200, order_body()), None, "A1", COMPLETED, COMPLETED),
    ("failed", answered(200, order_body(status="failed")), None, "A2", FAILED, FAILED),
    ("rejected", answered(200, order_body(status="rejected")), None, "A3", FAILED, FAILED),
    ("another status", answered(200, order_body(status="pending")), None, "A4", REVIEW, REVIEW),
    ("another amount", answered(200, order_body(debit="250.01")), None, "A5", REVIEW, REVIEW),
    ("another client", answered(200, order_body(partner_client_id="x")), None, "A5", REVIEW, REVIEW),
    ("taken by ours, completed", TAKEN, shown(), "A6", COMPLETED, COMPLETED),
    ("taken by ours, failed", TAKEN, shown(status="failed"), "A6", FAILED, FAILED),
    ("taken by ours, rejected", TAKEN, shown(status="rejected"), "A6", FAILED, FAILED),
    ("taken by ours, pending", TAKEN, shown(status="pending"), "A6", REVIEW, REVIEW),
    ("taken, not shown yet", TAKEN, NOT_SHOWN, "A6", UNKNOWN, UNKNOWN),
    ("taken, nobody could ask", TAKEN, None, "A6", UNKNOWN, UNKNOWN),
    ("taken by another", TAKEN, shown(debit="1.00"), "A7", REVIEW, REVIEW),
    ("unknown client", answered(400, envelope(2008)), None, "A8", FAILED, UNKNOWN),
    ("client not verified", answered(400, envelope(2009)), None, "A8", FAILED, UNKNOWN),
    ("client deactivated", answered(400, envelope(2010)), None, "A8", FAILED, UNKNOWN),
    ("invalid asset", answered(400, envelope(2012)), None, "A8", FAILED, UNKNOWN),
    ("insufficient funds", answered(400, envelope(3005)), None, "A8", FAILED, UNKNOWN),
    ("unheard-of code", answered(422, envelope(7777)), None, "A8", FAILED, UNKNOWN),
    ("unauthorized", answered(401, envelope(401)), None, "A9", APPROVED, UNKNOWN),
    ("too fast", answered(429, envelope(429)), None, "A9", APPROVED, UNKNOWN),
    ("trouble there", answered(500, envelope(500)), None, "A10", UNKNOWN, UNKNOWN),
    ("trouble with a business code", answered(503, envelope(3005)), None, "A10", UNKNOWN, UNKNOWN),
    ("timed out there", answered(408, envelope(408)), None, "A10", UNKNOWN, UNKNOWN),
    ("conflict of another kind", answered(409, envelope(7777)), None, "A10", UNKNOWN, UNKNOWN),
    ("gateway refuses", answered(403, HTML), None, "A11", UNKNOWN, UNKNOWN),
    ("gateway in trouble", answered(502, HTML), None, "A11", UNKNOWN, UNKNOWN),
    ("redirect", answered(307, b""), None, "A11", UNKNOWN, UNKNOWN),
    ("malformed", answered(200, b"{"), None, "A12", UNKNOWN, UNKNOWN),
    ("oversized", answered(200, order_body(), fault=Fault.TOO_LARGE), None, "A12", UNKNOWN, UNKNOWN),
    ("refused connection", answered(None, fault=Fault.CONNECT, sent=False), None, "A13", APPROVED, UNKNOWN),
    ("held up here", answered(None, fault=Fault.HELD_UP, sent=False), None, "A13", APPROVED, UNKNOWN),
    ("read timeout", answered(None, fault=Fault.TIMEOUT), None, "A14", UNKNOWN, UNKNOWN),
    ("reset", answered(None, fault=Fault.BROKEN), None, "A14", UNKNOWN, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exchange", "lookup", "row", "alone", "with_another"),
    [case[1:] for case in TABLE],
    ids=[case[0] for case in TABLE],
)
def test_an_observation_leads_where_its_row_says(
    exchange: Exchange, lookup: OrderLookup | None, row: str, alone: State, with_another: State
) -> None:
    verdict = judge_post(exchange, DEPOSIT, lookup=lookup)

    assert verdict.row == row
    assert state_after(verdict, is_another_open=False) == alone
    assert state_after(verdict, is_another_open=True) == with_another


def test_every_row_has_a_case() -> None:
    assert {case[3] for case in TABLE} == {row.value for row in Row}


@pytest.mark.parametrize("case", TABLE, ids=[case[0] for case in TABLE])
def test_every_answer_leads_along_an_arrow_of_the_table(
    case: tuple[str, Exchange, OrderLookup | None, str, State, State],
) -> None:
    assert set(case[4:]) <= MOVES[State.SUBMITTING]


def test_a_refusal_speaks_only_for_its_own_attempt() -> None:
    """Whatever the row: without an order nothing ends while another attempt may have been applied."""
    refused = judge_post(answered(400, envelope(3005)), DEPOSIT)
    for row in Row:
        verdict = replace(refused, row=row)
        assert state_after(verdict, is_another_open=True) not in (State.FAILED, State.APPROVED, State.COMPLETED)


def test_nothing_but_the_matching_completed_order_completes() -> None:
    for _name, exchange, lookup, _row, *states in TABLE:
        verdict = judge_post(exchange, DEPOSIT, lookup=lookup)
        assert (State.COMPLETED in states) is (verdict.evidence is Evidence.APPLIED)
        if verdict.evidence is Evidence.APPLIED:
            assert verdict.order is not None
            assert (verdict.order.partner_order_ref, verdict.order.debit) == (DEPOSIT.reference, Decimal("250.00"))


def test_only_completed_is_written_without_the_lease() -> None:
    assert {State.COMPLETED} == NEEDS_NO_LEASE
