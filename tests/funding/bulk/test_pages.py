"""The pages of bulk files: uploading, confirming, following, and what they cost."""

import re
import time
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.columns import FILES
from backoffice.funding.bulk.reading import LARGEST
from backoffice.funding.models import BulkFile, FileState, Operation, Scope
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.views.bulk import BULK_ROWS
from tests.approving import approve
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.funding.bulk.files import confirmed, created, csv_of, deposits, uploaded
from tests.funding.cast import SignIn, deposit, lost_order
from tests.partners import Partners

UPLOAD = "/funding/bulk/upload/"
TWINS = csv_of("deposit,user_12345,USD,10,Rent", "deposit,user_12345,USD,11,Rent", "deposit,user_12345,USD,10,Rent")
FINANCE, MANAGER, AUDITOR = "maya", "omar", "vera"
READERS = [FINANCE, MANAGER, AUDITOR]


def send(desk: Browser, content: bytes, name: str = "payments.csv") -> Any:
    """Upload a file as the form does: ``arrived`` stands behind it."""
    return desk.post(UPLOAD, {"file": SimpleUploadedFile(name, content), "arrived": "yes"})


# Uploading ------------------------------------------------------------------------------------------------------------


def test_a_good_file_leads_to_its_page(db: None, signed_in: SignIn, noura: Client, usd: Asset) -> None:
    desk = signed_in(FINANCE)
    answer = send(desk, deposits(3))

    file = BulkFile.objects.get()
    assert answer.headers["Location"] == f"/funding/bulk/{file.pk}/"
    page = desk.get(answer.headers["Location"]).content.decode()
    assert "Total of deposits, USD" in page and "6.03" in page and "Ask for approval of 3 operations" in page
    assert "3 rows would go out on your word alone" in page


def test_a_bad_file_is_answered_cell_by_cell_and_nothing_is_stored(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    answer = send(signed_in(FINANCE), csv_of("deposit,user_12345,USD,1e5,<script>x</script>", "deposit,me,USD,1,Rent"))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "2 cells need another look." in page
    assert "without an exponent" in page and "1e5" in page and "no client with this id" in page
    assert not BulkFile.objects.exists()


def test_what_was_typed_is_shown_and_never_obeyed(db: None, signed_in: SignIn, noura: Client, usd: Asset) -> None:
    name = '../<img src=x>"\u202evsc.csv'
    answer = send(signed_in(FINANCE), csv_of('deposit,<b onload=x>\u202e,USD,"<script>1",Rent'), name=name)

    page = answer.content.decode()
    assert "<script>1" not in page and "<b onload" not in page and "<img src=x" not in page and "../" not in page
    assert "\u202e" not in page


def test_at_most_two_hundred_faults_are_shown_and_the_rest_is_counted(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    page = send(signed_in(FINANCE), csv_of(*["deposit,me,USD,1.00,Rent"] * 250)).content.decode()

    assert page.count("no client with this id") == 200
    assert "250 cells need another look." in page and "And 50 more." in page


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xfeh", "not UTF-8"), (csv_of(), "a header and no rows"), (b"PK\x03\x04", "a workbook"), (b"", "is empty")],
)
def test_a_file_nobody_can_read_gets_its_sentence(db: None, signed_in: SignIn, content: bytes, sentence: str) -> None:
    answer = send(signed_in(FINANCE), content)

    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_without_a_file_the_form_asks_for_one(db: None, signed_in: SignIn) -> None:
    assert "Choose a file." in signed_in(FINANCE).post(UPLOAD, {"arrived": "yes"}).content.decode()


def test_a_file_that_was_cut_off_on_its_way_is_not_taken_for_whole(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    answer = signed_in(FINANCE).post(UPLOAD, {"file": SimpleUploadedFile("payments.csv", deposits(3))})

    assert "did not arrive whole" in answer.content.decode()
    assert not BulkFile.objects.exists()


class Counted(BytesIO):
    """A request's body that remembers how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        taken = super().read(size)
        self.taken += len(taken)
        return taken


def multipart(content: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return head + content + b'\r\n--x\r\nContent-Disposition: form-data; name="arrived"\r\n\r\nyes\r\n--x--\r\n'


@pytest.mark.parametrize("megabytes", [3, 12, 40])
def test_s33_a_huge_upload_gets_a_sentence_at_bounded_memory_and_time(
    db: None, signed_in: SignIn, noura: Client, usd: Asset, megabytes: int
) -> None:
    desk, body = signed_in(FINANCE), Counted(multipart(b"a" * (megabytes << 20)))
    length = len(body.getvalue())
    desk.get(UPLOAD)  # whatever is loaded for the first page is not the upload's
    tracemalloc.start()
    began = time.process_time()  # its own work, however busy the machine is
    answer = desk.generic("POST", UPLOAD, **said(body, length))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer.status_code == 422
    assert "larger than 2 MB" in answer.content.decode()
    assert peak < 24 << 20 and time.process_time() - began < 3
    assert body.taken <= length if length < 16 << 20 else body.taken < 1 << 20


@pytest.mark.parametrize("announced", [100, 1 << 20, 2**40])
def test_s33_a_length_that_is_not_true_changes_nothing_of_that(
    db: None, signed_in: SignIn, noura: Client, usd: Asset, announced: int
) -> None:
    body = Counted(multipart(b"a" * (3 << 20)))

    answer = signed_in(FINANCE).generic("POST", UPLOAD, **said(body, announced))

    assert answer.status_code in (400, 422)
    assert body.taken <= LARGEST + (1 << 20)
    assert not BulkFile.objects.exists()


def said(body: BytesIO, length: int) -> dict[str, Any]:
    return {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(length), "wsgi.input": body}


def test_the_form_is_protected_against_other_sites(db: None, maya: Person, noura: Client, usd: Asset) -> None:
    desk = Browser(enforce_csrf_checks=True)
    desk.force_login(maya)

    assert send(desk, deposits(1)).status_code == 403
    assert not BulkFile.objects.exists()


def test_the_same_file_again_goes_to_the_one_that_is_there(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)
    first, again = send(desk, deposits(2)), send(desk, deposits(2), name="again.csv")

    assert first.headers["Location"] == again.headers["Location"]
    page = desk.get(again.headers["Location"]).content.decode()
    assert "This very file was uploaded before, by Maya Haddad on " in page and "has not been confirmed yet" in page


def test_a_changed_file_of_the_same_name_is_warned_about(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)
    send(desk, deposits(1))

    page = desk.get(send(desk, deposits(2)).headers["Location"]).content.decode()

    assert "Another file of this name was uploaded before." in page
    assert "Its bytes differ" in page and "1 row stands in both" in page


@pytest.mark.parametrize(
    "saved_again", [lambda content: b"\xef\xbb\xbf" + content, lambda content: content.replace(b"\n", b"\r\n")]
)
def test_the_same_rows_in_other_bytes_are_said_to_be_the_same(
    db: None, signed_in: SignIn, noura: Client, usd: Asset, saved_again: Callable[[bytes], bytes]
) -> None:
    desk = signed_in(FINANCE)
    send(desk, TWINS)

    page = desk.get(send(desk, saved_again(TWINS)).headers["Location"]).content.decode()

    assert "holds something else" not in page
    assert "3 rows stand in both" in page


def test_a_file_of_the_same_name_without_a_row_in_common_says_so(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    desk = signed_in(FINANCE)
    send(desk, deposits(2))

    page = desk.get(send(desk, deposits(2, first=3)).headers["Location"]).content.decode()

    assert "No row stands in both." in page and "paid twice" not in page


def test_a_file_of_which_nothing_was_made_says_how_its_rows_are_asked_for_anew(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    file, desk = confirmed(maya, deposits(2)), signed_in(FINANCE)
    Asset.objects.update(depositable=False)
    assert created(file) == []
    Asset.objects.update(depositable=True)

    page = desk.get(send(desk, deposits(2)).headers["Location"]).content.decode()

    assert "Nothing of it was made: see below why." in page and "differs in a byte" in page
    assert send(desk, deposits(2).replace(b"Payment", b"Again")).headers["Location"] != f"/funding/bulk/{file.pk}/"


def test_the_template_is_read_as_it_stands(db: None, signed_in: SignIn, noura: Client, usd: Asset) -> None:
    desk = signed_in(FINANCE)
    answer = desk.get("/funding/bulk/template/")

    assert "attachment" in answer.headers["Content-Disposition"]
    assert send(desk, answer.content + b"deposit,user_12345,USD,1.00,Rent\r\n").status_code == 302


# Confirming -----------------------------------------------------------------------------------------------------------


def confirm(desk: Browser, file: BulkFile, **typed: str) -> Any:
    return desk.post(f"/funding/bulk/{file.pk}/confirm/", typed)


def test_the_right_figures_ask_others_who_let_the_operations_be_created(
    db: None, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file, desk = uploaded(maya, deposits(3)), signed_in(FINANCE)

    assert confirm(desk, file, count="3", total_1="6.03").status_code == 302
    assert created(file) == []
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert "Nothing is created before others agree." in page and f"/approvals/file-{file.pk}/" in page
    approve(Request.objects.get(kind="bulk"), by=omar)
    assert len(created(file)) == 3
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert 'role="progressbar"' in page and 'aria-valuenow="3"' in page
    assert f"/funding/?file={file.pk}&amp;state=approved" in page


@pytest.mark.parametrize(
    ("count", "total", "sentence"),
    [
        ("4", "6.03", "The file has 3 rows."),
        ("3", "6.04", "The file adds up to 6.03 USD."),
        ("three", "6.03", "in digits"),
        ("٣", "6.03", "in digits"),
        ("", "6.03", "how many rows your own list has"),
        ("3", "", "Enter an amount."),
        ("3", "6,03", "Leave out the commas"),
        ("3", "6e0", "without an exponent"),
        ("9" * 5000, "9" * 5000, "in digits"),
    ],
)
def test_other_figures_create_nothing_and_stay_typed(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, count: str, total: str, sentence: str
) -> None:
    file = uploaded(maya, deposits(3))

    answer = confirm(signed_in(FINANCE), file, count=count, total_1=total)

    page = answer.content.decode()
    assert answer.status_code == 422 and sentence in page
    assert f'value="{count}"' in page or not count
    assert f'value="{total}"' in page or not total
    assert BulkFile.objects.get().state == FileState.CHECKED


def test_equal_rows_are_shown_and_must_be_ticked(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    row = "deposit,user_12345,USD,5.00,Rent"
    file, desk = uploaded(maya, csv_of(row, row)), signed_in(FINANCE)

    answer = confirm(desk, file, count="2", total_1="10.00")
    assert answer.status_code == 422 and "2 rows ask for the same" in answer.content.decode()
    shown = hidden(answer)
    assert confirm(desk, file, count="2", total_1="10.00", confirmed_equal="on").status_code == 422
    assert confirm(desk, file, count="2", total_1="10.00", confirmed_equal="on", equal_shown=shown).status_code == 302
    assert BulkFile.objects.get().confirmed_equal == [2, 3]


def hidden(answer: Any) -> str:
    """Return the digest of the equal rows that a page shows."""
    found = re.search(r'name="equal_shown" value="([0-9a-f]{64})"', answer.content.decode())
    assert found
    return found[1]


def test_a_row_that_has_become_equal_since_is_asked_about_first(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk, file = signed_in(FINANCE), uploaded(maya, deposits(2))
    deposit(maya, noura, usd, "1.01")
    shown = hidden(desk.get(f"/funding/bulk/{file.pk}/"))
    since = deposit(maya, noura, usd, "2.01")

    answer = confirm(desk, file, count="2", total_1="3.02", confirmed_equal="on", equal_shown=shown)

    page = answer.content.decode()
    assert answer.status_code == 422 and since.reference in page and "2 rows ask for the same" in page
    assert "checked" not in re.findall(r'<input[^>]*name="confirmed_equal"[^>]*>', page)[0]
    assert 'value="3.02"' in page and hidden(answer) != shown
    assert BulkFile.objects.get().state == FileState.CHECKED


def test_a_lost_order_stands_beside_the_row_it_equals_and_a_tick_without_it_counts_for_nothing(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk, file = signed_in(FINANCE), uploaded(maya, deposits(1))
    deposit(maya, noura, usd, "1.01")
    shown = hidden(desk.get(f"/funding/bulk/{file.pk}/"))
    order = lost_order(coinmena, maya, "1.01")

    answer = confirm(desk, file, count="1", total_1="1.01", confirmed_equal="on", equal_shown=shown)

    page = answer.content.decode()
    assert answer.status_code == 422 and f'href="/orders/{order.pk}/"' in page and str(order) in page
    answer = confirm(desk, file, count="1", total_1="1.01", confirmed_equal="on", equal_shown=hidden(answer))
    assert answer.status_code == 302 and BulkFile.objects.get().confirmed_equal == [2]


def test_all_equal_rows_are_named(db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset) -> None:
    rows = [f"deposit,user_12345,USD,{n}.00,Rent" for n in range(1, 16)]
    file = uploaded(maya, csv_of(*rows, *rows))

    page = signed_in(FINANCE).get(f"/funding/bulk/{file.pk}/").content.decode()

    assert all(f'<bdi dir="ltr">{n}, {n + 15}</bdi>' in page for n in range(2, 17))


def test_a_file_is_discarded_once(db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset) -> None:
    file, desk = uploaded(maya, deposits(1)), signed_in(FINANCE)

    assert desk.post(f"/funding/bulk/{file.pk}/discard/").status_code == 302
    assert "Discarded" in desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert desk.post(f"/funding/bulk/{file.pk}/discard/").status_code == 409
    assert confirm(desk, file, count="1", total_1="1.01").status_code == 409


@pytest.mark.parametrize("verb", ["confirm", "discard"])
@pytest.mark.parametrize("name", ["nadia", MANAGER, AUDITOR, "adam"])
def test_s2_nobody_else_settles_a_file(
    db: None, client: Browser, maya: Person, noura: Client, usd: Asset, verb: str, name: str, request: Any
) -> None:
    file = uploaded(maya, deposits(1))
    nadia = Person.objects.create_person(email="nadia@example.com", name="Nadia Karim", role="finance")
    client.force_login(nadia if name == "nadia" else request.getfixturevalue(name))

    assert client.post(f"/funding/bulk/{file.pk}/{verb}/", {"count": "1", "total_1": "1.01"}).status_code == 403
    assert BulkFile.objects.get().state == FileState.CHECKED


# Reading --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READERS)
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
    assert desk.post(f"/funding/bulk/rows/export/?file={file}").status_code in (200, 400)


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


# What they cost -------------------------------------------------------------------------------------------------------


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
