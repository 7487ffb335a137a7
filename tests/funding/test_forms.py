"""Bad input gets a sentence at the field, keeps what was typed, and changes nothing."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Operation, Scope
from backoffice.funding.services.brakes import watch_clock
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from tests.funding.cast import NOURA, mirrored_asset, mirrored_client

pytestmark = pytest.mark.usefixtures("db")


def filled(**changes: str) -> dict[str, str]:
    """A form as a careful person fills it."""
    careful = {"client": NOURA, "asset": "USD", "amount": "1000.00", "reason": "Bank transfer received"}
    return {**careful, "submission_token": str(uuid4()), **changes}


@pytest.fixture
def desk(client: Browser, maya: Person, noura: Client, usd: Asset) -> Browser:
    client.force_login(maya)
    return client


def typed_in(page: str, name: str) -> str:
    """Return what stands in a box of the form."""
    box = next(box for box in re.findall(r"<input[^>]*>", page) if f'name="{name}"' in box)
    value = re.search(r'value="([^"]*)"', box)
    return unescape(value[1]) if value else ""


BAD_AMOUNTS = {
    "": "Enter an amount.",
    "1E+3": "without an exponent",
    "1e3": "without an exponent",
    "1_000": "underscores",
    "١٠٠٠": "digits of other scripts",
    "１０００": "digits of other scripts",
    "1.123456789": "At most 8 digits after the point; this has 9.",
    "0": "more than zero",
    "0.00000000": "more than zero",
    "-5": "minus sign",
    "−5": "minus sign",
    "+5": "plus sign",
    "1,000.00": "commas",
    "1 000": "blanks",
    "1.2.3": "once only",
    "1.000": "1.000 may be meant as 1000.00. Write 1000.00 or 1.00.",
    ".5": "Begin with a digit",
    "5.": "digits after the point",
    "NaN": "Enter a number",
    "Infinity": "Enter a number",
    "1\x00": "Enter digits with at most one point",
    "9" * 21: "At most 20 digits before the point",
    "9" * 5000: "too long",
    "=1+1": "Leave out the plus sign",
    "<script>alert(1)</script>": "Enter digits with at most one point",
}


@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=lambda text: repr(text)[:24])
@pytest.mark.parametrize("address", ["/funding/deposit/", "/funding/withdraw/"])
def test_a_bad_amount_is_explained_kept_and_changes_nothing(desk: Browser, address: str, amount: str) -> None:
    answer = desk.post(address, filled(amount=amount))
    page = unescape(answer.content.decode())

    assert answer.status_code == 422
    assert BAD_AMOUNTS[amount] in page
    assert typed_in(answer.content.decode(), "amount") == amount
    assert "Bank transfer received" in page
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("client", "user_00000", "There is no such client"),
        ("client", "", "Say whose balance"),
        ("client", "user_12345\x00", "Null characters"),
        ("asset", "XYZ", "There is no such asset"),
        ("asset", "", "Choose an asset"),
        ("reason", "", "Say why"),
        ("reason", "x" * 501, "at most 500 characters"),
        ("submission_token", "not-a-token", "valid UUID"),
        ("copy_of", "dep-2026-nowhere0", "does not exist"),
    ],
)
def test_other_bad_input_is_explained_too(desk: Browser, field: str, typed: str, sentence: str) -> None:
    answer = desk.post("/funding/deposit/", filled(**{field: typed}))

    assert answer.status_code == 422
    assert sentence in unescape(answer.content.decode())
    assert not Operation.objects.exists()


def test_an_asset_that_cannot_be_deposited_stays_chosen_and_says_why(desk: Browser) -> None:
    mirrored_asset("BTC", name="Bitcoin", depositable=False, withdrawable=False)

    page = desk.post("/funding/deposit/", filled(asset="BTC")).content.decode()

    assert "BTC cannot be deposited at CoinMENA" in page
    assert '<option value="BTC" selected>' in page


@pytest.mark.parametrize(
    ("details", "sentence"), [({"active": False}, "is deactivated"), ({"status": "pending"}, "not verified")]
)
def test_a_client_who_cannot_be_funded_is_named_at_the_field(
    desk: Browser, details: dict[str, Any], sentence: str
) -> None:
    mirrored_client("user_20871", **details)

    assert sentence in desk.post("/funding/deposit/", filled(client="user_20871")).content.decode()


@pytest.mark.parametrize("typed", [NOURA, "Noura Al Khalifa", "noura al khalifa", f"Noura Al Khalifa, {NOURA}"])
def test_a_client_is_found_as_people_type_them(desk: Browser, typed: str) -> None:
    assert desk.post("/funding/deposit/", filled(client=typed)).status_code == 302


def test_two_clients_of_one_name_are_told_apart_by_id(desk: Browser) -> None:
    mirrored_client("user_20871")

    assert "More than one client" in desk.post("/funding/deposit/", filled(client="Noura Al Khalifa")).content.decode()


def test_a_good_deposit_leads_to_its_page(desk: Browser) -> None:
    answer = desk.post("/funding/deposit/", filled())

    operation = Operation.objects.get()
    assert answer.headers["Location"] == f"/funding/{operation.reference}/"
    assert (operation.state, str(operation.amount)) == (State.APPROVED, "1000.00")


def test_a_deposit_that_a_freeze_holds_is_not_said_to_be_sent_now(desk: Browser, omar: Person) -> None:
    freeze(scope=Scope.EVERYTHING, reason="The bank rang.", by=omar)

    page = desk.post("/funding/deposit/", filled(), follow=True).content.decode()

    assert "It is held for now" in page and "if its permission has not run out" in page
    assert "sends it now" not in page


def test_a_deposit_that_a_halt_holds_is_not_said_to_be_sent_now(desk: Browser) -> None:
    watch_clock(30.0, holder="worker 1")

    assert "It is held for now" in desk.post("/funding/deposit/", filled(), follow=True).content.decode()


def test_the_same_form_twice_leads_to_the_same_page(desk: Browser) -> None:
    form = filled()
    pages = [desk.post("/funding/withdraw/", form).headers["Location"] for _click in range(2)]

    assert pages[0] == pages[1]
    assert Operation.objects.count() == 1


def test_a_form_that_was_changed_and_sent_again_says_that_nothing_new_was_made(desk: Browser) -> None:
    form = filled()
    desk.post("/funding/deposit/", form)
    answer = desk.post("/funding/deposit/", {**form, "amount": "7.00"}, follow=True)

    assert "Nothing new was made" in answer.content.decode()
    assert Operation.objects.count() == 1


def test_an_equal_request_asks_for_a_confirmation_and_takes_it(desk: Browser) -> None:
    desk.post("/funding/deposit/", filled())
    asked = desk.post("/funding/deposit/", filled())
    assert asked.status_code == 422
    assert "Yes, this is another payment" in asked.content.decode()

    assert desk.post("/funding/deposit/", ticked(asked)).status_code == 302
    assert Operation.objects.filter(confirmed_equal=True).count() == 1


def ticked(asked: Any, **changes: str) -> dict[str, str]:
    """The form as it came back, with the tick."""
    shown = typed_in(asked.content.decode(), "equal_shown")
    return filled(confirmed_equal="on", equal_shown=shown, **changes)


def asks_anew(answer: Any) -> bool:
    """Whether the page asks about equal requests, and nobody has ticked the box on it."""
    page = answer.content.decode()
    return "The same was asked for already." in page and not re.search(r"<input[^>]*checked", page)


def test_a_tick_for_one_amount_confirms_no_other(desk: Browser) -> None:
    desk.post("/funding/deposit/", filled(amount="500"))
    desk.post("/funding/deposit/", filled(amount="700"))
    asked = desk.post("/funding/deposit/", filled(amount="500"))

    changed = desk.post("/funding/deposit/", ticked(asked, amount="700", reason="Second half"))

    assert (changed.status_code, asks_anew(changed)) == (422, True)
    assert typed_in(changed.content.decode(), "reason") == "Second half"
    assert Operation.objects.count() == 2
    assert desk.post("/funding/deposit/", ticked(changed, amount="700")).status_code == 302


def test_a_tick_confirms_no_request_that_was_made_since(desk: Browser, omar: Person) -> None:
    desk.post("/funding/deposit/", filled())
    asked = desk.post("/funding/deposit/", filled())
    again = desk.post("/funding/deposit/", filled())
    desk.post("/funding/deposit/", ticked(again))

    late = desk.post("/funding/deposit/", ticked(asked))

    assert (late.status_code, asks_anew(late)) == (422, True)
    assert all(one.reference in late.content.decode() for one in Operation.objects.all())
    assert Operation.objects.count() == 2


@pytest.mark.parametrize("shown", ["", "0" * 64, "x" * 5000])
def test_a_tick_without_what_it_is_about_confirms_nothing(desk: Browser, shown: str) -> None:
    desk.post("/funding/deposit/", filled())

    answer = desk.post("/funding/deposit/", filled(confirmed_equal="on", equal_shown=shown))

    assert (answer.status_code, asks_anew(answer)) == (422, True)


def test_a_tick_is_asked_for_again_after_another_error(desk: Browser) -> None:
    desk.post("/funding/deposit/", filled())
    asked = desk.post("/funding/deposit/", filled())

    answer = desk.post("/funding/deposit/", ticked(asked, reason=""))

    assert answer.status_code == 422
    assert not re.search(r"<input[^>]*checked", answer.content.decode())


def test_a_tick_where_nothing_is_equal_is_no_confirmation(desk: Browser) -> None:
    assert desk.post("/funding/deposit/", filled(confirmed_equal="on")).status_code == 302
    assert not Operation.objects.get().confirmed_equal


EXTRA = {
    "state": "completed",
    "approved_by": "1",
    "reference": "dep-2026-forged00",
    "requested_by": "1",
    "partner_order_id": "1",
    "ungated_rule_version": "1",
    "valid_until": "2099-01-01",
    "fingerprint": "0" * 64,
}


def test_s6_extra_fields_are_ignored(desk: Browser, maya: Person) -> None:
    desk.post("/funding/withdraw/", {**filled(), **EXTRA})

    operation = Operation.objects.get()
    assert operation.state == State.PENDING_APPROVAL
    assert operation.reference != EXTRA["reference"]
    assert operation.requested_by == maya
    assert operation.ungated_rule_version is None


def test_the_form_begins_with_the_client_one_came_from(desk: Browser) -> None:
    assert f'value="{NOURA}"' in desk.get(f"/funding/deposit/?client={NOURA}").content.decode()


def test_suggestions_name_clients_by_id_and_name(desk: Browser) -> None:
    page = desk.get("/funding/clients/?client=nou").content.decode()

    assert f'<option value="{NOURA}">Noura Al Khalifa</option>' in page
