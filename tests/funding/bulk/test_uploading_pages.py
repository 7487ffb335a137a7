"""The form that takes a file: every answer a sentence, nothing stored of what is bad, bounded cost."""

import time
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.bulk.reading import LARGEST
from backoffice.funding.models import BulkFile
from tests.funding.bulk.desk import FINANCE, UPLOAD, send
from tests.funding.bulk.files import confirmed, created, csv_of, deposits
from tests.funding.cast import SignIn

TWINS = csv_of("deposit,user_12345,USD,10,Rent", "deposit,user_12345,USD,11,Rent", "deposit,user_12345,USD,10,Rent")


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
