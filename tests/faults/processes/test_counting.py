"""A count that cannot find anything proves nothing: each kind of wrong, put into true books, is found as that kind."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from backoffice.accounts.models import Person
from backoffice.database import embedded
from backoffice.funding.models import Operation
from tests.faults.processes import counting
from tests.funding.cast import NOURA, approved_by, deposit, mirrored_asset, mirrored_client, sent, withdrawal
from tests.partners import Partners

Ledger = dict[str, Any]
OPENING = {NOURA: Decimal("2000.00")}


def second_order(ledger: Ledger) -> None:
    ledger["orders"].append({**ledger["orders"][0], "id": 999_999})


def no_order(ledger: Ledger) -> None:
    ledger["orders"].pop(0)


def other_amount(ledger: Ledger) -> None:
    ledger["orders"][0]["debit"] = "1000.01"


def other_side(ledger: Ledger) -> None:
    order = ledger["orders"][0]
    order["debit"], order["credit"] = order["credit"], order["debit"]


def order_of_a_failed_one(ledger: Ledger) -> None:
    failed = Operation.objects.get(state="failed")
    ledger["orders"].append({**ledger["orders"][0], "id": 999_999, "partner_order_ref": failed.reference})


def other_balance(ledger: Ledger) -> None:
    ledger["balances"][NOURA]["USD"]["balance"] = "2500.01"


def two_in_flight(ledger: Ledger) -> None:
    ledger["arrivals"][0]["overlapping"] = 1


def two_bodies(ledger: Ledger) -> None:
    ledger["arrivals"].append({**ledger["arrivals"][0], "body_digest": "0" * 64})


def not_ours(ledger: Ledger) -> None:
    ledger["arrivals"].append({**ledger["arrivals"][0], "reference": "dep-2026-unheard0"})


def sent_too_early(ledger: Ledger) -> None:
    for arrival in ledger["arrivals"]:
        arrival["at"] -= 3_600_000_000


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (second_order, "doubled"),
        (two_in_flight, "doubled"),
        (two_bodies, "doubled"),
        (order_of_a_failed_one, "lost"),
        (not_ours, "lost"),
        (no_order, "misbooked"),
        (other_amount, "misbooked"),
        (other_side, "misbooked"),
        (other_balance, "misbooked"),
        (sent_too_early, "unproven"),
    ],
)
def test_what_is_wrong_at_the_partner_is_found(
    true_books: tuple[str, Ledger], spoil: Callable[[Ledger], None], kind: str
) -> None:
    database, ledger = true_books
    assert counting.count(database, ledger, OPENING).all == []

    spoiled = deepcopy(ledger)
    spoil(spoiled)

    assert getattr(counting.count(database, spoiled, OPENING), kind)


def test_what_still_waits_is_found(true_books: tuple[str, Ledger], maya: Person) -> None:
    database, ledger = true_books
    one = Operation.objects.filter(state="completed").first()
    assert one is not None
    deposit(maya, one.client, one.asset, "7.00")

    assert counting.count(database, ledger, OPENING).stuck


@pytest.fixture
def true_books(
    committed: str, postgres: embedded.Embedded, partners: Partners, maya: Person, omar: Person
) -> tuple[str, Ledger]:
    """The books of a deposit and a withdrawal that were paid and a deposit that was refused."""
    partners.make_client(NOURA)
    partners.adjust(NOURA, "USD", change="2000.00")
    noura, usd = mirrored_client(), mirrored_asset()
    sent(deposit(maya, noura, usd))
    sent(approved_by(omar, withdrawal(maya, noura, usd)))
    partners.fault("envelope", match={"method": "POST"}, status=400, code=2009)
    sent(deposit(maya, noura, usd, "5.00"))
    host = postgres.server.get_postmaster_info().socket_dir
    return f"host={host} dbname={committed} user={embedded.OWNER}", partners.ledger()
