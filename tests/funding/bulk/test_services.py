"""A file is stored whole or not at all, confirmed to the digit, and makes each of its operations exactly once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypedDict

import pytest
from django.db import DataError, Error, IntegrityError, connection
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice import failpoints
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.failpoints import Failpoint
from backoffice.funding import tasks
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.reading import MOST_ROWS
from backoffice.funding.bulk.sums import stored_totals, totals_of
from backoffice.funding.fingerprint import equal_rows_fingerprint
from backoffice.funding.models import BulkFile, BulkRefusal, BulkRow, FileState, Operation, Scope
from backoffice.funding.services import bulk_creating, bulk_files, creating
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from backoffice.money import to_plain
from backoffice.orders.models import MintedReference
from backoffice.orders.services import look_up_order
from tests.approving import approve
from tests.funding.bulk.files import WORKER, a_manager, confirmed, created, csv_of, deposits, uploaded
from tests.funding.cast import NOURA, deposit, lost_order, mirrored_asset
from tests.partners import Partners
from tests.people import give_role

THREE = csv_of(
    "deposit,user_12345,USD,1000.10,Bank transfer",
    "withdrawal,user_12345,USD,0.00000001,Payout",
    "deposit,user_12345,USD,5.5,Bank transfer",
)


# Uploading ------------------------------------------------------------------------------------------------------------


def test_a_good_file_is_stored_whole(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    file = uploaded(maya, THREE)

    assert (file.state, file.row_count, bytes(BulkFile.objects.get().content)) == (FileState.CHECKED, 3, THREE)
    assert file.totals == {"deposit USD": "1005.60", "withdrawal USD": "0.00000001"}
    assert list(BulkRow.objects.order_by("number").values_list("number", flat=True)) == [2, 3, 4]
    assert (Entry.objects.get(event="bulk.uploaded").after or {})["totals"] == file.totals
    assert not Operation.objects.exists() and not ProcrastinateJob.objects.exists()


def test_f27_the_same_bytes_are_recognised_whatever_the_name(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    first = uploaded(maya, THREE)
    again = bulk_files.upload(name="other.csv", content=THREE, by=maya)

    assert (again.file, again.is_new) == (first, False)
    assert BulkRow.objects.count() == 3


def test_f27_a_changed_file_of_the_same_name_is_another_one_and_says_so(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    first, second = uploaded(maya, THREE), uploaded(maya, deposits(1))

    assert queries.same_name_before(second) == first
    assert queries.same_name_before(first) is None


def test_a_discarded_file_may_come_again(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    first = uploaded(maya, THREE)
    bulk_files.discard(file_id=first.pk, by=maya)

    assert uploaded(maya, THREE) != first
    assert Entry.objects.filter(event="bulk.discarded", person=maya).count() == 1


@pytest.mark.parametrize("name", ["omar", "vera", "adam"])
def test_only_finance_uploads(db: None, name: str, noura: Client, usd: Asset, request: pytest.FixtureRequest) -> None:
    with pytest.raises(Refused, match="Only finance"):
        uploaded(request.getfixturevalue(name), THREE)
    assert not BulkFile.objects.exists()


AMOUNTS = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal(10**12), places=8)


@given(st.lists(st.tuples(st.sampled_from(["deposit", "withdrawal"]), st.sampled_from("ABC"), AMOUNTS), min_size=1))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_totals_equal_those_of_fractions_digit_for_digit(rows: list[tuple[str, str, Decimal]]) -> None:
    stored = [BulkRow(kind=kind, asset_id=asset, amount=amount) for kind, asset, amount in rows]
    expected: dict[str, Fraction] = {}
    for kind, asset, amount in rows:
        expected[f"{kind} {asset}"] = expected.get(f"{kind} {asset}", Fraction(0)) + Fraction(str(amount))

    assert {total.key: Fraction(str(total.amount)) for total in totals_of(stored)} == expected


# Confirming -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "totals"),
    [
        (2, {"deposit USD": "1005.60", "withdrawal USD": "0.00000001"}),
        (3, {"deposit USD": "1005.61", "withdrawal USD": "0.00000001"}),
        (3, {"deposit USD": "1005.60", "withdrawal USD": "0.00000002"}),
        (3, {"deposit USD": "1005.60"}),
        (3, {}),
    ],
)
def test_control_figures_that_differ_create_nothing(
    db: None, maya: Person, noura: Client, usd: Asset, count: int, totals: dict[str, str]
) -> None:
    file = uploaded(maya, THREE)
    typed = {key: Decimal(amount) for key, amount in totals.items()}

    with pytest.raises(Conflict, match="control figures"):
        bulk_files.confirm(file_id=file.pk, count=count, totals=typed, confirmed_equal=True, by=maya)

    assert BulkFile.objects.get().state == FileState.CHECKED
    assert not ProcrastinateJob.objects.exists()


def test_control_figures_agree_however_their_zeros_are_written(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file = uploaded(maya, deposits(2))
    confirmed_file = bulk_files.confirm(
        file_id=file.pk, count=2, totals={"deposit USD": Decimal("3.0200")}, confirmed_equal=False, by=maya
    )

    assert confirmed_file.state == FileState.WAITING and not ProcrastinateJob.objects.exists()
    approve(Request.objects.get(), by=a_manager())
    assert ProcrastinateJob.objects.filter(task_name="funding.create_from_file", args={"file_id": file.pk}).exists()


def test_only_the_person_who_uploaded_it_confirms_or_discards(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    nadia = Person.objects.create_person(email="nadia@example.com", name="Nadia Karim", role=Role.FINANCE)
    file = uploaded(maya, THREE)

    for person in (nadia, omar):
        with pytest.raises(Refused):
            bulk_files.discard(file_id=file.pk, by=person)
        with pytest.raises(Refused):
            bulk_files.confirm(file_id=file.pk, count=3, totals={}, confirmed_equal=True, by=person)
    assert BulkFile.objects.get().state == FileState.CHECKED


@pytest.mark.parametrize("how", ["left", "another role"])
def test_what_somebody_who_is_gone_has_left_behind_is_discarded_by_finance_and_uploaded_again(
    db: None, client: Browser, maya: Person, omar: Person, noura: Client, usd: Asset, how: str
) -> None:
    nadia = Person.objects.create_person(email="nadia@example.com", name="Nadia Karim", role=Role.FINANCE)
    file = uploaded(maya, THREE)
    if how == "left":
        Person.objects.filter(pk=maya.pk).update(is_active=False)
    else:
        give_role(maya, Role.AUDITOR)

    with pytest.raises(Refused):
        bulk_files.discard(file_id=file.pk, by=omar)
    with pytest.raises(Refused):
        bulk_files.confirm(file_id=file.pk, count=3, totals={}, confirmed_equal=True, by=nadia)
    client.force_login(nadia)
    page = client.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert "Maya Haddad, who uploaded it, is not of finance any more." in page and "Discard the file" in page
    bulk_files.discard(file_id=file.pk, by=nadia)

    assert uploaded(nadia, THREE) != file


def test_what_was_settled_is_not_settled_again(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    file = confirmed(maya, THREE)

    with pytest.raises(Conflict):
        bulk_files.discard(file_id=file.pk, by=maya)
    with pytest.raises(Conflict):
        bulk_files.confirm(file_id=file.pk, count=3, totals={}, confirmed_equal=True, by=maya)


TWINS = csv_of("deposit,user_12345,USD,10,Rent", "deposit,user_12345,USD,11,Rent", "deposit,user_12345,USD,10.00,Rent")


def test_equal_rows_must_be_confirmed_and_only_theirs_is_the_confirmation(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    with pytest.raises(bulk_files.EqualRows):
        confirmed(maya, TWINS)
    file = BulkFile.objects.get()
    bulk_files.confirm(file_id=file.pk, count=3, totals={"deposit USD": Decimal(31)}, confirmed_equal=True, by=maya)
    approve(Request.objects.get(), by=a_manager())

    assert [one.confirmed_equal for one in created(file)] == [True, False, True]


def test_a_confirmation_counts_for_the_rows_and_requests_that_were_shown(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file, figures = uploaded(maya, deposits(2)), Figures(count=2, totals={"deposit USD": Decimal("3.02")})
    deposit(maya, noura, usd, "1.01")
    shown = shown_now(file)
    deposit(maya, noura, usd, "2.01")

    with pytest.raises(bulk_files.EqualRows) as refused:
        bulk_files.confirm(file_id=file.pk, **figures, confirmed_shown=shown, by=maya)
    assert queries.equal_lines(refused.value.equal) == [2, 3]
    assert (one := BulkFile.objects.get()).state == FileState.CHECKED and one.confirmed_equal == []

    deposit(maya, noura, usd, "2.01", confirmed_equal=True)  # the same row again, but it equals another request now
    with pytest.raises(bulk_files.EqualRows):
        bulk_files.confirm(file_id=file.pk, **figures, confirmed_shown=shown, by=maya)
    bulk_files.confirm(file_id=file.pk, **figures, confirmed_shown=shown_now(file), by=maya)
    assert BulkFile.objects.get().confirmed_equal == [2, 3]


class Figures(TypedDict):
    """What a person reads off their own list."""

    count: int
    totals: dict[str, Decimal]


def shown_now(file: BulkFile) -> str:
    """The digest of what a page shows as equal."""
    return equal_rows_fingerprint(file, queries.equal_rows(file, clock.now()))


def test_a_row_that_equals_a_request_of_the_last_day_must_be_confirmed(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    deposit(maya, noura, usd, "1.01")

    assert queries.equal_lines(queries.equal_rows(uploaded(maya, deposits(3)), clock.now())) == [2]


def test_an_equal_request_made_after_the_confirmation_keeps_the_row_from_paying_twice(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, deposits(2))
    deposit(maya, noura, usd, "2.01", confirmed_equal=True)

    assert len(created(file)) == 2, "one by hand, one of the file"
    assert "equal request" in BulkRefusal.objects.get().sentence


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_row_equals_a_cancelled_payment_of_which_an_order_moved_money_and_can_be_confirmed(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, status: str
) -> None:
    cancelled = cancel_operation(operation_id=deposit(maya, noura, usd, "1.01").pk, by=maya)
    coinmena.make_order(NOURA, amount="1.01", reference=cancelled.reference, status=status)
    look_up_order(text=cancelled.reference, by=maya)

    file = confirmed(maya, deposits(1), equal=True)
    created(file)

    assert file.confirmed_equal == ([2] if status == "completed" else [])
    assert not BulkRefusal.objects.exists()


def test_a_row_that_equals_a_lost_order_is_refused_naming_the_order(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, deposits(1))
    order = lost_order(coinmena, maya, "1.01")

    assert created(file) == []
    assert f"CoinMENA holds the order {order} of an equal payment" in BulkRefusal.objects.get().sentence


# Creating -------------------------------------------------------------------------------------------------------------


def test_each_row_makes_its_operation_in_the_order_of_the_file(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    operations = created(confirmed(maya, THREE))

    assert [(one.kind, to_plain(one.amount), one.state) for one in operations] == [
        ("deposit", "1000.10", State.APPROVED),
        ("withdrawal", "0.00000001", State.PENDING_APPROVAL),
        ("deposit", "5.5", State.APPROVED),
    ]
    assert {one.requested_by for one in operations} == {maya}
    assert len({one.reference for one in operations}) == 3 == MintedReference.objects.count()
    assert BulkFile.objects.get().state == FileState.DONE
    assert Entry.objects.get(event="bulk.done").after == {"made": 3, "refused": 0}
    assert ProcrastinateJob.objects.filter(task_name="funding.send").count() == 2


def test_a_row_that_cannot_be_made_any_more_is_refused_and_the_others_are_made(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, THREE)
    Asset.objects.update(withdrawable=False)

    assert [one.kind for one in created(file)] == ["deposit", "deposit"]
    refusal = BulkRefusal.objects.get()
    assert (refusal.row.number, refusal.sentence) == (3, "USD cannot be withdrawn at CoinMENA. Choose another asset.")
    assert Entry.objects.get(event="bulk.row_refused").result == Entry.Result.REFUSED
    assert BulkFile.objects.get().state == FileState.DONE


LONG_CODE = "ABCDEFGHIJKLMNOPQRST"


def test_an_asset_with_a_code_of_twenty_characters_is_asked_for(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    mirrored_asset(LONG_CODE)

    made = created(
        confirmed(maya, THREE.replace(b"withdrawal,user_12345,USD", f"withdrawal,user_12345,{LONG_CODE}".encode()))
    )

    assert [one.asset_id for one in made] == ["USD", LONG_CODE, "USD"]
    assert Request.objects.get(subject=made[1].reference).asset == LONG_CODE


@pytest.mark.parametrize("error", [IntegrityError, DataError])
def test_a_row_the_database_refuses_keeps_no_other_from_being_made(
    db: None, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch, error: type[Error]
) -> None:
    file = confirmed(maya, THREE)

    def refused(**details: Any) -> None:
        MintedReference.objects.create(reference=details["subject"], minted_at=details["now"])

    def too_long(**details: Any) -> None:
        ask_for_approval(**{**details, "asset": "A" * 99})

    monkeypatch.setattr(creating, "ask_for_approval", refused if error is IntegrityError else too_long)

    assert [one.kind for one in created(file)] == ["deposit", "deposit"]
    refusal = BulkRefusal.objects.get()
    assert refusal.row.number == 3 and "The database refused this row" in refusal.sentence
    assert BulkFile.objects.get().state == FileState.DONE
    assert MintedReference.objects.count() == 2


def turns_manager(person: Person) -> None:
    give_role(person, Role.MANAGER)


def is_deactivated(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("change", [turns_manager, is_deactivated])
def test_who_lost_the_role_meanwhile_makes_nothing(
    db: None, maya: Person, noura: Client, usd: Asset, change: Callable[[Person], None]
) -> None:
    file = confirmed(maya, THREE)
    change(maya)

    assert created(file) == []
    assert set(BulkRefusal.objects.values_list("sentence", flat=True)) == {
        "Maya Haddad, who confirmed this file, may not ask for operations any more."
    }


def test_a_freeze_keeps_nothing_from_being_created(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, THREE)
    freeze(scope=Scope.EVERYTHING, reason="An audit", by=omar)

    assert len(created(file)) == 3


@pytest.mark.parametrize("state", [FileState.CHECKED, FileState.DISCARDED, FileState.DONE])
def test_only_a_confirmed_file_makes_anything(
    db: None, maya: Person, noura: Client, usd: Asset, state: FileState
) -> None:
    if state == FileState.DONE:
        file = confirmed(maya, THREE)
        created(file)
    else:
        file = uploaded(maya, THREE)
    if state == FileState.DISCARDED:
        bulk_files.discard(file_id=file.pk, by=maya)
    before = Operation.objects.count()

    assert len(created(file)) == before


def test_a_job_gives_the_worker_back_and_another_goes_on(
    db: None, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seconds = confirmed(maya, deposits(6)), iter(range(0, 1000, 4))
    monkeypatch.setattr("backoffice.database.clock.monotonic", lambda: float(next(seconds)))

    assert bulk_creating.create_operations(file.pk, holder=WORKER) is True
    assert 0 < Operation.objects.count() < 6
    while bulk_creating.create_operations(file.pk, holder=WORKER):
        pass
    assert Operation.objects.count() == 6
    assert BulkFile.objects.get().state == FileState.DONE


# Dying and racing -----------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Failpoint, int], None]]:
    """Arm one failpoint at one of its passes, once."""

    def arm(point: Failpoint, at: int) -> None:
        passes = {"left": at}

        def reached(here: Failpoint) -> None:
            if here == point:
                passes["left"] -= 1
                if not passes["left"]:
                    raise Killed

        monkeypatch.setattr(failpoints, "reached", reached)

    yield arm


@pytest.mark.parametrize("point", [Failpoint.C14, Failpoint.C0, Failpoint.C1])
@pytest.mark.parametrize("at", [1, 2, 4])
def test_c14_a_worker_that_dies_between_rows_is_followed_by_one_that_goes_on(
    committed: str,
    maya: Person,
    noura: Client,
    usd: Asset,
    kill_at: Callable[[Failpoint, int], None],
    point: Failpoint,
    at: int,
) -> None:
    file = confirmed(maya, deposits(4))
    kill_at(point, at)
    with pytest.raises(Killed):
        created(file)
    survived = set(Operation.objects.values_list("reference", flat=True))
    assert len(survived) == (at if point == Failpoint.C14 else at - 1)

    operations = created(file)

    assert [str(one.amount) for one in operations] == ["1.01", "2.01", "3.01", "4.01"]
    assert survived <= {one.reference for one in operations}
    assert Entry.objects.filter(event="operation.created").count() == 4
    assert BulkFile.objects.get().state == FileState.DONE


def test_two_workers_at_once_make_each_operation_once(committed: str, maya: Person, noura: Client, usd: Asset) -> None:
    file = confirmed(maya, deposits(40))

    def work(number: int) -> None:
        try:
            while bulk_creating.create_operations(file.pk, holder=f"worker {number}"):
                pass
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert BulkFile.objects.get().state == FileState.DONE
    assert [str(one.amount) for one in created(file)] == [f"{n + 1}.01" for n in range(40)]
    assert not BulkRefusal.objects.exists()
    assert Entry.objects.filter(event="bulk.done").count() == 1


def test_the_same_bytes_uploaded_twice_at_once_are_one_file(
    committed: str, maya: Person, noura: Client, usd: Asset
) -> None:
    def upload(_number: int) -> int:
        try:
            return uploaded(maya, deposits(20)).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(upload, range(4)))) == 1
    assert BulkRow.objects.count() == 20


def test_f26_a_sweep_finds_a_file_whose_bell_was_lost(committed: str, maya: Person, noura: Client, usd: Asset) -> None:
    file = confirmed(maya, deposits(2))
    ProcrastinateJob.objects.all().delete()

    for _sweep in range(2):
        tasks.sweep(timestamp=0)

    bells = ProcrastinateJob.objects.filter(task_name="funding.create_from_file")
    assert [bell.args for bell in bells] == [{"file_id": file.pk}]


def test_f27_a_file_whose_job_runs_days_late_makes_only_what_others_are_asked_about(
    db: None, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, later = confirmed(maya, THREE), clock.now() + timedelta(days=3)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)

    (operation,) = created(file)

    assert (operation.kind, operation.state) == ("withdrawal", State.PENDING_APPROVAL)
    assert (operation.requested_at, operation.valid_until) == (later, later + timedelta(hours=24))
    refused = list(BulkRefusal.objects.order_by("row__number"))
    assert [one.row.number for one in refused] == [2, 4]
    assert {"The approval of the file has run out" in one.sentence for one in refused} == {True}


# Size -----------------------------------------------------------------------------------------------------------------


def test_the_largest_file_is_checked_and_stored_within_three_seconds(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    began = clock.monotonic()
    file = uploaded(maya, deposits(MOST_ROWS))

    assert clock.monotonic() - began < 3
    assert stored_totals(file)[0].amount == Decimal(MOST_ROWS * (MOST_ROWS + 1) // 2) + Decimal("0.01") * MOST_ROWS
