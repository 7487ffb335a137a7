from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from backoffice.audit.models import Entry
from backoffice.clients.models import Client
from backoffice.clients.services.mirroring import CLIENTS
from backoffice.mirror.incidents import CHANGED, NOT_READ, NOT_STORED, store
from backoffice.mirror.models import Incident
from backoffice.mirror.upsert import upsert
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS
from backoffice.partner.pages import UnreadableRow
from tests.mirror.rows import NOON, client_row, held


def order_row(**values: Any) -> Any:
    full = dict.fromkeys(ORDERS.columns) | {
        "id": 1,
        "partner_client_id": "user_1",
        "type": "deposit",
        "status": "completed",
        "created_at": NOON,
        "order_no": "",
        "source": "",
        "debit": Decimal("100.00"),
        "debit_asset_id": "USD",
    }
    row = client_row("unused", minute=values.pop("minute", 0), raw=values.pop("raw", b"{}"))
    return type(row)(full | values, row.raw, row.read_at)


def test_it_writes_new_rows_and_says_how_many(db: None) -> None:
    stored = upsert(CLIENTS, [client_row("a"), client_row("b")])

    assert (stored.inserted, stored.updated, stored.unchanged) == (2, 0, 0)
    assert Client.objects.count() == 2


def test_it_counts_what_changed_and_what_did_not(db: None) -> None:
    upsert(CLIENTS, [client_row("a"), client_row("b")])

    stored = upsert(CLIENTS, [client_row("a", minute=1), client_row("b", minute=1, active=False), client_row("c")])

    assert (stored.inserted, stored.updated, stored.unchanged) == (1, 1, 1)


def test_it_renews_the_age_of_a_row_that_did_not_change(db: None) -> None:
    upsert(CLIENTS, [client_row("a")])

    upsert(CLIENTS, [client_row("a", minute=5)])

    assert Client.objects.get().read_at == client_row("a", minute=5).read_at


def test_it_never_lets_an_older_reading_overwrite_a_newer_one(db: None) -> None:
    upsert(CLIENTS, [client_row("a", minute=5, active=False)])

    stored = upsert(CLIENTS, [client_row("a", minute=1, active=True)])

    assert stored.changed == 0
    assert Client.objects.get().active is False


def test_it_keeps_what_is_known_when_an_answer_leaves_it_out(db: None) -> None:
    upsert(ORDERS, [order_row(order_no="MND0000000001", fee=Decimal("0.10"), raw=b'{"full":1}')])

    stored = upsert(ORDERS, [order_row(minute=1, raw=b'{"short":1}')])

    order = Order.objects.get()
    assert stored.changed == 0
    assert (order.order_no, order.fee, bytes(order.raw)) == ("MND0000000001", Decimal("0.10"), b'{"full":1}')


def test_it_takes_the_last_of_rows_with_one_key(db: None) -> None:
    stored = upsert(CLIENTS, [client_row("a", minute=2, name="New"), client_row("a", minute=1, name="Old")])

    assert stored.inserted == 1
    assert Client.objects.get().name == "New"


def test_it_keeps_amounts_digit_for_digit(db: None) -> None:
    upsert(ORDERS, [order_row(debit=Decimal("1000.50000000"), fee=Decimal("0E-8"))])

    order = Order.objects.get()
    assert (str(order.debit), str(order.fee)) == ("1000.50000000", "0E-8")


@pytest.mark.parametrize(
    ("known", "said"),
    [("1E+3", "1000.00"), ("1000.00", "1000"), ("0", "0E-8"), ("7.50", "7.5000")],
)
def test_it_takes_in_the_digits_of_a_newer_answer_of_the_same_value(db: None, known: str, said: str) -> None:
    upsert(ORDERS, [order_row(debit=Decimal(known))])

    stored = upsert(ORDERS, [order_row(minute=1, debit=Decimal(said))])

    debit = Order.objects.get().debit
    assert (stored.updated, debit) == (1, Decimal(said))
    assert debit is not None and format(debit, "f") == format(Decimal(said), "f")


def test_it_keeps_the_digits_where_a_newer_answer_leaves_the_amount_out(db: None) -> None:
    upsert(ORDERS, [order_row(debit=Decimal("100.00"))])

    stored = upsert(ORDERS, [order_row(minute=1, debit=None)])

    assert (stored.changed, str(Order.objects.get().debit)) == (0, "100.00")


def test_it_cleans_what_no_text_column_can_hold_and_says_so(db: None) -> None:
    upsert(CLIENTS, [client_row("a", name="No\x00ura", raw=b'{"name":"No\\u0000ura"}'), client_row("b", name="Noura")])

    cleaned, plain = Client.objects.order_by("partner_client_id")
    assert (cleaned.name, cleaned.is_cleaned, plain.is_cleaned) == ("No\N{REPLACEMENT CHARACTER}ura", True, False)


def test_it_cuts_a_text_that_is_too_long_and_says_so(db: None) -> None:
    upsert(CLIENTS, [client_row("a", status="x" * 1000)])

    client = Client.objects.get()
    assert (len(client.status), client.status[-1], client.is_cleaned) == (64, "…", True)


def test_it_does_not_call_a_paired_surrogate_unstorable(db: None) -> None:
    upsert(CLIENTS, [client_row("a", name="😀", raw=b'{"name":"\\ud83d\\ude00"}')])

    assert Client.objects.get().is_cleaned is False


def test_it_sets_aside_rows_the_database_refuses_and_keeps_the_others(db: None) -> None:
    absurd = [order_row(id=number, debit=Decimal(10) ** 30) for number in (3, 7)]
    good = [order_row(id=number) for number in (1, 2, 4, 5, 6, 8)]

    stored = upsert(ORDERS, [*absurd, *good])

    assert stored.inserted == 6
    assert sorted(refused.row.values["id"] for refused in stored.refused) == [3, 7]


def test_it_sets_aside_a_key_that_is_too_long_instead_of_cutting_it(db: None) -> None:
    stored = upsert(CLIENTS, [client_row("x" * 200), client_row("a")])

    assert (stored.inserted, len(stored.refused)) == (1, 1)


def test_it_reports_a_row_it_could_not_store_once(db: None) -> None:
    row = order_row(debit=Decimal(10) ** 30, raw=b'{"debit":"1e30"}')

    for _time in range(2):
        store(ORDERS, [row])

    incident = Incident.objects.get()
    assert (incident.kind, Entry.objects.filter(event="mirror.incident").count()) == (NOT_STORED, 1)
    assert "digest" in incident.sentence


def test_it_reports_a_row_against_the_contract_once(db: None) -> None:
    for _time in range(2):
        store(ORDERS, [], [UnreadableRow(b'{"id":"x"}', "id: Input should be a valid integer")])

    assert Incident.objects.get().kind == NOT_READ


def test_it_reports_a_final_row_that_is_told_otherwise_and_mirrors_it_all_the_same(db: None) -> None:
    store(ORDERS, [order_row()])

    store(ORDERS, [order_row(minute=1, debit=Decimal("90.00"))])

    incident, entry = Incident.objects.get(), Entry.objects.get(event="mirror.incident")
    assert (incident.kind, incident.before, incident.after) == (CHANGED, {"debit": "100.00"}, {"debit": "90.00"})
    assert (entry.object_type, entry.object_id) == ("order", "1")
    assert Order.objects.get().debit == Decimal("90.00")


@pytest.mark.parametrize(
    "later",
    [
        {"debit": Decimal("100.0")},
        {"debit": None, "debit_asset_id": None},
        {"fee": Decimal("1")},
        {"partner_order_ref": "ref-1"},
    ],
    ids=["written otherwise", "left out", "a blank filled", "a reference filled"],
)
def test_it_reports_nothing_when_a_final_row_is_not_contradicted(db: None, later: dict[str, Any]) -> None:
    store(ORDERS, [order_row()])

    store(ORDERS, [order_row(minute=1, **later)])

    assert not Incident.objects.exists()


def test_it_reports_nothing_when_a_row_becomes_final(db: None) -> None:
    store(ORDERS, [order_row(status="processing")])

    store(ORDERS, [order_row(minute=1, status="failed")])

    assert not Incident.objects.exists()
    assert Order.objects.get().status == "failed"


NAMES = st.sampled_from(["", "Noura", "Omar", "\u202eevil", "Ω", "a" * 300])
READINGS = st.lists(st.tuples(st.sampled_from("abc"), NAMES, st.booleans()), min_size=1, max_size=6)


class TestWritingInAnyOrder(TestCase):
    """Properties of upsert, each example in a transaction of its own."""

    @settings(deadline=None, max_examples=30)
    @given(readings=READINGS)
    def test_it_changes_nothing_when_the_same_rows_come_again(self, readings: list[tuple[str, str, bool]]) -> None:
        rows = [
            client_row(key, minute=minute, name=name, active=active)
            for minute, (key, name, active) in enumerate(readings)
        ]
        upsert(CLIENTS, rows)
        before = held()

        again = upsert(CLIENTS, rows)

        assert again.changed == 0
        assert held() == before

    @settings(deadline=None, max_examples=20)
    @given(readings=st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), min_size=2, max_size=4))
    def test_it_ends_the_same_whatever_comes_first(self, readings: list[tuple[str, bool]]) -> None:
        rows = [
            client_row(key, minute=minute, active=active, raw=f"{minute}".encode())
            for minute, (key, active) in enumerate(readings)
        ]
        ends = []
        for order in permutations(rows):
            with transaction.atomic():
                for row in order:
                    upsert(CLIENTS, [row])
                ends.append(held())
                transaction.set_rollback(True)
        assert all(end == ends[0] for end in ends)
