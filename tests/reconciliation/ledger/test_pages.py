"""The pages of the ledgers: from a first file to entries, with a sentence wherever something is wrong."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person
from backoffice.reconciliation.ledger.reading import LARGEST
from backoffice.reconciliation.models import LedgerEntry, LedgerFile, LedgerSource
from backoffice.reconciliation.services import ledger
from tests.reconciliation.ledger.books import HEADER, accepted, csv_of, known, line, mapped, opened, uploaded

NEW = "/reconciliation/ledgers/new/"
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def desk(client: Browser, db: None, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def sent(desk: Browser, address: str, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("book.csv", content)
    return desk.post(address, {**fields, "file": file, "arrived": "yes"})


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def form_of(answer: Any, **changes: str) -> dict[str, str]:
    """What the form of the columns holds, as a browser would send it back."""
    form = answer.context["form"]
    return {name: form[name].value() or "" for name in form.fields} | changes


def test_a_first_file_becomes_a_ledger_its_columns_and_entries(desk: Browser) -> None:
    known()
    made = sent(desk, NEW, csv_of(line(1), line(2, type="out"), line(3, status="void")), name="Treasury book")
    columns = desk.get(made.headers["Location"])
    assert "Guessed from the file" in text_of(columns)
    mapped_to = desk.post(
        made.headers["Location"],
        form_of(columns, deposit="in", withdrawal="out", completed="posted", failed="void"),
    )
    file = desk.get(mapped_to.headers["Location"])
    assert "Every line is good, and nothing counts yet." in text_of(file)
    assert "Accept 3 lines" in text_of(file)
    assert "−1.00 USD" in text_of(file)
    done = desk.post(f"{mapped_to.headers['Location']}accept/", follow=True)
    assert "3 lines count from the next run on." in text_of(done)
    assert LedgerEntry.objects.count() == 3


def test_the_words_and_the_type_are_guessed_from_the_first_rows(desk: Browser, maya: Person) -> None:
    source = opened(maya, content=csv_of(line(1, type="CR", status="Booked"), line(2, type="DR")))
    form = desk.get(f"/reconciliation/ledgers/{source.pk}/columns/").context["form"]
    assert (form["deposit"].value(), form["withdrawal"].value()) == ("CR", "DR")
    assert form["completed"].value() == "Booked, posted"
    assert form["column_reference"].value() == "Our reference"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"column_amount": ""}, "Say which column holds it."),
        ({"column_type": ""}, "or that withdrawals are negative"),
        ({"column_client": "Our reference"}, "One column stands for two things"),
        ({"asset": "USD"}, "one of the two"),
        ({"column_asset": ""}, "one of the two"),
        ({"decimal_sign": ",", "grouping": "comma"}, "decimal sign already"),
        ({"deposit": "in", "withdrawal": "IN"}, "cannot mean both"),
        ({"completed": ""}, "words this ledger uses"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"deposit": ",".join("abcdefghijklmnopqrstuvw")}, "At most 20 words"),
    ],
)
def test_a_mapping_that_leaves_something_open_is_refused(
    desk: Browser, maya: Person, changes: dict[str, str], said: str
) -> None:
    source = opened(maya)
    address = f"/reconciliation/ledgers/{source.pk}/columns/"
    answer = desk.post(address, form_of(desk.get(address), **changes))
    assert answer.status_code == 422
    assert said in text_of(answer)
    source.refresh_from_db()
    assert source.columns == {}


def test_first_rows_are_cut_anew_without_anything_being_remembered(desk: Browser, maya: Person) -> None:
    source = opened(maya, content=b"a;b;c,d\n1;2;3,4\n")
    address = f"/reconciliation/ledgers/{source.pk}/columns/"
    assert [name for name, _word in desk.get(address).context["headings"]] == ["a", "b", "c,d"]
    answer = desk.post(address, form_of(desk.get(address), separator="comma", cut="anew"))
    assert [name for name, _word in answer.context["headings"]] == ["a;b;c", "d"]
    source.refresh_from_db()
    assert source.columns == {}


def test_a_first_file_with_mistakes_is_answered_line_by_line(desk: Browser) -> None:
    known()
    made = sent(desk, NEW, csv_of(line(1), line(2, client="nobody")), name="Treasury book")
    columns = desk.get(made.headers["Location"])
    answer = desk.post(made.headers["Location"], form_of(columns, deposit="in", withdrawal="out"))
    assert answer.status_code == 422
    assert re.search(r"Line 3 Client There is no client with this id", text_of(answer))
    assert not LedgerFile.objects.exists()


def test_a_file_with_mistakes_gets_sentences_and_is_not_stored(desk: Browser, maya: Person) -> None:
    source = mapped(maya)
    content = csv_of(line(1, amount="1,5"), line(2, at="yesterday"), line(3), line(4, reference="dep-3"))
    answer = sent(desk, f"/reconciliation/ledgers/{source.pk}/upload/", content)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "This row has 8 cells and the header 7." in page
    assert "Write the time as yyyy-mm-dd hh:mm:ss" in page
    assert "Lines 4 and 5 carry the same reference." in page
    assert not LedgerFile.objects.exists()


def test_a_file_that_is_too_large_is_answered_and_not_read(desk: Browser, maya: Person) -> None:
    source = mapped(maya)
    answer = sent(desk, f"/reconciliation/ledgers/{source.pk}/upload/", b"x" * (LARGEST + 1))
    assert answer.status_code == 422
    assert "larger than 10 MB" in text_of(answer)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [(b"", "Book", "empty"), (b"PK\x03\x04", "Book", "workbook"), (csv_of(line()), "", "the name your team uses")],
)
def test_a_ledger_is_not_made_without_a_name_and_a_readable_file(
    desk: Browser, content: bytes, name: str, said: str
) -> None:
    answer = sent(desk, NEW, content, name=name)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not LedgerSource.objects.exists()


def test_the_same_file_again_leads_to_the_one_that_stands(desk: Browser, maya: Person) -> None:
    source = mapped(maya)
    file = accepted(maya, source, line(1))
    answer = sent(desk, f"/reconciliation/ledgers/{source.pk}/upload/", csv_of(line(1)))
    assert answer.headers["Location"] == f"/reconciliation/ledgers/files/{file.pk}/"
    assert "It counts already. Nothing was stored again." in text_of(desk.get(answer.headers["Location"]))


def test_a_file_is_withdrawn_with_a_reason_that_stays_on_its_page(desk: Browser, maya: Person) -> None:
    file = accepted(maya, mapped(maya), line(1))
    address = f"/reconciliation/ledgers/files/{file.pk}/"
    assert desk.post(f"{address}withdraw/", {"reason": " "}).status_code == 422
    assert desk.post(f"{address}withdraw/", {"reason": "The wrong month"}).status_code == 302
    page = text_of(desk.get(address))
    assert "This file counts no more." in page and "The wrong month" in page
    assert "dep-1" in page
    assert desk.post(f"{address}withdraw/", {"reason": "Again"}).status_code == 409


def test_an_acceptance_that_no_longer_fits_says_which_line(desk: Browser, maya: Person) -> None:
    source = mapped(maya)
    late = uploaded(maya, source, line(1), line(2), name="late.csv")
    accepted(maya, source, line(2), name="monday.csv")
    answer = desk.post(f"/reconciliation/ledgers/files/{late.pk}/accept/")
    assert answer.status_code == 422
    assert "It counts already, on line 2 of monday.csv." in text_of(answer)


def test_an_auditor_reads_everything_and_is_offered_nothing(
    client: Browser, db: None, maya: Person, vera: Person
) -> None:
    file = uploaded(maya, mapped(maya), line(1))
    client.force_login(vera)
    page = text_of(client.get(f"/reconciliation/ledgers/files/{file.pk}/"))
    assert "The file adds up to" in page and "Accept" not in page
    assert "New ledger" not in text_of(client.get("/reconciliation/ledgers/"))


def test_hostile_text_is_shown_as_text(desk: Browser, maya: Person) -> None:
    source = opened(maya, name=HOSTILE, content=f"{HEADER},{HOSTILE}\n{line()},{HOSTILE}\n".encode())
    for address in ("/reconciliation/ledgers/", f"/reconciliation/ledgers/{source.pk}/columns/"):
        page = desk.get(address).content.decode()
        assert "<script>alert(1)" not in page
        assert "\u202e" not in page.replace(" value=", "")[: page.find("<form")]


def test_the_lists_ask_the_same_number_of_queries_however_long_they_are(desk: Browser, maya: Person) -> None:
    source = mapped(maya)
    accepted(maya, source, line(1))
    addresses = ("/reconciliation/ledgers/", "/reconciliation/ledgers/entries/")
    few = [queries_of(desk, address) for address in addresses]
    accepted(maya, source, *(line(number) for number in range(2, 30)), name="more.csv")
    accepted(maya, mapped(maya, name="Other"), line(1))
    assert [queries_of(desk, address) for address in addresses] == few


def queries_of(desk: Browser, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert desk.get(address).status_code == 200
    return len(captured)


def test_entries_are_narrowed_to_one_file(desk: Browser, maya: Person) -> None:
    source = mapped(maya)
    accepted(maya, source, line(1), line(2, type="out", reference="wd-2"))
    other = accepted(maya, source, line(3), name="other.csv")
    page = text_of(desk.get(f"/reconciliation/ledgers/entries/?file={other.pk}"))
    assert "dep-3" in page and "dep-1" not in page


def test_a_withdrawn_entry_is_seen_by_whoever_asks_and_says_so(desk: Browser, maya: Person, vera: Person) -> None:
    source = mapped(maya)
    wrong = accepted(maya, source, *(line(number) for number in range(1, 23)), name="wrong.csv")
    ledger.withdraw(file_id=wrong.pk, reason="The wrong month", by=maya)
    accepted(maya, source, line(1), name="right.csv")
    desk.force_login(vera)
    page = text_of(desk.get("/reconciliation/ledgers/entries/?q=dep-1"))
    assert "right.csv" in page and "wrong.csv" not in page
    everything = text_of(desk.get("/reconciliation/ledgers/entries/?file_state=accepted&file_state=withdrawn"))
    assert re.search(r"dep-1 .* right.csv line 2 Accepted", everything)
    assert re.search(r"dep-1 .* wrong.csv line 2 Withdrawn", everything)
    address = desk.get(f"/reconciliation/ledgers/files/{wrong.pk}/").context["entries_url"]
    assert desk.get(address).context["page"].summary.count == 22
