"""The pages of the log and its file: who may read, what they say, and that reading is itself an entry."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.audit.addresses import address_of
from backoffice.audit.events import SENTENCES
from backoffice.audit.listing import ENTRIES
from backoffice.audit.models import Entry
from backoffice.audit.queries import entries, history_of, history_of_client, search
from backoffice.audit.services import record
from backoffice.exports.listing import EXPORTS
from backoffice.exports.queries import exported
from tests.audit.chain import WORKER, damage, write
from tests.exports.agree import assert_table_and_csv_agree, downloaded

HOSTILE = '<script>alert(1)</script>"\u202e=1+1'


@pytest.fixture
def as_vera(db: None, vera: Person, client: Client) -> Client:
    client.force_login(vera)
    return client


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def test_reading_the_log_is_an_entry_and_the_page_says_which(as_vera: Client, vera: Person) -> None:
    write(3)
    page = as_vera.get("/audit/?result=done").content.decode()
    entry = last_entry()
    assert (entry.event, entry.person, entry.after) == ("audit.read", vera, {"page": "/audit/?result=done"})
    assert f"Reading this page is itself an entry: {entry.number}" in page


def test_the_sums_of_a_page_are_no_second_reading(as_vera: Client) -> None:
    as_vera.get("/audit/")
    number = last_entry().number
    as_vera.get("/audit/?part=summary", headers={"HX-Request": "true"})
    assert last_entry().number == number


@pytest.mark.parametrize("address", ["/audit/verify/", "/audit/events/", "/exports/", "/exports/?q=audit"])
def test_reading_what_the_log_says_on_other_pages_is_an_entry_too(as_vera: Client, vera: Person, address: str) -> None:
    as_vera.get(address)
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person, entry.after) == ("audit.read", vera, {"page": address})


@pytest.mark.parametrize("address", ["/audit/verify/", "/audit/verify/marker/", "/exports/?part=summary"])
def test_a_page_drawn_again_is_no_second_reading(as_vera: Client, address: str) -> None:
    as_vera.get(address, headers={"HX-Request": "true"})
    assert not Entry.objects.filter(event="audit.read").exists()


def test_the_entry_a_verification_names_is_led_to(committed: str, client: Client, vera: Person) -> None:
    write(5)
    client.force_login(vera)
    for change, led in (
        ("UPDATE audit_entry SET who = 'other' WHERE number = 3", True),
        ("DELETE FROM audit_entry WHERE number = 3", False),
    ):
        damage(change)
        with pytest.raises(CommandError, match="Entry 3"):
            call_command("verify_audit")
        for page in ("/audit/", "/audit/verify/"):
            shown = client.get(page).content.decode().partition('role="alert"')[2].partition("</p>")[0]
            assert ('href="/audit/3/"' in shown) is led, shown


def test_the_list_shows_who_what_and_when(as_vera: Client, omar: Person) -> None:
    record("client.deactivated", by=omar, client="user_7", before={"active": True}, after={"active": False})
    page = as_vera.get("/audit/").content.decode()
    for words in ("Omar Saleh", "Manager", "Deactivated a client", "true", "false", last_entry().short_hash):
        assert words in page


@pytest.mark.parametrize(
    ("kind", "identity", "address"),
    [
        ("operation", "dep-2026-9ss0ygz2", "/funding/dep-2026-9ss0ygz2/"),
        ("request", "wd-2026-9ysaxrn5", "/approvals/wd-2026-9ysaxrn5/"),
        ("client", "user/7?", "/clients/user%2F7%3F/"),
        ("person", "3", "/people/3/"),
        ("accountchange", "account-1e5a2836284e", "/people/changes/account-1e5a2836284e/"),
        ("head", "1", ""),
        ("operation", "", ""),
    ],
)
def test_an_object_in_the_log_leads_to_its_page(kind: str, identity: str, address: str) -> None:
    assert address_of(kind, identity) == address


def test_a_history_over_several_objects_says_which_one_each_entry_is_about() -> None:
    of_operation = Entry(number=8, event="operation.completed", object_type="operation", object_id="dep-2026-9ss0ygz2")
    of_client = Entry(number=7, event="client.deactivated", object_type="client", object_id="user_12345")

    page = render_to_string("audit/history.html", {"entries": [of_operation, of_client], "names_objects": "client"})

    assert 'href="/funding/dep-2026-9ss0ygz2/"' in page
    assert "user_12345" not in page


def test_hostile_text_is_shown_and_runs_nowhere(as_vera: Client) -> None:
    record("operation.failed", by=WORKER, after={HOSTILE: HOSTILE}, before={HOSTILE: "x"}, reason=HOSTILE)
    number = last_entry().number
    for path in ("/audit/", f"/audit/{number}/"):
        page = as_vera.get(path).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_a_page_costs_the_same_queries_for_one_entry_and_for_fifty(
    as_vera: Client,
    django_assert_max_num_queries: Callable[[int], object],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    as_vera.get("/audit/")
    with django_assert_max_num_queries(18) as few:  # type: ignore[attr-defined]
        as_vera.get("/audit/")
    write(60)
    with django_assert_num_queries(len(few)):
        as_vera.get("/audit/")


def test_one_entry_shows_its_place_in_the_chain_and_the_ways_on(as_vera: Client) -> None:
    write(3)
    entry = Entry.objects.get(number=last_entry().number - 1)
    page = as_vera.get(f"/audit/{entry.number}/").content.decode()
    assert entry.hash in page
    assert entry.prev in page
    assert f'href="/audit/{entry.number - 1}/"' in page
    assert f'href="/audit/{entry.number + 1}/"' in page
    assert "submitting" in page
    assert last_entry().after == {"page": f"/audit/{entry.number}/"}


@pytest.mark.parametrize("number", [0, 99, 10**18, 10**30])
def test_an_entry_that_is_not_there_is_not_found(as_vera: Client, number: int) -> None:
    assert as_vera.get(f"/audit/{number}/").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["page=x", "sort=hash", "page=" + "9" * 5000, "at_from=0001-01-01", "person=0%20OR%201", "event=nothing", "q=%00"],
)
def test_a_hostile_address_is_answered_with_a_sentence(as_vera: Client, query: str) -> None:
    assert as_vera.get(f"/audit/?{query}").status_code == 400


def test_the_search_finds_by_number_object_client_and_request(db: None, omar: Person) -> None:
    other, found = write(1)[0], record("person.zone_chosen", by=omar, obj=omar, client="user_7")
    for text in (str(found.number), f"{found.number:,}", "user_7"):
        assert list(search(entries(), text)) == [found]
    for text in ("9" * 30, "²", "user_8", ""):
        assert other not in search(entries(), text) or text == ""


def test_the_filters_narrow_by_person_event_result_and_day(as_vera: Client, omar: Person) -> None:
    record("client.deactivated", by=omar)
    for query in (f"person={omar.pk}", "event=client.deactivated", "event=client.deactivated&at_from=2026-01-01"):
        page = as_vera.get(f"/audit/?{query}").content.decode()
        assert "1 entry" in page
    assert "0 entries" in as_vera.get("/audit/?at_to=2020-01-01").content.decode()


def test_the_history_of_an_object_is_its_entries_newest_first(db: None, omar: Person, maya: Person) -> None:
    first = record("person.signed_in", by=omar, obj=omar)
    record("person.signed_in", by=maya, obj=maya)
    last = record("person.signed_out", by=omar, obj=omar, client="user_7")
    assert history_of(omar) == [last, first]
    assert history_of(omar, None, limit=1) == [last]
    assert len(history_of(omar, maya)) == 3
    assert history_of(None) == []
    assert history_of_client("user_7") == [last]


def test_the_table_and_the_file_of_the_log_agree(committed: str, omar: Person) -> None:
    write(3)
    record("client.deactivated", by=omar, client=HOSTILE, reason="=1+1", after={"a": HOSTILE})
    rows = assert_table_and_csv_agree(ENTRIES, entries())
    assert "'=1+1" in rows[0]


def test_the_file_of_the_log_is_an_entry_and_holds_what_the_filter_finds(
    committed: str, vera: Person, client: Client
) -> None:
    client.force_login(vera)
    write(2)
    rows = downloaded(client.post("/exports/audit/?event=operation.completed"))
    assert [row[0] for row in rows[1:]] == ["3", "2"]
    entry = last_entry()
    assert (entry.event, entry.after["rows"], entry.after["filter"]) == (
        "export.made",
        2,
        "event=operation.completed",
    )


def test_every_export_is_listed_with_its_digest(committed: str, vera: Person, client: Client) -> None:
    client.force_login(vera)
    downloaded(client.post("/exports/audit/?event=operation.completed"))
    made = last_entry()
    page = client.get("/exports/").content.decode()
    assert made.after["file"] in page
    assert "event=operation.completed" in page
    rows = assert_table_and_csv_agree(EXPORTS, exported())
    assert made.after["sha256"] in rows[0]
    assert client.get(f"/exports/?q={made.after['sha256']}").content.decode().count("<tr>") >= 2


def test_the_command_says_a_sentence_and_ends_well(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    write(3)
    call_command("verify_audit")
    assert capsys.readouterr().out.startswith("Intact from entry 1 to entry 3. Checked in ")
    assert (last_entry().event, last_entry().who) == ("audit.verified", "Command line")


def test_the_command_fails_with_the_sentence(committed: str) -> None:
    write(3)
    damage("DELETE FROM audit_entry WHERE number = 2")
    with pytest.raises(CommandError, match="Entry 2 is missing."):
        call_command("verify_audit")


def test_the_command_says_what_is_wrong_with_a_log_that_can_be_written_no_more(
    committed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(3)
    damage("DELETE FROM audit_head")
    with pytest.raises(CommandError, match="The head of the log is missing."):
        call_command("verify_audit")
    assert "could not be written down: The head of the audit log is missing." in capsys.readouterr().err


def test_the_page_of_an_entry_that_was_changed_says_what_it_was(committed: str, client: Client, vera: Person) -> None:
    client.force_login(vera)
    one = write(3)[1]
    assert 'role="alert"' not in client.get(f"/audit/{one.number}/").content.decode()
    damage(f"UPDATE audit_entry SET who = 'somebody' WHERE number = {one.number}")  # noqa: S608
    page = client.get(f"/audit/{one.number}/").content.decode()
    assert f"Entry {one.number} was changed: who was “worker 1” and is “somebody” now." in page


def test_every_event_has_a_sentence_of_its_own() -> None:
    sentences = [str(sentence) for sentence in SENTENCES.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence and not sentence.endswith(".") for sentence in sentences)
