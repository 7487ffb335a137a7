"""A file of which some row would go out on one person's word needs another's before anything of it is created."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals import services
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict, why_not_decide
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.bulk import gating, queries
from backoffice.funding.bulk.pages import approval_preview
from backoffice.funding.bulk.subject import FileSubject
from backoffice.funding.fingerprint import file_fingerprint
from backoffice.funding.models import BulkFile, BulkRefusal, FileState, Operation
from backoffice.funding.services import bulk_files
from backoffice.funding.states import State
from tests.approving import approve
from tests.funding.bulk.files import asked, confirmed, created, csv_of, deposits, uploaded
from tests.funding.cast import SignIn, deposit, mirrored_asset
from tests.ruling import make_live, rule

PAYOUTS = csv_of("withdrawal,user_12345,USD,10,Payout", "withdrawal,user_12345,USD,11,Payout")
MIXED = csv_of("withdrawal,user_12345,USD,10,Payout", "deposit,user_12345,USD,700,Rent", "deposit,user_12345,USD,1,x")


# Who is asked ---------------------------------------------------------------------------------------------------------


def test_a_file_whose_rows_are_all_gated_one_by_one_asks_nobody_more(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file = asked(maya, PAYOUTS)

    assert (file.state, file.approval) == (FileState.CONFIRMED, None)
    assert [one.state for one in created(file)] == [State.PENDING_APPROVAL] * 2


def test_one_row_that_nobody_gates_makes_the_whole_file_wait(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file = asked(maya, MIXED)

    assert file.state == FileState.WAITING and file.approval is not None
    assert (file.approval.kind, file.approval.subject, file.approval.requested_by) == ("bulk", f"file-{file.pk}", maya)
    assert created(file) == [] and not ProcrastinateJob.objects.exists()
    approve(file.approval, by=omar)
    assert [one.state for one in created(file)] == [State.PENDING_APPROVAL, State.APPROVED, State.APPROVED]
    events = Entry.objects.filter(event__startswith="bulk.").order_by("number").values_list("event", flat=True)
    assert list(events)[:3] == ["bulk.uploaded", "bulk.confirmed", "bulk.approved"]


def test_nobody_agrees_to_their_own_file(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    file = asked(maya, deposits(1))
    assert file.approval is not None
    reason = why_not_decide(maya, file.approval, clock.now())
    assert reason is not None and reason.code == "own_request"


def test_rows_of_a_file_count_each_other_into_the_total_of_the_day(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    make_live(rule("deposit", "Many", asset="USD", day_total_from=Decimal("3.03")))
    file = uploaded(maya, csv_of(*(f"deposit,user_12345,USD,1.01,Payment {n}" for n in range(4))))

    ungated = gating.rows_nobody_gates(queries.rows_in_order(file), clock.now())

    assert [row.number for row in ungated] == [2, 3]


def test_where_no_rule_says_who_agrees_the_file_is_blocked(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    make_live(rule("withdrawal"))
    with pytest.raises(Refused, match="No rule says who approves this"):
        asked(maya, deposits(1))
    assert BulkFile.objects.get().state == FileState.CHECKED


# What becomes of it ---------------------------------------------------------------------------------------------------


def rejected(request: Request, omar: Person) -> None:
    services.reject(
        request_id=request.pk, fingerprint=request.fingerprint, reason_code="other", note="Not ours.", by=omar
    )


def test_a_rejected_file_makes_nothing_and_may_be_uploaded_anew(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file = asked(maya, deposits(2))
    rejected(Request.objects.get(), omar)

    again = bulk_files.upload(name="payments.csv", content=deposits(2), by=maya)

    assert BulkFile.objects.get(pk=file.pk).state == FileState.REJECTED
    assert created(file) == [] and again.is_new and again.file.pk != file.pk


def test_a_cancelled_file_makes_nothing(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    file = asked(maya, deposits(2))
    services.cancel(request_id=Request.objects.get().pk, by=maya)
    assert BulkFile.objects.get().state == FileState.CANCELLED and created(file) == []


def test_an_expired_file_makes_nothing(
    db: None, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, real = asked(maya, deposits(2)), clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=25))
    assert services.expire_due() == 1
    assert BulkFile.objects.get().state == FileState.EXPIRED and created(file) == []


def test_a_row_that_no_rule_gates_any_more_is_refused_where_nobody_agreed_to_the_file(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    make_live(rule("deposit"))
    file = asked(maya, deposits(1))
    assert file.state == FileState.CONFIRMED
    make_live(rule("withdrawal"))

    assert created(file) == []
    assert "nobody approved the file" in BulkRefusal.objects.get().sentence


# Taking an approval back ----------------------------------------------------------------------------------------------


def test_an_approval_is_taken_back_while_nothing_was_created(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, deposits(2))
    request = Request.objects.get()
    assert FileSubject().why_not_taken_back(file.key) == ""

    FileSubject().on_taken_back(request, omar, clock.now())

    assert BulkFile.objects.get().state == FileState.CANCELLED and created(file) == []


def test_it_is_too_late_to_take_back_what_workers_have_begun(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, deposits(2))
    created(file)
    with pytest.raises(Conflict, match="workers have begun"):
        FileSubject().on_taken_back(Request.objects.get(), omar, clock.now())
    with pytest.raises(DatabaseError):
        BulkFile.objects.filter(pk=file.pk).update(state=FileState.CANCELLED, ended_at=clock.now())


# What the database refuses --------------------------------------------------------------------------------------------


def changed(file: BulkFile, **changes: Any) -> None:
    with transaction.atomic():
        BulkFile.objects.filter(pk=file.pk, state=F("state")).update(**changes)


def test_the_database_creates_no_file_that_others_have_not_agreed_to(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file = asked(maya, deposits(1))
    with pytest.raises(DatabaseError, match="was not approved by others"):
        changed(file, state=FileState.CONFIRMED)
    with pytest.raises(DatabaseError):
        changed(file, state=FileState.CONFIRMED, approval=None)
    with pytest.raises(DatabaseError):
        changed(file, confirmed_equal=[2])


@pytest.mark.parametrize("how", ["unconfirmed", "gated alone", "waiting"])
def test_the_database_makes_no_ungated_operation_of_a_file_nobody_agreed_to(
    db: None, maya: Person, noura: Client, usd: Asset, how: str
) -> None:
    file = uploaded(maya, deposits(1)) if how == "unconfirmed" else asked(maya, deposits(1))
    if how == "gated alone":
        file = uploaded(maya, PAYOUTS.replace(b"withdrawal", b"deposit"))
        changed(file, state=FileState.CONFIRMED, confirmed_at=clock.now())
    row = queries.rows_in_order(file)[0]

    with pytest.raises(DatabaseError, match="a file nobody else approved"), transaction.atomic():
        deposit(maya, noura, usd, str(row.amount), submission_token=row.submission_token, confirmed_equal=True)
    assert not Operation.objects.exists()


def test_the_decision_is_bound_to_bytes_count_sums_and_what_was_confirmed(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    file = asked(maya, deposits(2))
    first = file_fingerprint(file)
    for name, value in {
        "digest": "0" * 64,
        "row_count": 3,
        "totals": {"deposit USD": "1"},
        "confirmed_equal": [2],
    }.items():
        other = BulkFile.objects.get(pk=file.pk)
        setattr(other, name, value)
        assert file_fingerprint(other) != first, name


# What the approver reads ----------------------------------------------------------------------------------------------


def test_the_preview_names_sums_largest_and_unusual_rows(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    file = asked(maya, csv_of(*(f"deposit,user_12345,USD,{n},Payment" for n in (1, 500, 2, 3, 4))))

    seen = approval_preview(file, clock.now())

    assert (seen["count"], seen["clients"], seen["ungated"]) == (5, 1, 5)
    assert [str(amount.amount) for _kind, amount in seen["totals"]] == ["510"]
    assert [line.number for line in seen["largest"]] == [3, 6, 5]
    assert seen["odd_count"] == 5, "nothing was ever completed for this client"


def test_the_largest_rows_of_every_asset_are_among_those_to_read(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    assets = ["BHD", "BTC", "KWD", "SAR"]
    for name in assets:
        mirrored_asset(name)
    rows = [f"deposit,user_12345,{name},{n}{n},x" for n in (1, 2, 3, 4) for name in [*assets, "USD"]]

    largest = approval_preview(asked(maya, csv_of(*rows)), clock.now())["largest"]

    assert [line.amount.asset for line in largest] == [name for name in [*assets, "USD"] for _row in range(3)]


def test_what_was_confirmed_as_another_payment_comes_first(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    amounts = [*range(1, 30), 29]
    file = asked(maya, csv_of(*(f"deposit,user_12345,USD,{n},x" for n in amounts)), equal=True)

    seen = approval_preview(file, clock.now())

    assert [line.number for line, _sentence in seen["odd"][:2]] == [30, 31]


def test_the_approver_reads_every_row_of_a_file_that_waits(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = asked(maya, deposits(60)), signed_in("omar")
    address = f"/funding/bulk/rows/?file={file.pk}"

    assert f'href="{address}"' in desk.get(f"/approvals/file-{file.pk}/").content.decode()
    first = desk.get(address).content.decode()
    older = re.search(r'href="(\?[^"]*page=[^"]*)"', first)
    assert older and "Payment 31" in first and "Payment 60" not in first
    assert "Payment 60" in desk.get(f"/funding/bulk/rows/{unescape(older[1])}").content.decode()
    assert f"/funding/bulk/rows/export/?file={file.pk}" in first


def test_the_approver_reads_who_uploaded_the_file_and_confirmed_it(
    db: None, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file = asked(maya, deposits(1))
    page = signed_in("omar").get(f"/approvals/file-{file.pk}/").content.decode()
    log = page.split("In the audit log")[-1]
    assert "Uploaded a file of operations" in log and "Confirmed a file of operations by its sums" in log


def test_the_page_of_a_file_leads_to_all_its_rows_from_the_moment_it_is_uploaded(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = uploaded(maya, deposits(30)), signed_in("maya")
    other = uploaded(maya, deposits(2, first=400))
    address = f"/funding/bulk/rows/?file={file.pk}"

    assert f'href="{address}"' in desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    page = desk.get(address).content.decode()
    assert "Payment 30" in page and "Payment 400" not in page and f"/funding/bulk/{other.pk}/" not in page


def test_the_rows_cost_the_same_however_many_they_are(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk = signed_in("omar")

    def queries_for(file: BulkFile) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"/funding/bulk/rows/?file={file.pk}").status_code == 200
        return len(captured)

    queries_for(asked(maya, deposits(1)))
    assert queries_for(asked(maya, deposits(2, first=10))) == queries_for(asked(maya, deposits(45, first=100)))
