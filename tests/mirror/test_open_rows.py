"""Open orders are read again by their numbers; trouble with one of them keeps no list from being read in full."""

from typing import Any

import pytest

from backoffice.mirror.incidents import NOT_READ_AGAIN, VANISHED
from backoffice.mirror.models import Incident, SyncRun
from backoffice.mirror.open_rows import MOST_UNANSWERED, OpenRows
from backoffice.mirror.partners import coinmena
from backoffice.orders.models import Order
from backoffice.orders.queries import open_ids
from backoffice.orders.services import mirror_order, order_values
from tests.mirror.test_paging import sync
from tests.partners import Partners, minutes_ago

State = SyncRun.State
THREE_DAYS = 3 * 24 * 60


@pytest.fixture
def opened(committed: str, partners: Partners) -> Partners:
    """A partner with five orders too old for the list, open in the mirror and completed there by now."""
    partners.make_client("user_1")
    for number in range(5):
        made = partners.make_order("user_1", status="pending", created_at=minutes_ago(THREE_DAYS + number))
        mirror_order(coinmena().order(made["id"]))
        partners.change_order(made["id"], status="completed")
    return partners


def read() -> SyncRun:
    """Read the list, which is empty, and then the open orders in the order of their numbers."""
    client = coinmena(deadline_seconds=10)
    return sync(open_rows=OpenRows(keys=lambda: sorted(open_ids()), fetch=client.order, to_values=order_values))


def trouble(partners: Partners, kind: str, number: int, **options: Any) -> None:
    partners.fault(kind, match={"path": f"/v1/partner/orders/{number}", "method": "GET"}, times=None, **options)


UNREADABLE = ("echo", {"field": "updated_at", "value": "yesterday"})
REFUSED = ("envelope", {"status": 422})
GATEWAY = ("html", {"status": 404})
CACHED = ("envelope", {"status": 404, "code": 404, "headers": {"Age": "30"}})
FAILING = ("envelope", {"status": 500})


@pytest.mark.parametrize(("kind", "options"), [UNREADABLE, REFUSED, GATEWAY, CACHED, FAILING])
def test_an_order_that_cannot_be_read_is_named_and_the_others_are_read(
    opened: Partners, kind: str, options: dict[str, Any]
) -> None:
    broken = sorted(open_ids())[2]
    trouble(opened, kind, broken, **options)

    run = read()

    assert (run.state, open_ids()) == (State.COMPLETE, [broken])
    assert f"1 open row could not be read again: {broken}." in run.sentence
    assert not Order.objects.filter(vanished_at__isnull=False).exists()


@pytest.mark.parametrize(("kind", "options"), [UNREADABLE, REFUSED, GATEWAY, CACHED])
def test_what_is_wrong_with_an_order_alone_is_one_incident_of_it_a_day(
    opened: Partners, kind: str, options: dict[str, Any]
) -> None:
    broken = open_ids()[0]
    trouble(opened, kind, broken, **options)

    for _time in range(2):
        read()

    incident = Incident.objects.get()
    assert (incident.kind, incident.object_id) == (NOT_READ_AGAIN, str(broken))


def test_silence_is_no_incident_of_an_order(opened: Partners) -> None:
    trouble(opened, "envelope", open_ids()[0], status=503)

    read()

    assert not Incident.objects.exists()


def test_orders_that_cannot_be_read_are_counted_however_many(opened: Partners) -> None:
    for number in open_ids():
        trouble(opened, "echo", number, field="updated_at", value="yesterday")

    run = read()

    assert run.state == State.COMPLETE
    assert f"5 open rows could not be read again, the first of them {sorted(open_ids())[0]}." in run.sentence


def test_after_so_many_without_an_answer_the_rest_is_left_to_the_next_run(opened: Partners) -> None:
    for number in sorted(open_ids())[:MOST_UNANSWERED]:
        trouble(opened, "envelope", number, status=500)

    run = read()

    assert (run.state, len(open_ids())) == (State.COMPLETE, 5)
    assert "3 open rows could not be read again" in run.sentence


def test_answers_between_begin_the_count_anew(opened: Partners) -> None:
    for number in sorted(open_ids())[::2]:
        trouble(opened, "envelope", number, status=500)

    assert (read().state, len(open_ids())) == (State.COMPLETE, MOST_UNANSWERED)


@pytest.mark.parametrize("status", [401, 429])
def test_what_any_other_order_would_meet_ends_the_reading_at_once(opened: Partners, status: int) -> None:
    trouble(opened, "envelope", sorted(open_ids())[0], status=status)

    assert (read().state, len(open_ids())) == (State.PARTIAL, 5)


def test_one_the_partner_no_longer_knows_is_told_and_is_an_answer(opened: Partners) -> None:
    numbers = sorted(open_ids())
    opened.change_order(numbers[1], hidden=True)
    for number in (numbers[0], numbers[2], numbers[3]):
        trouble(opened, "envelope", number, status=500)

    run = read()

    assert run.state == State.COMPLETE
    assert Incident.objects.get().kind == VANISHED


def test_one_that_is_listed_and_denied_singly_is_told_once_a_day(committed: str, partners: Partners) -> None:
    partners.make_client("user_1")
    made = partners.make_order("user_1", status="pending", created_at=minutes_ago(60))
    trouble(partners, "envelope", made["id"], status=404)

    for _time in range(3):
        sync()
        read()

    assert Incident.objects.get().kind == VANISHED
    assert not Order.objects.get().is_gone, "the list shows it"
