"""What CoinMENA no longer lists of a closed day is told; a check that could not see all of the day says so."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.orders.models import Order
from backoffice.orders.rereading import Reread
from backoffice.orders.services import NotRead
from backoffice.reconciliation.comparing.partner_total import PartnerTotal
from backoffice.reconciliation.days import differing, drift, list_page, nightly, queries, wording
from backoffice.reconciliation.days.drift_page import DriftRow
from backoffice.reconciliation.models import Day, DayReport, Drift, ExceptionItem, Run
from backoffice.reconciliation.services import days, running
from tests.approving import approve
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.days import cast
from tests.reconciliation.days.cast import DATE
from tests.reconciliation.rows import Theirs

pytestmark = pytest.mark.usefixtures("db")

PAGES = ["/reconciliation/", f"/reconciliation/days/{DATE}/"]


@pytest.fixture
def signed(db: None, partners: Partners, maya: Person, omar: Person) -> DayReport:
    """A signed day of one deposit and one trade, of which CoinMENA says singly that it has no order."""
    rows.order(Theirs(reference=None, at=cast.NOON, id=70, type="buy"))
    return cast.signed_day(maya, omar)


def held() -> int:
    return int(Order.objects.get(partner_order_ref="dep-1").pk)


def lists_all_but(*gone: int) -> Reread:
    """Have CoinMENA's list read again, and these orders of the day not found in it."""
    Order.objects.exclude(pk__in=gone).update(vanished_at=None)
    Order.objects.filter(pk__in=gone, vanished_at=None).update(vanished_at=timezone.now())
    return Reread(said=5, given=5, gone=gone)


def checked(read: Reread) -> list[Drift]:
    return drift.check(Day.objects.get(pk=DATE), read)


def partner_counts(monkeypatch: pytest.MonkeyPatch, sentence: str) -> None:
    monkeypatch.setattr(running, "agree_on_total", lambda *asked, **how: PartnerTotal(1, sentence))


def day() -> Day:
    return Day.objects.get(pk=DATE)


# Gone -----------------------------------------------------------------------------------------------------------------


def test_an_order_that_is_not_listed_any_more_is_asked_for_singly_and_told(signed: DayReport) -> None:
    (told,) = checked(lists_all_but(held()))
    assert (told.key, told.kind) == ("operation:dep-1", Drift.Kind.VANISHED)
    assert told.before is not None and told.after is not None
    assert (told.before["verdict"], told.before["their_amount"]) == ("matched", "500.00")
    after = [told.after[name] for name in ("verdict", "order", "their_amount")]
    assert after == ["missing_at_partner", None, None]
    assert told.after["our_amount"] == "500.00"
    assert day().checked_at is not None and not day().unchecked_because
    assert queries.standings([DATE])[0].drift_count == 1


def test_it_is_told_once_and_that_it_is_listed_again_too(signed: DayReport) -> None:
    gone = (held(),)
    assert [len(checked(lists_all_but(*each))) for each in (gone, gone, (), (), gone)] == [1, 0, 1, 0, 1]
    assert queries.standings([DATE])[0].drift_count == 1


def test_a_list_that_does_not_add_up_brings_nothing_back(signed: DayReport) -> None:
    checked(lists_all_but(held()))
    assert checked(Reread(said=5, given=2)) == []
    assert queries.standings([DATE])[0].drift_count == 1


def test_a_trade_that_is_gone_is_told_although_no_run_has_a_row_of_it(signed: DayReport) -> None:
    (told,) = checked(lists_all_but(70))
    assert (told.key, told.kind, told.after) == ("order:70", Drift.Kind.VANISHED, None)
    assert checked(lists_all_but(70)) == []


def test_a_trade_beyond_the_first_that_are_told_is_counted_and_not_as_signed_again(
    signed: DayReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differing, "MOST_TOLD", 1)
    rows.order(Theirs(reference=None, at=cast.NOON, id=69, type="sell"))
    assert [told.key for told in checked(lists_all_but(70))] == ["order:70"]
    assert [told.key for told in checked(lists_all_but(69, 70))] == ["order:69"]
    assert queries.standings([DATE])[0].drift_count == 2
    (told,) = checked(lists_all_but(69))
    assert (told.key, told.before) == ("order:70", told.after)
    assert queries.standings([DATE])[0].drift_count == 1


def test_what_appeared_and_is_gone_again_is_as_signed(signed: DayReport) -> None:
    rows.order(Theirs(reference=None, at=cast.NOON, id=77))
    checked(lists_all_but())
    (told,) = checked(lists_all_but(77))
    assert (told.before, told.after) == (None, None)
    assert queries.standings([DATE])[0].drift_count == 0


def test_a_change_beside_what_is_gone_is_told_and_the_day_is_checked_in_full(signed: DayReport) -> None:
    rows.order(Theirs(reference=None, at=cast.NOON, id=77))
    assert {one.key for one in checked(lists_all_but(held()))} == {"operation:dep-1", "order:77"}
    assert day().checked_at is not None and not day().unchecked_because
    runs = Run.objects.count()
    assert checked(lists_all_but(held())) == []
    assert Run.objects.count() == runs


def test_one_partial_run_is_enough_while_the_list_cannot_be_believed(
    signed: DayReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner_counts(monkeypatch, "CoinMENA says the window holds 1 order, and the mirror holds 2.")
    rows.order(Theirs(reference=None, at=cast.NOON, id=77))
    doubted = Reread(said=5, given=5, doubt="The list leaves out 30 of 40.")
    assert [one.key for one in checked(doubted)] == ["order:77"]
    runs = Run.objects.count()
    assert (checked(doubted), Run.objects.count()) == ([], runs)
    assert "leaves out 30 of 40" in day().unchecked_because and "the mirror holds 2" in day().unchecked_because


def test_an_order_that_was_gone_before_the_signing_is_no_change(
    signed: DayReport, maya: Person, lina: Person, omar: Person
) -> None:
    checked(lists_all_but(held(), 70))
    approve(cast.asked_to_reopen(maya), by=lina)
    cast.resolved(ExceptionItem.objects.get(), omar)
    cast.run_of()
    days.prepare(date=DATE, by=maya)
    cast.reviewed(omar)
    cast.closed(omar)
    assert checked(lists_all_but(held(), 70)) == []
    assert day().checked_at is not None


def test_what_a_partial_run_leaves_open_is_no_news(signed: DayReport, partners: Partners) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(partner_order_ref=None)
    with partners.down():
        told = checked(lists_all_but())
    assert [(one.key, one.kind) for one in told] == [(f"order:{held_alone()}", "appeared")]


def held_alone() -> int:
    return int(Order.objects.exclude(pk=70).get().pk)


# Not seen -------------------------------------------------------------------------------------------------------------


def test_a_list_that_does_not_add_up_is_said_and_the_day_stays_due(signed: DayReport) -> None:
    assert checked(Reread(said=5, given=2)) == []
    assert day().unchecked_because == "CoinMENA says it has 5 orders of this day, and its list gave 2."
    assert day().checked_at is None
    tomorrow = nightly.last_quiet_hour(timezone.now()) + timedelta(days=1)
    assert nightly.due(tomorrow) == [DATE]


def test_it_is_written_down_once_for_each_reason_and_since_when(signed: DayReport) -> None:
    for given in (2, 2, 3):
        checked(Reread(said=5, given=given))
    assert Entry.objects.filter(event="day.unchecked").count() == 2
    first = day().unchecked_since
    checked(Reread(said=5, given=4))
    assert day().unchecked_since == first


def test_a_check_that_sees_all_of_it_takes_the_warning_away(signed: DayReport) -> None:
    checked(Reread(said=5, given=2))
    checked(lists_all_but())
    assert (day().unchecked_since, day().unchecked_because) == (None, "")


def test_a_partner_that_cannot_be_asked_is_said(signed: DayReport, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*window: Any) -> Reread:
        raise NotRead("CoinMENA cannot be reached.")

    monkeypatch.setattr(drift, "reread_orders", unreachable)
    with pytest.raises(NotRead):
        drift.check_named(DATE)
    assert day().unchecked_because == "CoinMENA cannot be reached."


def test_rows_put_under_a_signed_run_are_found_out(signed: DayReport) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reconciliation_finding (run_id, verdict, reference, same_reference_count)"
            " VALUES (%s, 'matched', 'never-was', 1)",
            [signed.run_id],
        )
    repriced = Order.objects.filter(partner_order_ref="dep-1")
    repriced.update(debit=Decimal("499.50"))
    told = {one.key.partition(":")[0]: one for one in checked(lists_all_but())}
    assert set(told) == {"operation", "row"}
    assert "no longer those that were signed" in day().unchecked_because
    assert DriftRow(told["row"]).about == "A row about nothing"


def test_nights_that_were_missed_are_told_too(signed: DayReport, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wording.why_unchecked(day()) == ""
    later = nightly.last_quiet_hour(signed.made_at) + timedelta(days=3)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert "every night" in wording.why_unchecked(day())
    assert list_page.unchecked_count() == 1


@pytest.mark.parametrize("address", PAGES)
def test_the_pages_show_that_a_check_did_not_see_all(signed: DayReport, vera: Person, address: str) -> None:
    browser = Browser()
    browser.force_login(vera)
    month = f"?month={DATE:%Y-%m}" if address == PAGES[0] else ""
    assert "Not checked in full" not in browser.get(address + month).content.decode()
    checked(Reread(said=5, given=2))
    assert "Not checked in full" in browser.get(address + month).content.decode()


def test_the_page_shows_what_is_gone(signed: DayReport, vera: Person) -> None:
    browser = Browser()
    browser.force_login(vera)
    checked(lists_all_but(held(), 70))
    page = browser.get(PAGES[1]).content.decode()
    assert "Vanished" in page and "2 changes since" in page and "Order 70" in page
    assert page.count("CoinMENA no longer lists the order") == 1


def test_a_day_that_is_prepared_anew_begins_without_the_old_warning(
    signed: DayReport, maya: Person, lina: Person
) -> None:
    checked(Reread(said=5, given=2))
    approve(cast.asked_to_reopen(maya), by=lina)
    days.prepare(date=DATE, by=maya)
    assert (day().unchecked_since, day().unchecked_because, day().checked_at) == (None, "", None)
