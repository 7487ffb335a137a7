"""What people read of a file: its page, its rows, its place in lists and in files of its own."""

import re

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding import who_funded
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.columns import FILES, badge_listed, outcome_of
from backoffice.funding.columns import approvers_of
from backoffice.funding.models import BulkFile, Operation, Scope
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.views.bulk import BULK_ROWS
from backoffice.funding.views.who_funded import WHO_FUNDED
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.funding.bulk.desk import AUDITOR, FINANCE, MANAGER
from tests.funding.bulk.files import confirmed, created, csv_of, deposits, uploaded
from tests.funding.cast import SignIn, deposit, sent
from tests.partners import Partners


@pytest.mark.parametrize("name", [FINANCE, MANAGER, AUDITOR])
def test_whoever_reads_money_reads_files(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, name: str
) -> None:
    file, desk = uploaded(maya, deposits(1)), signed_in(name)

    assert "payments.csv" in desk.get("/funding/bulk/").content.decode()
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert ("Ask for approval of 1 operation" in page) is (name == FINANCE)


def test_an_operation_leads_back_to_its_file_and_row(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, deposits(2))
    operation = created(file)[1]

    page = signed_in(FINANCE).get(f"/funding/{operation.reference}/").content.decode()

    assert f'href="/funding/bulk/{file.pk}/"' in page and "line 3" in page


def test_what_was_made_from_a_file_names_who_approved_the_file(
    coinmena: Partners, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(created(confirmed(maya, deposits(1)))[0])
    typed = sent(deposit(maya, noura, usd, "700.00"))

    desk = signed_in(AUDITOR)
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", desk.get(f"/funding/{operation.reference}/").content.decode()))
    assert "Asked by Maya Haddad, approved by Omar Saleh" in page
    assert "Approved with its file" in page and "by Omar Saleh, manager" in page
    assert "The file it was made from was approved." in page
    assert "Approved with its file" not in desk.get(f"/funding/{typed.reference}/").content.decode()
    rows = who_funded.completed()
    assert {one.reference: approvers_of(one) for one in rows} == {
        operation.reference: "Omar Saleh",
        typed.reference: None,
    }
    assert [one.reference for one in who_funded.by_people(rows, [str(omar.pk)])] == [operation.reference]
    assert len(assert_table_and_csv_agree(WHO_FUNDED, rows)) == 2
    assert "Omar Saleh" in desk.get("/audit/who-funded-what/").content.decode()


def test_the_list_of_operations_can_be_narrowed_to_a_file(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, deposits(2))
    created(file)
    other = confirmed(maya, deposits(1, first=50))
    created(other)
    desk = signed_in(FINANCE)

    page = desk.get(f"/funding/?file={other.pk}").content.decode()

    assert "50.01" in page and "2.01" not in page and "payments.csv" in page
    assert Operation.objects.count() == 3


@pytest.mark.parametrize("file", ["x", "-1", "9" * 30, "%00", "1%20OR%201"])
def test_s34_a_hostile_file_in_the_address_is_no_error_of_ours(db: None, signed_in: SignIn, file: str) -> None:
    desk = signed_in(FINANCE)

    assert desk.get(f"/funding/?file={file}").status_code in (200, 400)
    answer = desk.post(f"/funding/bulk/rows/export/?file={file}")
    answer.close()
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("address", ["/funding/bulk/{}/", "/funding/bulk/{}/marker/"])
def test_s34_a_number_no_database_has_is_not_found(db: None, signed_in: SignIn, address: str) -> None:
    assert signed_in(FINANCE).get(address.format("9" * 40)).status_code == 404


def test_the_marker_says_when_there_is_something_new(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = confirmed(maya, deposits(2)), signed_in(FINANCE)
    address = f"/funding/bulk/{file.pk}/marker/"
    shown = marker_on(desk, file)

    assert "HX-Trigger" not in desk.get(address, {"shown": shown}).headers
    created(file)
    assert desk.get(address, {"shown": shown}).headers["HX-Trigger"] == "bulk-file-changed"


def test_the_page_says_what_a_freeze_in_the_middle_holds_back(
    db: None, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file, desk = confirmed(maya, deposits(3)), signed_in(FINANCE)
    made = created(file)
    shown = marker_on(desk, file)
    assert "holds 3 of them back" not in desk.get(f"/funding/bulk/{file.pk}/").content.decode()

    freeze(scope=Scope.ASSET, asset=usd, reason="The list is wrong.", by=omar)

    assert "HX-Trigger" in desk.get(f"/funding/bulk/{file.pk}/marker/", {"shown": shown}).headers
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert "A freeze holds 3 of them back." in page
    assert "as long as their permission has not run out by then" in page
    first = min(one.valid_until for one in made if one.valid_until)
    assert f"{first:%M:%S.%f}" in page, "when the first permission runs out, in whatever zone"


def test_the_page_says_that_nothing_is_made_under_the_lock_of_a_restore(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = confirmed(maya, deposits(3)), signed_in(FINANCE)
    freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))

    assert created(file) == []
    assert "made once two people have released the lock" in desk.get(f"/funding/bulk/{file.pk}/").content.decode()


def test_a_file_is_done_only_when_all_that_it_made_has_ended(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = (
        confirmed(maya, csv_of(*(f"withdrawal,user_12345,USD,{n}.10,Payout" for n in (1, 2)))),
        signed_in(FINANCE),
    )
    assert "0 of 2 rows dealt with; 0 of 2 rows have ended" in desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    first, second = created(file)

    for operation, badge, ended in [(first, "All rows made", 0), (second, "All rows made", 1), (None, "Done", 2)]:
        page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
        assert badge in page.split('<span role="status">')[1].split("</header>")[0]
        assert f'aria-valuenow="{ended}"' in page
        assert f'class="f-neg" x="{1_000 - 500 * ended}" width="{500 * ended}"' in page
        assert f"{ended} of 2 rows have ended" in page and "dealt with;" not in page
        listed = queries.listed().get()
        assert str(badge_listed(listed).text) == badge
        assert outcome_of(listed) == ("Not all payments have ended" if operation else "All rows made")
        if operation:
            cancel_operation(operation_id=operation.pk, by=maya)


def marker_on(desk: Browser, file: BulkFile) -> str:
    """Return the marker that the page of a file carries."""
    return desk.get(f"/funding/bulk/{file.pk}/").content.decode().split("?shown=")[1].split('"')[0]


def test_refused_rows_are_told_on_the_page_and_in_the_list(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = confirmed(maya, deposits(2)), signed_in(AUDITOR)
    Client.objects.update(active=False)
    created(file)

    assert "2 rows refused" in desk.get("/funding/bulk/").content.decode()
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert page.count("This client is deactivated at CoinMENA.") >= 2


def test_the_list_says_how_far_a_file_is(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    confirmed(maya, deposits(2))

    assert FILES["outcome"].value(queries.listed().get()) == "0 of 2"


def test_the_file_of_rows_holds_what_became_of_each(
    committed: str, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file = confirmed(maya, csv_of("deposit,user_12345,USD,1.10,'=x", "withdrawal,user_12345,USD,0.00000001,Payout"))
    Asset.objects.update(depositable=False)
    (operation,) = created(file)
    cancel_operation(operation_id=operation.pk, by=maya)

    rows = assert_table_and_csv_agree(BULK_ROWS, queries.rows(), f"file={file.pk}")

    assert [row[1] for row in rows] == ["2", "3"]
    assert [row[6] for row in rows] == ["1.10", "-0.00000001"]
    assert rows[1][8:10] == [operation.reference, "cancelled"]
    assert "cannot be deposited" in rows[0][12]
    assert downloaded(signed_in(AUDITOR).post(f"/funding/bulk/rows/export/?file={file.pk}"))[1:] == rows
