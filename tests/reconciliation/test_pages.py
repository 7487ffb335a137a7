"""The pages: what they show, what they refuse, how many queries they ask, and the file."""

import re
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation import queries
from backoffice.reconciliation.days.queries import day_of, window_of
from backoffice.reconciliation.models import ExceptionItem, Run, RunJob
from backoffice.reconciliation.services.running import carry_out, reconcile
from backoffice.reconciliation.views.runs import ALL_RUNS, RUN_FINDINGS
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, READ, Ours, Theirs

HOSTILE = "Sara\u202edaddaH <script>alert(1)</script>"


def a_run(matched: int = 1) -> Run:
    """A day with something of every kind that needs no partner to be asked."""
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )
    for number in range(matched):
        rows.operation(Ours(reference=f"dep-{number}"))
        rows.order(Theirs(reference=f"dep-{number}"))
    rows.operation(Ours(reference="differs"))
    rows.order(Theirs(reference="differs", amount=Decimal("499.50")))
    rows.operation(Ours(reference="doubt", state=State.UNKNOWN))
    rows.order(Theirs(reference=None, client=HOSTILE, type="withdrawal"))
    return again()


def again() -> Run:
    return reconcile(window_from=DAY, window_to=DAY + timedelta(days=1), by=System("test"))


@pytest.fixture
def run(db: None) -> Run:
    return a_run()


@pytest.fixture
def as_maya(client: Browser, db: None, maya: Person) -> Browser:
    client.force_login(maya)
    return client


@pytest.fixture
def as_vera(client: Browser, db: None, vera: Person) -> Browser:
    client.force_login(vera)
    return client


def text_of(browser: Browser, address: str, status: int = 200) -> str:
    response = browser.get(address)
    assert response.status_code == status
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_a_run_opens_on_its_exceptions(as_maya: Browser, run: Run) -> None:
    page = text_of(as_maya, f"/reconciliation/runs/{run.pk}/")
    assert "Amount differs" in page
    assert "Extra at partner" in page
    assert "dep-0" not in page


def test_a_clean_run_opens_on_everything(as_maya: Browser, db: None) -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    page = text_of(as_maya, f"/reconciliation/runs/{again().pk}/")
    assert "All matched" in page
    assert "dep-1" in page


def test_a_row_opens_to_its_tests_and_its_sentence(as_maya: Browser, run: Run) -> None:
    finding = run.findings.get(verdict="amount_differs")
    page = text_of(as_maya, f"/reconciliation/runs/{run.pk}/?show=all&open={finding.pk}")
    assert "Would match if the amount were 500.00 USD. CoinMENA says 499.50." in page
    assert "Amount, debit because it is a deposit" in page
    assert "Open the operation" in page


def test_both_sides_show_the_difference_and_what_explains_it(as_maya: Browser, run: Run) -> None:
    page = text_of(as_maya, f"/reconciliation/runs/{run.pk}/")
    assert "1 amount differs: \u22120.50, 1 extra at partner: \u2212500.00" in page
    assert "\u2212500.50 USD" in page


@pytest.mark.parametrize(
    ("show", "there", "absent"),
    [
        ("matched", "dep-0", "doubt"),
        ("amount_differs", "differs", "doubt"),
        ("pending", "doubt", "dep-0"),
        ("all", "dep-0", "No rows"),
        ("missing_at_partner", "No rows with this verdict", "dep-0"),
    ],
)
def test_it_shows_the_verdict_that_was_asked_for(
    as_maya: Browser, run: Run, show: str, there: str, absent: str
) -> None:
    response = as_maya.get(f"/reconciliation/runs/{run.pk}/?show={show}", headers={"HX-Request": "true"})
    page = response.content.decode()
    assert there in page
    assert absent not in page


@pytest.mark.parametrize(
    "query", ["show=nothing", "show=", "page=abc", "sort=nothing", "show=all&page=%00", "show=" + "x" * 5000]
)
def test_a_hostile_address_is_refused_and_breaks_nothing(as_maya: Browser, run: Run, query: str) -> None:
    assert as_maya.get(f"/reconciliation/runs/{run.pk}/?{query}").status_code == 400


@pytest.mark.parametrize("opened", ["abc", "-1", "9" * 40, "\u0661", "%00"])
def test_what_cannot_be_opened_opens_nothing(as_maya: Browser, run: Run, opened: str) -> None:
    assert "Tests in order" not in text_of(as_maya, f"/reconciliation/runs/{run.pk}/?show=all&open={opened}")


def test_a_hostile_name_is_shown_as_what_it_is(as_maya: Browser, run: Run) -> None:
    page = as_maya.get(f"/reconciliation/runs/{run.pk}/?show=all").content.decode()
    assert "<script>alert(1)" not in page
    assert "\u202e" not in page
    assert "U+202E" in page


@pytest.mark.parametrize(
    ("address", "most"), [("/reconciliation/runs/", 7), ("/reconciliation/runs/{run}/?show=all", 9)]
)
def test_a_page_asks_the_same_number_of_queries_however_many_rows(as_maya: Browser, address: str, most: int) -> None:
    few = a_run()
    asked = queries_of(as_maya, address.format(run=few.pk))
    for number in range(20):
        rows.operation(Ours(reference=f"more-{number}"))
        rows.order(Theirs(reference=f"more-{number}"))
    assert queries_of(as_maya, address.format(run=again().pk)) == asked <= most


def queries_of(browser: Browser, address: str) -> int:
    """How many queries a page asks, the frame's own included."""
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address).status_code == 200
    return len(asked)


def test_the_list_names_the_day_and_the_outcome(as_maya: Browser, run: Run) -> None:
    page = text_of(as_maya, "/reconciliation/runs/")
    assert "2 exceptions" in page
    assert "All clients" in page


# Making a run ---------------------------------------------------------------------------------------------------------


def carried_out() -> Run:
    """The run last asked for, made by a worker."""
    made = carry_out(RunJob.objects.latest("id").pk, holder="worker 1")
    assert made is not None
    return made


def test_a_day_is_reconciled_in_the_zone_of_the_person(as_maya: Browser, run: Run) -> None:
    response = as_maya.post("/reconciliation/runs/new/", {"day": "2026-11-18"})
    job = RunJob.objects.latest("id")
    assert response.headers["Location"] == f"/reconciliation/runs/asked/{job.pk}/"
    made = carried_out()
    assert made.window_from.isoformat() == "2026-11-17T21:00:00+00:00"
    assert made.window_to - made.window_from == timedelta(days=1)


@pytest.mark.parametrize(("preset", "days_back"), [("today", 0), ("yesterday", 1)])
def test_a_preset_stands_for_its_day(as_maya: Browser, maya: Person, preset: str, days_back: int) -> None:
    as_maya.post("/reconciliation/runs/new/", {"preset": preset, "day": "2026-11-01"})
    zone = ZoneInfo(maya.time_zone)
    started = carried_out().window_from.astimezone(zone)
    assert started.date() == timezone.now().astimezone(zone).date() - timedelta(days=days_back)
    assert (started.hour, started.minute) == (0, 0)


def test_a_window_is_taken_by_its_moments_and_its_client(as_maya: Browser, run: Run) -> None:
    as_maya.post(
        "/reconciliation/runs/new/", {"start": "2026-11-18T14:00", "end": "2026-11-18T16:00", "client": "user_1"}
    )
    made = carried_out()
    assert (made.window_from.hour, made.window_to.hour) == (11, 13)
    assert made.client is not None
    assert made.client.partner_client_id == "user_1"


def test_a_run_can_be_made_again_from_its_page(as_maya: Browser, run: Run) -> None:
    page = as_maya.get(f"/reconciliation/runs/{run.pk}/").content.decode()
    fields = dict(re.findall(r'name="(start|end|client)" value="([^"]*)"', page))
    as_maya.post("/reconciliation/runs/new/", fields)
    made = carried_out()
    assert (made.window_from, made.window_to, made.digest) == (run.window_from, run.window_to, run.digest)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"day": ""}, "Choose a day."),
        ({"day": "2026-02-30"}, "Enter a valid date."),
        ({"day": "0001-01-01"}, "Choose a day between the years 2000 and 2100."),
        ({"day": "2099-01-01"}, "This window has not begun yet."),
        ({"start": "2026-11-18T14:00"}, "Give both ends of the window, or choose a day."),
        ({"start": "2026-11-18T14:00", "end": "2026-11-18T14:00"}, "The window must end after it begins."),
        ({"start": "0001-01-01T00:00", "end": "9999-12-31T23:59"}, "between the years 2000 and 2100"),
        ({"day": "2026-11-18", "client": "nobody"}, "There is no client with this id."),
        ({"day": "2026-11-18", "client": "\x00"}, "Null characters are not allowed."),
    ],
)
def test_bad_input_gets_a_sentence_keeps_what_was_typed_and_makes_nothing(
    as_maya: Browser, typed: dict[str, str], sentence: str
) -> None:
    response = as_maya.post("/reconciliation/runs/new/", typed)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not RunJob.objects.exists()


def test_an_auditor_reads_and_is_offered_no_run(as_vera: Browser, run: Run) -> None:
    assert 'action="/reconciliation/runs/new/"' not in as_vera.get("/reconciliation/runs/").content.decode()
    assert "Reconcile again" not in as_vera.get(f"/reconciliation/runs/{run.pk}/").content.decode()
    assert as_vera.post("/reconciliation/runs/new/", {"day": "2026-11-18"}).status_code == 403


def test_an_administrator_sees_none_of_it(client: Browser, run: Run, adam: Person) -> None:
    client.force_login(adam)
    assert client.get("/reconciliation/runs/").status_code == 403
    assert client.get(f"/reconciliation/runs/{run.pk}/").status_code == 403


def test_looking_writes_nothing(as_maya: Browser, run: Run) -> None:
    for address in ("/reconciliation/runs/", "/reconciliation/runs/new/", f"/reconciliation/runs/{run.pk}/"):
        as_maya.get(address)
    assert Run.objects.count() == 1


# The file -------------------------------------------------------------------------------------------------------------


def test_the_files_agree_with_the_rows_digit_by_digit(committed: str) -> None:
    run = a_run()
    assert len(assert_table_and_csv_agree(RUN_FINDINGS, queries.findings_of(run))) == 4
    assert len(assert_table_and_csv_agree(ALL_RUNS, queries.runs())) == 1


def test_the_auditor_takes_every_finding_away(committed: str, client: Browser, vera: Person) -> None:
    run = a_run()
    client.force_login(vera)
    heading, *found = downloaded(client.post(f"/reconciliation/runs/{run.pk}/export/"))
    assert len(found) == run.rows_count == 4
    assert heading[:3] == ["verdict", "reference", "order_id"]


def test_the_file_follows_the_verdict_that_is_shown(committed: str, client: Browser, vera: Person) -> None:
    run = a_run()
    client.force_login(vera)
    _heading, *found = downloaded(client.post(f"/reconciliation/runs/{run.pk}/export/?show=exceptions"))
    assert {row[0] for row in found} == {"amount_differs", "extra_at_partner"}


def test_a_run_leads_to_its_day_and_a_finding_to_its_exception(as_maya: Browser, run: Run) -> None:
    window = window_of(day_of(DAY + timedelta(hours=12)))
    run = reconcile(window_from=window.start, window_to=window.end, by=System("test"))
    finding = run.findings.get(verdict="amount_differs")
    page = as_maya.get(f"/reconciliation/runs/{run.pk}/?open={finding.pk}").content.decode()
    item = ExceptionItem.objects.get(key="operation:differs")
    ways = (f"/reconciliation/exceptions/{item.pk}/", "/reconciliation/days/", "/reconciliation/runs/")
    for way in ways:
        assert f'href="{way}' in page
    assert {as_maya.get(one).status_code for one in re.findall(r'href="(/reconciliation/[^"?]+)', page)} == {200}


def test_a_run_over_part_of_a_day_leads_to_no_day(as_maya: Browser, run: Run) -> None:
    part = reconcile(window_from=DAY, window_to=DAY + timedelta(hours=3), by=System("test"))
    assert "To the day" not in text_of(as_maya, f"/reconciliation/runs/{part.pk}/")


def test_a_partial_run_is_called_partial_and_nothing_else(as_maya: Browser, run: Run) -> None:
    SyncRun.objects.update(read_to=DAY + timedelta(hours=1))
    page = text_of(as_maya, f"/reconciliation/runs/{again().pk}/")
    assert "partial and cannot be signed" in page
    assert "incomplete" not in page.lower()
