"""The list of days, the page of one, the pages that ask, the report: what they show and what they refuse."""

import csv
import hashlib
import io
import re
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.orders.models import Order
from backoffice.reconciliation.days import day_page, drift, queries, report_file
from backoffice.reconciliation.models import Day, DayReport, DayState, ExceptionItem, ExceptionState, Run
from backoffice.reconciliation.services import days
from backoffice.reconciliation.services.balances import prove_balances
from backoffice.reconciliation.services.running import reconcile
from tests.approving import approve
from tests.reconciliation import rows
from tests.reconciliation.days import cast
from tests.reconciliation.days.cast import DATE

pytestmark = pytest.mark.usefixtures("db")
HERE = f"/reconciliation/days/{DATE}/"


@pytest.fixture
def as_maya(db: None, maya: Person) -> Browser:
    return signed_in(maya)


@pytest.fixture
def as_omar(db: None, omar: Person) -> Browser:
    return signed_in(omar)


@pytest.fixture
def as_vera(db: None, vera: Person) -> Browser:
    return signed_in(vera)


@pytest.fixture
def odd(db: None) -> None:
    """A day with a deposit that differs by half a dollar, and one that matches."""
    cast.orders_read()
    cast.paid("dep-1")
    cast.paid("dep-odd", theirs="499.50")
    cast.run_of()


def signed_in(person: Person) -> Browser:
    browser = Browser()
    browser.force_login(person)
    return browser


def text_of(browser: Browser, address: str = HERE, status: int = 200) -> str:
    response = browser.get(address)
    assert response.status_code == status, response.content.decode()[:2000]
    return plain(response.content.decode())


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def queries_of(browser: Browser, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        browser.get(address)
    return len(asked)


def test_the_list_shows_where_every_day_stands(odd: None, as_maya: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    page = text_of(as_maya, "/reconciliation/?month=2026-11")
    assert "Wednesday 18 November" in page
    assert "Prepared, to be reviewed" in page
    assert "Maya Haddad" in page


def test_the_list_asks_the_same_number_of_queries_however_many_days(odd: None, as_maya: Browser, maya: Person) -> None:
    few = queries_of(as_maya, "/reconciliation/?month=2026-11")
    for back in range(1, 6):
        run = cast.run_of(DATE - timedelta(days=back))
        cast.exception(run, day=DATE - timedelta(days=back))
        days.prepare(date=DATE - timedelta(days=back), by=maya)
    assert queries_of(as_maya, "/reconciliation/?month=2026-11") == few


@pytest.mark.parametrize("month", ["2026-13", "9999-12", "x"])
def test_a_month_that_is_none_is_refused(as_maya: Browser, month: str) -> None:
    assert as_maya.get(f"/reconciliation/?month={month}").status_code == 400


@pytest.mark.parametrize("act", ["", "prepare/", "review/"])
def test_the_end_of_the_calendar_is_no_business_day(as_maya: Browser, as_omar: Browser, act: str) -> None:
    for browser in (as_maya, as_omar):
        assert browser.get(f"/reconciliation/days/9999-12-31/{act}").status_code in (403, 404)


def test_days_before_the_first_operation_are_not_listed(odd: None, as_maya: Browser) -> None:
    assert "17 November" not in text_of(as_maya, "/reconciliation/?month=2026-11")


@pytest.mark.parametrize("address", ["/reconciliation/days/2026-02-30/", "/reconciliation/days/2999-01-01/"])
def test_a_day_that_cannot_be_is_not_there(as_maya: Browser, address: str) -> None:
    assert as_maya.get(address).status_code == 404


def test_a_day_to_be_signed_says_that_not_every_balance_is_proven_as_it_is_now(
    odd: None, as_maya: Browser, maya: Person
) -> None:
    said = "Not every balance is proven as it is now."
    assert said not in text_of(as_maya)
    prove_balances(by=maya)
    page = text_of(as_maya)
    assert said in page and "The balances of 1 client with orders were never read." in page
    assert "/reconciliation/balances/" in as_maya.get(HERE).content.decode()


def test_a_day_nobody_compared_says_what_to_do(as_maya: Browser) -> None:
    page = text_of(as_maya)
    assert "Reconcile this day" in page
    assert "This day has not been compared yet." in page


def test_the_page_has_its_three_steps_and_groups_by_verdict(odd: None, as_maya: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    page = text_of(as_maya)
    assert "Prepared Maya Haddad" in page
    assert "Amount differs" in page
    assert "1 exception to resolve or carry forward" in page
    assert "1 of 2" in page


def test_a_verdict_that_goes_on_on_the_next_page_says_what_its_sum_is_of(
    odd: None, as_maya: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.paid("dep-odd-too", theirs="490.00")
    cast.run_of()
    assert "Amount differs 2, \u221210.50 USD Deposit" in text_of(as_maya)
    monkeypatch.setattr(day_page, "DAY_EXCEPTIONS", replace(day_page.DAY_EXCEPTIONS, page_size=1))
    assert "Amount differs 1, \u22120.50 USD , on this page Deposit" in text_of(as_maya)


def test_a_row_opens_to_its_tests(odd: None, as_maya: Browser) -> None:
    item = ExceptionItem.objects.get()
    page = text_of(as_maya, f"{HERE}?open={item.pk}")
    assert "Would match if the amount were 500.00 USD. CoinMENA says 499.50." in page
    assert "Tests in order" in page
    assert "Tests in order" not in text_of(as_maya)


def test_the_states_can_be_chosen(odd: None, as_maya: Browser, maya: Person) -> None:
    cast.resolved(ExceptionItem.objects.get(), maya)
    assert "dep-odd" not in text_of(as_maya, f"{HERE}?show=open")
    assert "dep-odd" in text_of(as_maya, f"{HERE}?show=resolved")


def test_the_page_asks_the_same_number_of_queries_however_many_exceptions(odd: None, as_maya: Browser) -> None:
    few = queries_of(as_maya, HERE)
    for number in range(8):
        cast.paid(f"dep-more-{number}", theirs="499.00")
    cast.run_of()
    assert queries_of(as_maya, HERE) <= few + 1  # the earlier run's link


def test_finance_is_told_that_managers_review(odd: None, as_maya: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    assert "Only managers can do this." in text_of(as_maya)


def test_a_manager_sees_that_they_can(odd: None, as_omar: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    assert "By another person. You can: you did not prepare it." in text_of(as_omar)


def test_an_auditor_is_offered_nothing(odd: None, as_vera: Browser) -> None:
    page = text_of(as_vera)
    assert "Reconcile again" not in page
    assert "Only finance and managers can do this." in page


def test_preparing_by_the_page(odd: None, as_maya: Browser) -> None:
    assert "A manager other than you reviews it next." in text_of(as_maya, f"{HERE}prepare/")
    response = as_maya.post(f"{HERE}prepare/", {"note": "One to be explained."})
    assert response.headers["Location"] == HERE
    assert Day.objects.get().note == "One to be explained."


def test_a_second_preparer_gets_a_conflict(odd: None, as_maya: Browser) -> None:
    as_maya.post(f"{HERE}prepare/", {"note": ""})
    assert as_maya.post(f"{HERE}prepare/", {"note": ""}).status_code == 409


def test_a_review_without_a_factor_is_asked_again(odd: None, as_omar: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', as_omar.get(f"{HERE}review/").content.decode())
    assert digest is not None
    response = as_omar.post(f"{HERE}review/", {"digest": digest[1], "code": ""})
    assert response.status_code == 422
    assert Day.objects.get().state == DayState.PREPARED


def test_a_review_of_something_else_is_refused_before_a_code_is_used(odd: None, as_omar: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    response = as_omar.post(f"{HERE}review/", {"digest": "0" * 64, "code": "123456"})
    assert response.status_code == 409
    assert Entry.objects.filter(event="day.refused").count() == 1
    assert not Entry.objects.filter(event="factor.failed").exists()


def test_the_page_that_closes_says_which_exception_is_open(
    odd: None, as_omar: Browser, maya: Person, omar: Person
) -> None:
    days.prepare(date=DATE, by=maya)
    cast.reviewed(omar)
    assert "1 exception of this day is open: dep-odd." in text_of(as_omar, f"{HERE}close/")


def test_sending_back_needs_a_reason_and_shows_it(odd: None, as_omar: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    assert as_omar.post(f"{HERE}send-back/", {"reason": " "}).status_code == 422
    as_omar.post(f"{HERE}send-back/", {"reason": "Ask about the fee first."})
    page = text_of(as_omar)
    assert "Omar Saleh sent this day back." in page
    assert "Ask about the fee first." in page


def test_a_newer_run_is_said_to_have_overtaken(odd: None, as_omar: Browser, maya: Person) -> None:
    days.prepare(date=DATE, by=maya)
    cast.paid("dep-late")
    cast.run_of()
    page = text_of(as_omar)
    assert "has found something else." in page
    assert "Prepare again" in page


@pytest.fixture
def report(odd: None, maya: Person, omar: Person) -> DayReport:
    """A day with one exception carried forward, closed."""
    item = ExceptionItem.objects.get()
    cast.resolved(item, maya, ExceptionState.CARRIED)
    days.prepare(date=DATE, by=maya, note="=cmd|'/c calc'!A1")
    cast.reviewed(omar)
    return cast.closed(omar)


def test_the_report_shows_what_was_signed(report: DayReport, as_vera: Browser) -> None:
    page = text_of(as_vera, f"{HERE}reports/1/")
    for said in ("Maya Haddad", "Omar Saleh", "Carried forward", "Comes tomorrow.", report.digest, "dep-odd"):
        assert said in page
    assert page.count("Passed:") == 2


def test_the_bytes_have_the_digest_that_was_signed(report: DayReport, as_vera: Browser) -> None:
    response = as_vera.post(f"{HERE}reports/1/bytes/")
    assert hashlib.sha256(response.content).hexdigest() == report.digest


def test_the_csv_says_what_the_report_says(report: DayReport, as_vera: Browser) -> None:
    response = as_vera.post(f"{HERE}reports/1/csv/")
    lines = list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))
    assert {line["section"] for line in lines} == {
        "report",
        "signature",
        "run",
        "total",
        "exception",
        "carried",
        "carried_sum",
    }
    (carried,) = [line for line in lines if line["section"] == "carried_sum"]
    assert (carried["asset"], Decimal(carried["difference"]), carried["value"]) == ("USD", Decimal("-0.50"), "1")
    (prepared,) = [line for line in lines if line["item"] == "prepared"]
    assert prepared["text"].startswith("'=")
    made = Entry.objects.get(event="export.made")
    assert (made.after or {})["sha256"] == hashlib.sha256(response.content).hexdigest()


def test_negative_amounts_stay_numbers(report: DayReport) -> None:
    assert b",-0.50," in report_file.csv_of(report)


def test_a_closed_day_shows_its_report_and_its_drift(report: DayReport, as_omar: Browser) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(debit=Decimal("400.00"))
    drift.check(Day.objects.get())
    page = text_of(as_omar)
    assert "1 change since" in page
    assert "CoinMENA's amount: 500.00" in plain_apostrophes(page)
    assert "CoinMENA's amount: 400.00" in plain_apostrophes(page)
    assert "1 change since" in text_of(as_omar, "/reconciliation/?month=2026-11")


def test_a_closed_day_has_the_figures_that_were_signed_on_the_list_too(report: DayReport, as_omar: Browser) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(debit=Decimal("400.00"))
    cast.run_of()
    signed = report.day.run_id
    assert f"Run {signed}, complete" in text_of(as_omar)
    row = text_of(as_omar, "/reconciliation/?month=2026-11")
    assert f"Wednesday 18 November Run {signed} " in row


def test_what_drifted_leads_to_its_exception(report: DayReport, as_omar: Browser) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(debit=Decimal("400.00"))
    drift.check(Day.objects.get())
    item = ExceptionItem.objects.get(reference="dep-1")
    table = as_omar.get(HERE).content.decode().split('id="drift"')[1].split("</table>")[0]
    assert f'href="/reconciliation/exceptions/{item.pk}/"' in table


def test_an_order_missing_in_a_ledger_is_not_said_to_miss_an_operation(as_maya: Browser) -> None:
    cast.orders_read()
    cast.paid("dep-even")
    window = queries.window_of(DATE)
    reconcile(window_from=window.start, window_to=window.end, ledger=rows.ledger(), by=System("test"))
    item = ExceptionItem.objects.get()
    for address in (HERE, "/reconciliation/exceptions/", f"/reconciliation/exceptions/{item.pk}/"):
        assert "not in the ledger" in text_of(as_maya, address)
    assert "No operation of ours" not in text_of(as_maya)
    assert f"No entry of {item.last_run.ledger} carries its reference" in text_of(as_maya)


def plain_apostrophes(page: str) -> str:
    return page.replace("&#x27;", "'")


def test_the_page_of_a_reopening_shows_what_was_signed(report: DayReport, maya: Person) -> None:
    asked = cast.asked_to_reopen(maya, reason="An order came late.")
    lina = Person.objects.create(email="lina.pages@example.com", name="Lina Aziz", role="manager")
    page = text_of(signed_in(lina), f"/approvals/{asked.subject}/")
    assert "Reopen Wednesday 18 November?" in page
    assert "An order came late." in page
    assert "This is what was signed as closing 1." in page
    approve(asked, by=lina)
    assert "Reopened" in text_of(signed_in(lina))
    assert "Reopened since" in text_of(signed_in(lina))


def test_a_waiting_reopening_is_shown_on_the_day(report: DayReport, as_omar: Browser, maya: Person) -> None:
    cast.asked_to_reopen(maya)
    assert "Reopening asked for" in text_of(as_omar)


def test_asking_to_reopen_needs_words(report: DayReport, as_maya: Browser) -> None:
    page = as_maya.get(f"{HERE}reopen/").content.decode()
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest is not None
    response = as_maya.post(f"{HERE}reopen/", {"digest": digest[1], "reason": "", "code": "123456"})
    assert response.status_code == 422
    assert "Say why the day has to be opened again." in plain(response.content.decode())


def test_today_is_listed_as_not_over(odd: None, as_maya: Browser) -> None:
    today = queries.day_of(timezone.now())
    assert "Not over yet" in text_of(as_maya, f"/reconciliation/?month={today:%Y-%m}")


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Africa/Cairo", date(2026, 4, 23)),
        ("Africa/Cairo", date(2026, 4, 24)),
        ("Asia/Beirut", date(2026, 3, 28)),
        ("Asia/Beirut", date(2026, 3, 29)),
        ("Asia/Bahrain", date(2026, 4, 24)),
    ],
)
def test_a_day_whose_midnight_the_clock_leaves_out_is_a_whole_one(settings: Settings, zone: str, day: date) -> None:
    settings.COMPANY_TIME_ZONE = zone
    window = queries.window_of(day)

    assert queries.is_whole_day(Run(window_from=window.start.astimezone(UTC), window_to=window.end.astimezone(UTC)))
