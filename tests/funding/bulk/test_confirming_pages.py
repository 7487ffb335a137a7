"""Confirming a file: control figures, equal rows and their tick, discarding."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import BulkFile, FileState
from tests.approving import approve
from tests.funding.bulk.desk import AUDITOR, FINANCE, MANAGER
from tests.funding.bulk.files import created, csv_of, deposits, uploaded
from tests.funding.cast import SignIn, deposit, lost_order
from tests.partners import Partners


def confirm(desk: Browser, file: BulkFile, **typed: str) -> Any:
    return desk.post(f"/funding/bulk/{file.pk}/confirm/", typed)


def test_the_right_figures_ask_others_who_let_the_operations_be_created(
    db: None, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    file, desk = uploaded(maya, deposits(3)), signed_in(FINANCE)

    assert confirm(desk, file, count="3", total_1="6.03").status_code == 302
    assert created(file) == []
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert "Nothing is created before others agree." in page and f"/approvals/file-{file.pk}/" in page
    approve(Request.objects.get(kind="bulk"), by=omar)
    assert len(created(file)) == 3
    page = desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert 'role="progressbar"' in page and "All rows made" in page and "0 of 3 rows have ended" in page
    assert f"/funding/?file={file.pk}&amp;state=approved" in page


@pytest.mark.parametrize(
    ("count", "total", "sentence"),
    [
        ("4", "6.03", "The file has 3 rows."),
        ("3", "6.04", "The file adds up to 6.03 USD."),
        ("three", "6.03", "in digits"),
        ("٣", "6.03", "in digits"),
        ("", "6.03", "how many rows your own list has"),
        ("3", "", "Enter an amount."),
        ("3", "6,03", "Leave out the commas"),
        ("3", "6e0", "without an exponent"),
        ("9" * 5000, "9" * 5000, "in digits"),
    ],
)
def test_other_figures_create_nothing_and_stay_typed(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, count: str, total: str, sentence: str
) -> None:
    file = uploaded(maya, deposits(3))

    answer = confirm(signed_in(FINANCE), file, count=count, total_1=total)

    page = answer.content.decode()
    assert answer.status_code == 422 and sentence in page
    assert f'value="{count}"' in page or not count
    assert f'value="{total}"' in page or not total
    assert BulkFile.objects.get().state == FileState.CHECKED


def test_equal_rows_are_shown_and_must_be_ticked(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    row = "deposit,user_12345,USD,5.00,Rent"
    file, desk = uploaded(maya, csv_of(row, row)), signed_in(FINANCE)

    answer = confirm(desk, file, count="2", total_1="10.00")
    assert answer.status_code == 422 and "2 rows ask for the same" in answer.content.decode()
    shown = hidden(answer)
    assert confirm(desk, file, count="2", total_1="10.00", confirmed_equal="on").status_code == 422
    assert confirm(desk, file, count="2", total_1="10.00", confirmed_equal="on", equal_shown=shown).status_code == 302
    assert BulkFile.objects.get().confirmed_equal == [2, 3]


def hidden(answer: Any) -> str:
    """Return the digest of the equal rows that a page shows."""
    found = re.search(r'name="equal_shown" value="([0-9a-f]{64})"', answer.content.decode())
    assert found
    return found[1]


def test_a_row_that_has_become_equal_since_is_asked_about_first(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk, file = signed_in(FINANCE), uploaded(maya, deposits(2))
    deposit(maya, noura, usd, "1.01")
    shown = hidden(desk.get(f"/funding/bulk/{file.pk}/"))
    since = deposit(maya, noura, usd, "2.01")

    answer = confirm(desk, file, count="2", total_1="3.02", confirmed_equal="on", equal_shown=shown)

    page = answer.content.decode()
    assert answer.status_code == 422 and since.reference in page and "2 rows ask for the same" in page
    assert "checked" not in re.findall(r'<input[^>]*name="confirmed_equal"[^>]*>', page)[0]
    assert 'value="3.02"' in page and hidden(answer) != shown
    assert BulkFile.objects.get().state == FileState.CHECKED


def test_a_lost_order_stands_beside_the_row_it_equals_and_a_tick_without_it_counts_for_nothing(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    desk, file = signed_in(FINANCE), uploaded(maya, deposits(1))
    deposit(maya, noura, usd, "1.01")
    shown = hidden(desk.get(f"/funding/bulk/{file.pk}/"))
    order = lost_order(coinmena, maya, "1.01")

    answer = confirm(desk, file, count="1", total_1="1.01", confirmed_equal="on", equal_shown=shown)

    page = answer.content.decode()
    assert answer.status_code == 422 and f'href="/orders/{order.pk}/"' in page and str(order) in page
    answer = confirm(desk, file, count="1", total_1="1.01", confirmed_equal="on", equal_shown=hidden(answer))
    assert answer.status_code == 302 and BulkFile.objects.get().confirmed_equal == [2]


@pytest.mark.parametrize(
    ("closed", "sentence"),
    [
        (lambda noura, _usd: Client.objects.filter(pk=noura.pk).update(active=False), "deactivated at CoinMENA"),
        (lambda _noura, usd: Asset.objects.filter(pk=usd.pk).update(depositable=False), "USD cannot be deposited"),
    ],
)
def test_a_file_of_which_a_row_cannot_be_made_any_more_is_not_confirmed(
    db: None,
    signed_in: SignIn,
    maya: Person,
    noura: Client,
    usd: Asset,
    closed: Callable[[Client, Asset], object],
    sentence: str,
) -> None:
    file, desk = uploaded(maya, deposits(2)), signed_in(FINANCE)
    closed(noura, usd)

    assert sentence in desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    answer = confirm(desk, file, count="2", total_1="3.02")

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Some rows cannot be made any more, so nothing of the file was confirmed." in page
    assert sentence in page and 'value="3.02"' in page
    file.refresh_from_db()
    assert file.state == FileState.CHECKED and created(file) == []


def test_all_equal_rows_are_named(db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset) -> None:
    rows = [f"deposit,user_12345,USD,{n}.00,Rent" for n in range(1, 16)]
    file = uploaded(maya, csv_of(*rows, *rows))

    page = signed_in(FINANCE).get(f"/funding/bulk/{file.pk}/").content.decode()

    assert all(f'<bdi dir="ltr">{n}, {n + 15}</bdi>' in page for n in range(2, 17))


def test_a_file_is_discarded_once(db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset) -> None:
    file, desk = uploaded(maya, deposits(1)), signed_in(FINANCE)

    assert desk.post(f"/funding/bulk/{file.pk}/discard/").status_code == 302
    assert "Discarded" in desk.get(f"/funding/bulk/{file.pk}/").content.decode()
    assert desk.post(f"/funding/bulk/{file.pk}/discard/").status_code == 409
    assert confirm(desk, file, count="1", total_1="1.01").status_code == 409


@pytest.mark.parametrize("verb", ["confirm", "discard"])
@pytest.mark.parametrize("name", ["nadia", MANAGER, AUDITOR, "adam"])
def test_s2_nobody_else_settles_a_file(
    db: None, client: Browser, maya: Person, noura: Client, usd: Asset, verb: str, name: str, request: Any
) -> None:
    file = uploaded(maya, deposits(1))
    nadia = Person.objects.create_person(email="nadia@example.com", name="Nadia Karim", role="finance")
    client.force_login(nadia if name == "nadia" else request.getfixturevalue(name))

    assert client.post(f"/funding/bulk/{file.pk}/{verb}/", {"count": "1", "total_1": "1.01"}).status_code == 403
    assert BulkFile.objects.get().state == FileState.CHECKED
