"""What a close report says of ends by force, and of sums in which nothing can be added up."""

import csv
import io

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.reconciliation.days import report, report_file
from backoffice.reconciliation.models import DayReport, ExceptionItem, ExceptionState, Resolution
from backoffice.reconciliation.services import days
from backoffice.reconciliation.services import exceptions as services
from tests.approving import approve
from tests.reconciliation.days import cast

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


def test_whoever_signs_sees_what_is_carried_forward_with_sum_and_age(
    carried: list[ExceptionItem], client: Browser, maya: Person, omar: Person
) -> None:
    days.prepare(date=cast.DATE, by=maya)
    client.force_login(omar)
    page = client.get(f"/reconciliation/days/{cast.DATE}/review/").content.decode()
    assert "Carried forward by asset" in page
    assert page.count('data-label="Oldest:"') == len(carried)
