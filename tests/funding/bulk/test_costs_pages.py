"""What the pages of files cost: the same, however long they are."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import BulkFile
from tests.funding.bulk.desk import FINANCE
from tests.funding.bulk.files import confirmed, created, csv_of, deposits, uploaded
from tests.funding.cast import SignIn, deposit


def test_the_page_of_a_file_costs_the_same_however_long_it_is(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)

    def queries_for(file: BulkFile) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"/funding/bulk/{file.pk}/").status_code == 200
        return len(captured)

    queries_for(uploaded(maya, deposits(2), name="a.csv"))
    assert queries_for(uploaded(maya, deposits(1), name="b.csv")) == queries_for(
        uploaded(maya, deposits(300), name="c.csv")
    )
    short, long = confirmed(maya, deposits(1, first=1000)), confirmed(maya, deposits(60, first=2000))
    created(short), created(long)
    assert queries_for(short) == queries_for(long)


def test_equal_rows_cost_the_same_however_many_they_are(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)

    def queries_with(rows: int) -> int:
        for n in range(rows):
            deposit(maya, noura, usd, f"{rows}00{n}.00")
        same = [f"deposit,user_12345,USD,{rows}00{n}.00,Rent" for n in range(rows)]
        file = uploaded(maya, csv_of(*same, *same), name=f"{rows}.csv")
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"/funding/bulk/{file.pk}/").content.decode().count('<bdi dir="ltr">2, ') == 1
        return len(captured)

    queries_with(1)
    assert queries_with(2) == queries_with(9)


def test_the_list_of_files_costs_the_same_however_long_it_is(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)

    def queries_with(files: int) -> int:
        for _file in range(files):
            confirmed(maya, deposits(1, first=10 * BulkFile.objects.count() + 1))
        with CaptureQueriesContext(connection) as captured:
            assert desk.get("/funding/bulk/").status_code == 200
        return len(captured)

    queries_with(1)
    assert queries_with(1) == queries_with(6)
