"""What a close report says of ends by force, and of the sums of what is carried forward."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.audit.canonical import canonical_text
from backoffice.reconciliation.days import report, report_file, report_page
from backoffice.reconciliation.models import DayReport, ExceptionItem, ExceptionState, Resolution
from backoffice.reconciliation.services import days
from backoffice.reconciliation.services import exceptions as services
from backoffice.reconciliation.services.running import reconcile
from tests.approving import approve
from tests.reconciliation import rows
from tests.reconciliation.days import cast
from tests.reconciliation.ledger.books import mapped
from tests.reconciliation.rows import Theirs

pytestmark = pytest.mark.django_db


@pytest.fixture
def forced(maya: Person, omar: Person, lina: Person) -> DayReport:
    """A day with one order that CoinMENA booked short: Maya asked to accept it, Lina agreed, Omar closed."""
    cast.orders_read()
    cast.paid("dep-short", theirs="499.50")
    cast.run_of()
    item = ExceptionItem.objects.get()
    services.ask_to_force([item.pk], resolution=Resolution.ACCEPTED, text="They took a fee.", by=maya)
    approve(Request.objects.get(kind="resolution"), by=lina)
    days.prepare(date=cast.DATE, by=maya)
    cast.reviewed(omar)
    return cast.closed(omar)


def test_an_end_by_force_names_both_people(forced: DayReport, client: Browser, vera: Person) -> None:
    (item,) = report.read(forced)["exceptions"]
    assert (item["resolved_by"], item["agreed_by"]) == ("Maya Haddad", ["Lina Aziz"])
    (line,) = [one for one in lines_of(forced) if one["section"] == "exception"]
    assert (line["person"], line["agreed_by"]) == ("Maya Haddad", "Lina Aziz")
    client.force_login(vera)
    page = client.get(f"/reconciliation/days/{cast.DATE}/reports/1/").content.decode()
    assert "Asked by Maya Haddad, agreed by Lina Aziz" in page


def lines_of(made: DayReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(report_file.csv_of(made).decode(), newline="")))


@pytest.fixture
def carried(maya: Person) -> list[ExceptionItem]:
    """Two exceptions carried forward, one of them of two assets, which cannot be subtracted."""
    cast.orders_read()
    cast.paid("dep-1")
    run = cast.run_of()
    items = [cast.exception(run), cast.exception(run)]
    ExceptionItem.objects.filter(pk=items[1].pk).update(asset="SAR", difference=None)
    for one in items:
        cast.resolved(one, maya, ExceptionState.CARRIED)
    return items


def test_a_sum_of_no_known_difference_is_no_zero(carried: list[ExceptionItem], maya: Person, omar: Person) -> None:
    days.prepare(date=cast.DATE, by=maya)
    cast.reviewed(omar)
    made = cast.closed(omar)
    sums = {one["asset"]: one["difference"] for one in report.read(made)["carried_sums"]}
    assert sums == {"USD": "-0.50", "SAR": None}
    assert [one["difference"] for one in lines_of(made) if one["section"] == "carried_sum"] == ["", "-0.50"]


@pytest.fixture
def carried_thrice(maya: Person) -> None:
    """One order that is in no book of ours: carried forward against our operations, and against each of two ledgers."""
    cast.orders_read()
    rows.order(Theirs(reference=None, at=cast.NOON, amount=Decimal("25.00"), id=77))
    run = cast.run_of()
    for name in ("Bank book", "Treasury book"):
        ledger = mapped(maya, name=name)
        reconcile(window_from=run.window_from, window_to=run.window_to, ledger=ledger, by=System("test"))
    for one in ExceptionItem.objects.all():
        cast.resolved(one, maya, ExceptionState.CARRIED)


def test_an_order_carried_in_several_comparisons_is_never_added_to_itself(
    carried_thrice: None, client: Browser, maya: Person, omar: Person
) -> None:
    days.prepare(date=cast.DATE, by=maya)
    client.force_login(omar)
    page = client.get(f"/reconciliation/days/{cast.DATE}/review/").content.decode()
    cast.reviewed(omar)
    made = cast.closed(omar)
    said = [(one["source"], one["ledger"], one["count"], one["difference"]) for one in sums_in(made)]
    assert said == [
        ("ledger", "Bank book", 1, "25.00"),
        ("ledger", "Treasury book", 1, "25.00"),
        ("operations", "", 1, "25.00"),
    ]
    told = [(one["text"], one["difference"]) for one in lines_of(made) if one["section"] == "carried_sum"]
    assert told == [("Bank book", "25.00"), ("Treasury book", "25.00"), ("operations", "25.00")]
    signed = client.get(f"/reconciliation/days/{cast.DATE}/reports/1/").content.decode()
    for text in (page, signed):
        table = text.partition("Carried forward by asset")[2].partition("</table>")[0]
        assert [name in table for name in ("Bank book", "Treasury book", "Operations and CoinMENA")] == [True] * 3


def test_a_report_signed_in_the_form_before_reads_as_it_was_signed(
    carried_thrice: None, client: Browser, maya: Person, omar: Person
) -> None:
    days.prepare(date=cast.DATE, by=maya)
    cast.reviewed(omar)
    made = cast.closed(omar)
    content = report.read(made)
    together = {"asset": "USD", "count": 3, "difference": "75.00", "at_risk": "75.00", "oldest_days": 1}
    before = canonical_text({**content, "version": 2, "carried_sums": [together]}).encode()
    old = DayReport(day=made.day, version=1, content=before, digest=report.digest_of(before))
    assert report.is_untouched(old)
    (row,) = report_page.sections_of(report.read(old))["carried_sums"]
    assert (row["of"], row["count"]) == ("All comparisons together", 3)
    (line,) = [one for one in lines_of(old) if one["section"] == "carried_sum"]
    assert (line["difference"], line["text"]) == ("75.00", "")


def sums_in(made: DayReport) -> list[dict[str, Any]]:
    return list(report.read(made)["carried_sums"])


def test_whoever_signs_sees_what_is_carried_forward_with_sum_and_age(
    carried: list[ExceptionItem], client: Browser, maya: Person, omar: Person
) -> None:
    days.prepare(date=cast.DATE, by=maya)
    client.force_login(omar)
    page = client.get(f"/reconciliation/days/{cast.DATE}/review/").content.decode()
    assert "Carried forward by asset" in page
    assert page.count('data-label="Oldest:"') == len(carried)
