"""What comes up while a file or a request waits is held against it, however long that was ago."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.pages import approval_preview
from backoffice.funding.checks import checks_of
from backoffice.funding.models import BulkFile, BulkRefusal, Operation
from backoffice.funding.services.previewing import facts_of
from backoffice.funding.states import State
from backoffice.funding.subject import OperationSubject
from tests.approving import approve
from tests.funding.bulk.desk import FINANCE
from tests.funding.bulk.files import asked, created, csv_of, uploaded
from tests.funding.bulk.test_confirming_pages import confirm, hidden
from tests.funding.cast import SignIn, deposit, mirrored_asset, sent
from tests.funding.test_rolling import stored
from tests.partners import Partners
from tests.ruling import make_live, rule

RENT = csv_of("deposit,user_12345,USD,700,Rent")
THE_SAME = csv_of("deposit,user_12345,USD,700,Rent of November")
OLDER = "An equal request is open, or was asked for or completed about when this one was, or since."
Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let so many hours pass."""
    real = clock.now

    def pass_by(hours: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=hours))

    return pass_by


def approve_file(file: BulkFile, by: Person) -> None:
    approve(Request.objects.get(subject=file.key), by=by)


def odd_rows(file: BulkFile) -> dict[int, str]:
    """What an approver is told of the rows of a file, by their lines."""
    seen = approval_preview(queries.files().get(pk=file.pk), clock.now())
    return {line.number: str(sentence) for line, sentence in seen["odd"]}


@pytest.mark.parametrize("hours", [1, 25, 29 * 24])
def test_a_payment_in_two_files_that_wait_is_made_once_however_late_the_second_is_approved(
    coinmena: Partners,
    signed_in: SignIn,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    later: Later,
    hours: int,
) -> None:
    make_live(rule("bulk", validity=timedelta(days=30)), rule("withdrawal"))
    one = asked(maya, RENT, name="november.csv")
    ben = Person.objects.create_person(email="ben@example.com", name="Ben", role=Role.FINANCE)
    two = asked(ben, THE_SAME, equal=True, name="list.csv")
    approve_file(two, omar)
    [first] = created(two)
    assert sent(first).state == State.COMPLETED
    desk = signed_in("omar")

    later(hours)

    assert "An equal request is open, or " in odd_rows(one)[2]
    assert "An equal request is open, or " in desk.get(f"/approvals/file-{one.pk}/").content.decode()
    approve_file(one, omar)
    assert created(one) == [first]
    assert (OLDER in BulkRefusal.objects.get().sentence) is (hours > 24)


@pytest.mark.parametrize(("first", "refused"), [("the ticked one", 1), ("the other one", 0)])
def test_of_two_files_that_wait_neither_keeps_the_other_from_being_made(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset, first: str, refused: int
) -> None:
    one, ticked = asked(maya, RENT), asked(maya, THE_SAME, equal=True)
    assert (one.confirmed_equal, ticked.confirmed_equal) == ([], [2])
    in_turn = [ticked, one] if first == "the ticked one" else [one, ticked]

    for file in in_turn:
        approve_file(file, omar)
    assert len(created(in_turn[0])) == 1
    created(in_turn[1])

    assert (Operation.objects.count(), BulkRefusal.objects.count()) == (2 - refused, refused)
    assert not BulkRefusal.objects.exclude(row__file=one).exists()


#: Hours after something was asked for that has waited three days: an equal one was asked for, was completed, counts.
CAME = [
    (-30, -29, False),
    (-30, -0.5, True),  # at about the same moment: whoever asked may not have been shown it
    (-30, 10, True),
    (5, 6, True),
    (70, 71, True),
]


def paid(by: Person, client: Client, asked_after: float, ended_after: float) -> None:
    """Put a deposit of 700 USD into the table that was asked for and completed so many hours from now."""
    asked_at, ended_at = (clock.now() + timedelta(hours=hours) for hours in (asked_after, ended_after))
    life = {"state": State.COMPLETED, "asset_id": "USD", "client": 0, "amount": Decimal(700)}
    stored({**life, "requested_at": asked_at, "ended_at": ended_at}, by, [client])


@pytest.mark.parametrize(("asked_after", "ended_after", "counts"), CAME)
def test_a_row_is_held_against_what_came_since_its_file_was_confirmed(
    db: None,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    later: Later,
    asked_after: float,
    ended_after: float,
    counts: bool,
) -> None:
    make_live(rule("bulk", validity=timedelta(days=30)), rule("withdrawal"))
    file = asked(maya, RENT)
    paid(maya, noura, asked_after, ended_after)

    later(72)

    assert odd_rows(file) == ({2: OLDER} if counts else {})
    approve_file(file, omar)
    assert len(created(file)) == (1 if counts else 2)
    assert [one.sentence for one in BulkRefusal.objects.all()] == ([OLDER] if counts else [])


@pytest.mark.parametrize(("asked_after", "ended_after", "counts"), CAME)
def test_whoever_approves_a_request_is_shown_what_came_since_it_was_made(
    db: None,
    maya: Person,
    noura: Client,
    usd: Asset,
    later: Later,
    asked_after: float,
    ended_after: float,
    counts: bool,
) -> None:
    make_live(rule("deposit", validity=timedelta(days=30)), rule("withdrawal"))
    operation = deposit(maya, noura, usd, "700")
    paid(maya, noura, asked_after, ended_after)
    [equal] = Operation.objects.exclude(pk=operation.pk)

    later(72)

    verdict = next(one for one in checks_of(facts_of(operation, is_fresh=False)) if "equal" in str(one.text))
    assert [link.text for link in verdict.links] == ([equal.reference] if counts else [])
    assert str(verdict.text) == ("An equal payment" if counts else "No equal request open or of the last 24 h")
    said = OperationSubject().unusual([Request.objects.get(subject=operation.reference)])
    assert said == ({operation.reference: OLDER} if counts else {})


def test_a_request_of_today_is_not_held_against_what_only_one_that_has_waited_is(
    db: None, maya: Person, noura: Client, usd: Asset, later: Later
) -> None:
    make_live(rule("deposit", validity=timedelta(days=30)), rule("withdrawal"))
    deposit(maya, noura, usd, "500")
    paid(maya, noura, 5, 6)

    later(72)
    deposit(maya, noura, usd, "700")

    assert OperationSubject().unusual(list(Request.objects.filter(kind="operation"))) == {}


# Confirming -----------------------------------------------------------------------------------------------------------

CONTENTS = st.lists(
    st.sampled_from(["deposit,USD,1", "deposit,USD,2", "withdrawal,USD,1", "deposit,BHD,1"]), min_size=1
)


def rows_of(contents: list[str], reason: str) -> bytes:
    return csv_of(*(f"{kind},user_12345,{rest},{reason}" for kind, rest in (one.split(",", 1) for one in contents)))


@given(waiting=CONTENTS, unconfirmed=CONTENTS, own=CONTENTS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whoever_confirms_is_asked_about_exactly_the_rows_of_files_that_wait(
    db: None, maya: Person, noura: Client, usd: Asset, waiting: list[str], unconfirmed: list[str], own: list[str]
) -> None:
    with transaction.atomic():
        mirrored_asset("BHD")
        asked(maya, rows_of(waiting, "One"), equal=True, name="waiting.csv")
        uploaded(maya, rows_of(unconfirmed, "Two"), name="unconfirmed.csv")
        file = uploaded(maya, rows_of(own, "Three"))

        found = {one.rows[0].number - 2: one for one in queries.equal_rows(file, clock.now())}

        expected = {content for content in own if content in waiting or own.count(content) > 1}
        assert {own[place] for place in found} == expected
        for place, one in found.items():
            assert one.lines == [line for line, content in enumerate(own, 2) if content == own[place]]
            named = [f"waiting.csv, line {line}" for line, content in enumerate(waiting, 2) if content == own[place]]
            assert [request.text for request in one.requests] == named
        transaction.set_rollback(True)


def test_the_row_of_another_file_is_named_with_its_file_and_a_tick_without_it_counts_for_nothing(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    rows = csv_of("deposit,user_12345,USD,700,First", "deposit,user_12345,USD,700,Second")
    file, desk = uploaded(maya, rows), signed_in(FINANCE)
    shown = hidden(desk.get(f"/funding/bulk/{file.pk}/"))
    other = asked(maya, RENT, name="november.csv")

    answer = confirm(desk, file, count="2", total_1="1400", confirmed_equal="on", equal_shown=shown)

    page = unescape(answer.content.decode())
    assert answer.status_code == 422 and f'href="/funding/bulk/{other.pk}/"' in page
    assert "november.csv, line 2" in page and "Waiting for approval" in page and "or of another that waits" in page
    answer = confirm(desk, file, count="2", total_1="1400", confirmed_equal="on", equal_shown=hidden(answer))
    assert answer.status_code == 302
    assert BulkFile.objects.get(pk=file.pk).confirmed_equal == [2, 3]


def test_rows_of_others_that_have_come_to_something_are_not_named_twice(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    other, file = asked(maya, RENT), uploaded(maya, THE_SAME)
    approve_file(other, omar)
    [made] = created(other)

    [alike] = queries.equal_rows(file, clock.now())

    assert alike.keys == [made.reference]


def test_what_waits_in_other_files_costs_one_query_however_much_it_is(
    db: None, maya: Person, noura: Client, usd: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for files in (1, 3):
        for _file in range(files):
            asked(maya, csv_of(*[f"deposit,user_12345,USD,7,{uuid4()}"] * (3 * files)), equal=True)
        file = uploaded(maya, csv_of(*[f"deposit,user_12345,USD,7,{uuid4()}"] * files))
        now = clock.now()
        with django_assert_num_queries(4):
            [alike] = queries.equal_rows(file, now)
            assert len(alike.requests) == (3 if files == 1 else 3 + 27)
