"""The queue: lanes, orders, who sees what, and as many queries for a long one as for a short one."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals import queries, services
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Operation
from tests.approving import approve, shown
from tests.funding.cast import withdrawal

pytestmark = pytest.mark.usefixtures("db")


def of_the_house(kind: str, by: Person, subject: str) -> Request:
    """A request about an account or the rules, as raw as the queue needs it."""
    now = clock.now()
    return services.ask_for_approval(
        kind=kind,
        subject=subject,
        title=f"{kind} {subject}",
        fingerprint="a" * 64,
        rule=rule_demanded(Facts(kind=kind)),
        by=by,
        now=now,
        asked_with=shown(by, "a" * 64, now),
    )


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("adam", {"account-1", "rules-2-1"}),
        ("maya", {"rules-2-1", "money"}),
        ("omar", {"account-1", "rules-2-1", "money"}),
        ("vera", {"account-1", "rules-2-1", "money"}),
    ],
)
def test_each_role_sees_the_kinds_that_concern_it(
    asked: Request, adam: Person, name: str, seen: set[str], request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(name)
    of_the_house("account", adam, "account-1")
    of_the_house("rules", adam, "rules-2-1")

    found = set(queries.seen_by(person).values_list("subject", flat=True))

    assert {"money" if one == asked.subject else one for one in found} == seen
    assert set(queries.stoppable_by(person).values_list("subject", flat=True)) == found, "nobody's role has changed"


def test_an_administrator_cancels_their_own_and_decides_on_nothing(client: Browser, adam: Person, omar: Person) -> None:
    asked = of_the_house("account", adam, "account-1")

    assert queries.in_lane(adam, timezone.now()).get() == asked
    assert not queries.waiting_for(adam, timezone.now()).exists()


def test_the_largest_can_come_first(
    client: Browser, maya: Person, omar: Person, noura: Client, usd: Asset, adam: Person
) -> None:
    for amount in ("5.00", "500.00", "50.00"):
        withdrawal(maya, noura, usd, amount)
    of_the_house("rules", adam, "rules-2-1")
    client.force_login(omar)

    amounts = {}
    for order in ("", "-size", "size"):
        page = client.get(f"/approvals/?sort={order}").context["page"]
        amounts[order] = [one.amount for one in page.keyset.rows]

    largest = [Decimal("500.00"), Decimal("50.00"), Decimal("5.00"), None]
    assert amounts == {
        "": [Decimal("5.00"), Decimal("500.00"), Decimal("50.00"), None],
        "-size": largest,
        "size": largest[::-1],
    }


def test_history_is_read_backwards(client: Browser, maya: Person, omar: Person, noura: Client, usd: Asset) -> None:
    operations = [withdrawal(maya, noura, usd, f"{n}.00") for n in (1, 2, 3)]
    for one in operations:
        services.cancel(request_id=Request.objects.get(subject=one.reference).pk, by=maya)
    client.force_login(omar)

    rows = client.get("/approvals/?lane=history").context["page"].keyset.rows

    assert [one.subject for one in rows] == [one.reference for one in reversed(operations)]


@pytest.mark.parametrize("lane", ["", "?lane=mine", "?lane=others", "?lane=history", "?sort=-size", "?sort=expires"])
def test_a_long_queue_takes_as_many_queries_as_a_short_one(
    client: Browser, maya: Person, omar: Person, noura: Client, usd: Asset, lane: str
) -> None:
    counts = []
    client.force_login(omar)
    for more in (0, 10):
        for n in range(more + 1, more + 4):
            first = Request.objects.get(subject=withdrawal(maya, noura, usd, f"{n}.00").reference)
        approve(first, omar)
        client.get(f"/approvals/{lane}")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/approvals/{lane}").status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 16


def test_the_page_of_one_request_takes_as_many_queries_in_a_long_queue(
    client: Browser, operation: Operation, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    counts = []
    client.force_login(omar)
    for more in (0, 10):
        for n in range(more + 1, more + 4):
            withdrawal(maya, noura, usd, f"{n}.25")
        client.get(f"/approvals/{operation.reference}/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/approvals/{operation.reference}/")
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_the_place_in_a_long_queue_is_not_counted_to_its_end(
    client: Browser, maya: Person, omar: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.approvals.pages.COUNTED", 3)
    references = [withdrawal(maya, noura, usd, f"{n}.00").reference for n in range(1, 6)]
    client.force_login(omar)

    first = client.get(f"/approvals/{references[0]}/").content.decode()
    last = client.get(f"/approvals/{references[4]}/").content.decode()

    assert "1 of 2+" in first and "2+ of 2+" in last


def test_rows_and_times_are_marked_for_keyboard_and_countdown(client: Browser, asked: Request, omar: Person) -> None:
    client.force_login(omar)

    queue = client.get("/approvals/").content.decode()
    page = client.get(f"/approvals/{asked.subject}/").content.decode()

    assert 'data-until="in {}"' in queue and 'class="lead"' in queue
    assert 'data-until="in {}"' in page and 'data-key="a"' in page and 'data-key="r"' in page


@pytest.mark.parametrize(
    ("name", "tabs"),
    [
        ("maya", ["Asked by me", "Waiting for others", "History"]),
        ("omar", ["For me", "Asked by me", "Waiting for others", "History"]),
        ("adam", ["Asked by me", "Waiting for others", "History"]),
        ("vera", ["Waiting for others", "History"]),
    ],
)
def test_the_first_tab_is_what_a_role_finds_first_and_says_what_it_holds(
    client: Browser, adam: Person, name: str, tabs: list[str], request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(name))

    page = client.get("/approvals/").context["page"]

    assert [str(tab.label) for tab in page.tabs] == tabs
    assert [tab.is_current for tab in page.tabs] == [True] + [False] * (len(tabs) - 1)


@pytest.mark.parametrize(
    ("address", "line", "nothing"),
    [
        ("", "What waits for a decision of yours", "Nothing waits for you."),
        ("?lane=mine", "What you asked for", "Nothing you asked for waits."),
        ("?lane=others", "What waits for other people", "Nothing waits for other people."),
        ("?lane=history", "What was decided", "Nothing is over yet."),
        ("?lane=history&q=nobody", "What was decided", "Nothing matches these filters."),
    ],
)
def test_each_lane_says_what_it_holds_and_why_it_is_empty(
    client: Browser, omar: Person, address: str, line: str, nothing: str
) -> None:
    client.force_login(omar)

    page = client.get(f"/approvals/{address}").content.decode()

    assert line in page
    assert nothing in page


def test_a_search_stays_in_the_lane_it_was_typed_in(client: Browser, omar: Person) -> None:
    client.force_login(omar)

    answer = client.get("/approvals/?lane=history&q=noura")

    assert '<input type="hidden" name="lane" value="history">' in answer.content.decode()
    page = answer.context["page"]
    assert [str(tab.label) for tab in page.tabs if tab.is_current] == ["History"]
    assert [pill.value for pill in page.pills] == ["“noura”"]
    assert page.clear_url == "?lane=history"


def test_the_history_says_when_each_ended_and_who_decided(client: Browser, asked: Request, omar: Person) -> None:
    approve(asked, omar)
    client.force_login(omar)

    page = client.get("/approvals/?lane=history").content.decode()

    assert "Ended" in page and "Waiting for approval" not in page
    assert page.index("Approved") < page.index("Omar Saleh", page.index("Approved"))
