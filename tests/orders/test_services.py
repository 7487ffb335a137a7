"""The mirror of the orders against the sandbox: syncs, look-ups, shorter answers, late changes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.mirror.models import Incident, Mirror, SyncRun
from backoffice.mirror.partners import coinmena
from backoffice.mirror.registry import registered
from backoffice.orders import rereading, services
from backoffice.orders.models import Order
from backoffice.orders.rereading import reread_orders
from tests.orders.said import NOON, mint, mirrored, said
from tests.partners import Partners
from tests.stopping import stopped_after


@pytest.fixture
def book(committed: str, partners: Partners) -> Partners:
    """A sandbox with one client who has funds, and a database with real commits."""
    partners.make_client("user_12345", first_name="Noura", last_name="Al Khalifa")
    partners.adjust("user_12345", "USD", change="1000.00")
    return partners


def test_it_reads_everything_once_and_again_without_change(book: Partners) -> None:
    made = [book.make_order("user_12345", amount=f"{number}.50") for number in range(1, 4)]
    first, second = services.sync_orders(), services.sync_orders()
    assert (first.state, first.rows_changed) == (SyncRun.State.COMPLETE, 3)
    assert (second.state, second.rows_changed) == (SyncRun.State.COMPLETE, 0)
    assert sorted(Order.objects.values_list("pk", flat=True)) == sorted(order["id"] for order in made)


def test_it_reads_an_order_that_shows_up_a_day_late(book: Partners) -> None:
    services.sync_orders()
    late = (timezone.now() - timedelta(hours=23)).strftime("%Y-%m-%dT%H:%M:%SZ")
    book.make_order("user_12345", created_at=late)
    services.sync_orders()
    assert Order.objects.count() == 1


def test_it_reads_open_orders_again_until_they_are_final(book: Partners) -> None:
    long_ago = (timezone.now() - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = book.make_order("user_12345", created_at=long_ago)
    services.sync_orders()
    Order.objects.update(status="settling")
    services.sync_orders()
    assert Order.objects.get(pk=made["id"]).status == "completed"


def test_a_final_order_that_changes_is_mirrored_and_reported_once(book: Partners) -> None:
    made = book.make_order("user_12345")
    services.sync_orders()
    book.change_order(made["id"], status="failed")
    services.sync_orders()
    services.sync_orders()
    assert Order.objects.get().status == "failed"
    assert Incident.objects.get().after == {"status": "failed"}


def test_orders_can_be_synced_by_command(db: None) -> None:
    assert registered()[Mirror.ORDERS] is services.sync_orders


@pytest.mark.parametrize("asked", ["reference", "id", "order_no"])
def test_it_looks_up_what_is_not_mirrored_yet(book: Partners, maya: Person, asked: str) -> None:
    made = book.make_order("user_12345", reference="dep-just-now", amount="7.25")
    text = {"reference": "dep-just-now", "id": str(made["id"]), "order_no": f"MND{made['id']:010d}"}[asked]
    order = services.look_up_order(text=text, by=maya)
    assert (order.pk, f"{order.effect_amount:f}") == (made["id"], "7.25")
    entry = Entry.objects.get(event="order.looked_up")
    assert (entry.person, entry.object_id, entry.client) == (maya, str(made["id"]), "user_12345")


def test_a_reference_made_of_digits_is_found_too(book: Partners, maya: Person) -> None:
    made = book.make_order("user_12345", reference="777000111")
    assert services.look_up_order(text="777000111", by=maya).pk == made["id"]


@pytest.mark.parametrize("text", ["dep-nowhere", "424242424242", "MND0099999999", "..", "a/b?c#d", "x" * 128])
def test_what_is_not_there_is_a_sentence_and_an_entry(book: Partners, maya: Person, text: str) -> None:
    with pytest.raises(services.NotRead) as refusal:
        services.look_up_order(text=text, by=maya)
    assert str(refusal.value).endswith(".")
    entry = Entry.objects.get(event="order.looked_up")
    assert (entry.after, entry.result) == ({"asked": text, "found": False}, Entry.Result.DONE)
    assert not Order.objects.exists()


@pytest.mark.parametrize("text", ["dep-2026-nothing", "123456"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("html", {"status": 404}), ("envelope", {"status": 404, "code": 404, "headers": {"Age": "30"}})],
    ids=["a gateway", "a cache"],
)
def test_a_not_found_that_is_not_the_partners_own_says_nothing(
    book: Partners, maya: Person, text: str, kind: str, options: dict[str, Any]
) -> None:
    book.fault(kind, times=None, **options)
    with pytest.raises(services.NotRead) as refused:
        services.look_up_order(text=text, by=maya)
    assert not isinstance(refused.value, services.NoSuchOrder)
    assert Entry.objects.get(event="order.looked_up").result == Entry.Result.FAILED


def test_a_partner_that_is_down_is_said_to_be_and_nothing_breaks(book: Partners, client: Browser, maya: Person) -> None:
    mirrored(said(id=1))
    client.force_login(maya)
    with book.down():
        answer = client.post("/orders/look-up/", {"text": "dep-1"})
        again = client.post("/orders/1/read-again/", follow=True)
    assert answer.status_code == 422
    assert "CoinMENA did not answer" in answer.content.decode()
    assert "CoinMENA did not answer" in again.content.decode()
    assert Entry.objects.filter(event="order.looked_up", result=Entry.Result.FAILED).exists()


def test_the_page_leads_from_a_look_up_to_the_order(book: Partners, client: Browser, maya: Person) -> None:
    made = book.make_order("user_12345", reference="dep-just-now")
    client.force_login(maya)
    answer = client.post("/orders/look-up/", {"text": "  dep-just-now "})
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{made['id']}/")
    page = client.post(f"/orders/{made['id']}/read-again/", follow=True).content.decode()
    assert "Read again from CoinMENA." in page
    assert "Looked an order up at the partner" in page


@pytest.mark.parametrize("who", ["vera", "adam"])
def test_only_finance_and_managers_have_the_partner_asked(db: None, request: pytest.FixtureRequest, who: str) -> None:
    with pytest.raises(Refused):
        services.look_up_order(text="dep-1", by=request.getfixturevalue(who))


# One order, several answers -------------------------------------------------------------------------------------------


def tell(read_at: Any = NOON, **fields: Any) -> Order:
    return services.mirror_order(said(**fields), read_at=read_at)


def test_a_shorter_answer_takes_nothing_away(db: None) -> None:
    tell()
    shorter = dict.fromkeys(("order_no", "source", "fee", "fee_asset_id", "vat", "partner_order_ref"), ...)
    order = tell(NOON + timedelta(minutes=1), **shorter)
    assert (order.order_no, order.source, order.fee_asset_id) == ("MND0000080101", "bank", "USD")
    assert order.partner_order_ref == "dep-2026-z6t1n8bc"
    assert order.read_at == NOON + timedelta(minutes=1)
    assert not Incident.objects.exists()


def test_a_fuller_answer_adds_what_was_missing(db: None) -> None:
    tell(order_no=..., fee=...)
    order = tell(NOON + timedelta(minutes=1))
    assert (order.order_no, str(order.fee)) == ("MND0000080101", "0")


def test_an_answer_that_was_asked_for_earlier_changes_nothing(db: None) -> None:
    tell(NOON + timedelta(minutes=1), status="completed")
    order = tell(NOON, status="settling")
    assert order.status == "completed"


def test_a_reference_that_two_orders_carry_stays_visible(db: None) -> None:
    tell(id=1)
    tell(id=2)
    assert Order.objects.filter(partner_order_ref="dep-2026-z6t1n8bc").count() == 2


def test_words_too_long_for_their_columns_are_cut_and_said_to_be(db: None) -> None:
    order = tell(type="t" * 200, status="s" * 200, partner_client_id="c" * 200, partner_order_ref="r" * 200)
    assert order.is_cleaned
    assert (len(order.type), len(order.status), len(order.partner_client_id)) == (32, 32, 128)


# Whose order it is ----------------------------------------------------------------------------------------------------


def test_an_order_is_ours_when_its_reference_was_minted_here(db: None) -> None:
    mint("dep-2026-z6t1n8bc")
    assert tell(id=1).is_ours
    assert not tell(id=2, partner_order_ref="made-elsewhere").is_ours
    assert not tell(id=3, partner_order_ref=None).is_ours


def test_a_fuller_answer_that_brings_the_reference_makes_it_ours(db: None) -> None:
    mint("dep-2026-z6t1n8bc")
    assert not tell(partner_order_ref=...).is_ours
    assert tell(NOON + timedelta(minutes=1)).is_ours


def test_an_order_that_was_here_before_its_reference_becomes_ours(db: None) -> None:
    tell(id=1)
    tell(id=2, partner_order_ref="another")
    mint("dep-2026-z6t1n8bc")
    assert list(Order.objects.filter(is_ours=True).values_list("pk", flat=True)) == [1]


def test_nobody_declares_an_order_ours(db: None) -> None:
    tell(id=1)
    Order.objects.update(is_ours=True)
    assert not Order.objects.get().is_ours


def test_it_reads_a_stretch_of_long_ago_again(book: Partners) -> None:
    start, end = timezone.now() - timedelta(days=4), timezone.now() - timedelta(days=3)
    old, gone, after = (
        book.make_order("user_12345", amount="5.00", created_at=f"{at:%Y-%m-%dT%H:%M:%SZ}")
        for at in (start + timedelta(hours=1), start + timedelta(hours=2), end + timedelta(hours=1))
    )
    services.sync_orders()
    for order, change in ((old, {"amount": "4.50"}), (gone, {"hidden": True}), (after, {"amount": "9.00"})):
        book.change_order(order["id"], **change)
    services.sync_orders()
    assert amounts() == [Decimal("5.00")] * 3
    read = reread_orders(start, end)
    assert (read.is_whole, read.gone) == (True, (gone["id"],))
    assert amounts() == [Decimal("4.50"), Decimal("5.00"), Decimal("5.00")]
    assert set(Incident.objects.values_list("object_id", "kind")) == {
        (str(old["id"]), "changed"),
        (str(gone["id"]), "vanished"),
    }


@pytest.mark.parametrize("odd", [{"set": {"Age": "0"}}, {"remove": ["Date"]}], ids=str)
def test_a_stretch_whose_list_may_come_from_a_cache_is_in_doubt_where_it_leaves_orders_out(
    book: Partners, odd: dict[str, Any]
) -> None:
    kept, gone = (book.make_order("user_12345", amount="1.00")["id"] for _ in range(2))
    services.sync_orders()
    book.fault("headers", match={"path": "/v1/partner/orders"}, times=None, **odd)
    hour = (timezone.now() - timedelta(hours=1), timezone.now())
    assert reread_orders(*hour).is_sound
    book.change_order(gone, hidden=True)
    read = reread_orders(*hour)
    assert (read.is_whole, read.is_sound, read.gone) == (True, False, ())
    assert "may come from a cache" in read.doubt
    assert not Order.objects.filter(vanished_at__isnull=False).exists()
    assert Incident.objects.get().kind == "list_not_believed"


def test_a_stretch_out_of_a_cache_is_not_read(book: Partners) -> None:
    book.make_order("user_12345", amount="1.00")
    book.fault("headers", match={"path": "/v1/partner/orders"}, times=None, set={"Age": "30"})
    with pytest.raises(services.NotRead, match="came from a cache"):
        reread_orders(timezone.now() - timedelta(hours=1), timezone.now())
    assert not Order.objects.exists()


def test_many_pages_are_read_again_to_the_last(book: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "PAGE_SIZE", 2)
    made = [book.make_order("user_12345", amount="1.00") for _ in range(5)]
    now = timezone.now()
    assert reread_orders(now - timedelta(hours=1), now + timedelta(hours=1)).is_whole
    assert Order.objects.count() == len(made)


def test_reading_again_ends_between_two_pages_when_its_process_is_asked_to_stop(
    book: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "PAGE_SIZE", 2)
    for _ in range(5):
        book.make_order("user_12345", amount="1.00")
    now = timezone.now()
    with stopped_after(2):
        reread_orders(now - timedelta(hours=1), now + timedelta(hours=1))
    assert (Order.objects.count(), Incident.objects.count()) == (4, 0)


def test_a_stretch_without_orders_is_read_again_too(book: Partners) -> None:
    now = timezone.now()
    assert reread_orders(now - timedelta(hours=1), now).is_whole


def test_an_order_of_the_very_first_moment_is_missed_too(book: Partners) -> None:
    start = (timezone.now() - timedelta(days=4)).replace(microsecond=0)
    gone = book.make_order("user_12345", amount="5.00", created_at=f"{start:%Y-%m-%dT%H:%M:%SZ}")
    services.sync_orders()
    assert reread_orders(start, start + timedelta(days=1)).gone == ()
    book.change_order(gone["id"], hidden=True)
    assert reread_orders(start, start + timedelta(days=1)).gone == (gone["id"],)


def test_an_order_that_came_by_itself_while_the_stretch_was_read_is_not_gone(
    book: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = (book.make_order("user_12345", amount="1.00")["id"] for _ in range(2))
    services.sync_orders()

    def without_both(number: int, **window: Any) -> Any:
        page = services.page_of_orders(number, **window)
        services.mirror_order(coinmena().order(late))
        return replace(page, items=(), total=0)

    monkeypatch.setattr(rereading, "page_of_orders", without_both)
    now = timezone.now()
    assert reread_orders(now - timedelta(hours=1), now + timedelta(hours=1)).gone == (early,)


def test_a_list_that_never_goes_on_is_given_up_and_nothing_is_taken_for_gone(
    book: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.make_order("user_12345", amount="1.00")
    services.sync_orders()
    asked: list[int] = []

    def same_page(number: int, **window: Any) -> Any:
        asked.append(number)
        return replace(services.page_of_orders(1, **window), total=1_000_000)

    monkeypatch.setattr(rereading, "page_of_orders", same_page)
    now = timezone.now()
    read = reread_orders(now - timedelta(hours=1), now + timedelta(hours=1))
    assert (read.is_whole, read.gone, len(asked) < 20) == (False, (), True)


def amounts() -> list[Decimal | None]:
    return list(Order.objects.order_by("pk").values_list("debit", flat=True))
