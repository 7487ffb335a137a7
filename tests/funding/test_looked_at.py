"""Whoever approves has seen what asks to be looked at, also where it came after the page was opened."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.pages import asks_for_more, to_look_at
from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.database import clock
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.ui.values import Check, CheckResult, Link
from tests.factors import with_code
from tests.funding.cast import NOURA, SignIn, now, withdrawal
from tests.partners import Partners

SINCE = "Since you opened this page more asks to be looked at. Read it again, then decide."


@pytest.fixture
def waiting(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Operation:
    return withdrawal(maya, noura, usd, "8.00")


def hidden_in(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(fingerprint|opened|looked_at)"[^>]* value="([^"]*)"', page))


def form_of(browser: Browser, operation: Operation) -> dict[str, str]:
    found = hidden_in(browser.get(f"/approvals/{operation.reference}/").content.decode())
    assert set(found) == {"fingerprint", "opened", "looked_at"}
    return found


def form_beside_fresh_figures(browser: Browser, operation: Operation) -> dict[str, str]:
    """Open the page as a browser does: it has the balance read as soon as it is drawn, and shows the preview anew."""
    form = form_of(browser, operation)
    fresh = browser.post(f"/approvals/{operation.reference}/preview/", headers={"HX-Request": "true"})
    return {**form, **hidden_in(fresh.content.decode())}


@pytest.fixture
def _paid_in_since_last_night(coinmena: Partners, noura: Client) -> None:
    """Have a balance pay the withdrawal at CoinMENA, and not in the mirror, which was read last night."""
    coinmena.adjust(NOURA, "USD", change="100.00")
    amount, read_at = Decimal("1.00"), clock.now() - timedelta(hours=9)
    BalanceReading.objects.create(
        client=noura, asset_id="USD", balance=amount, available_balance=amount, read_at=read_at
    )


def test_an_equal_request_that_came_after_the_page_was_opened_is_shown_before_it_is_approved(
    signed_in: SignIn, waiting: Operation, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    browser = signed_in("omar")
    form = form_of(browser, waiting)
    equal = withdrawal(maya, noura, usd, "8.00", confirmed_equal=True)
    typed = with_code(omar, note="Seen the invoice.")

    answer = browser.post(f"/approvals/{waiting.reference}/approve/", {**form, **typed})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert SINCE in page and equal.reference in page and "Seen the invoice." in page
    assert now(waiting).state == State.PENDING_APPROVAL
    again = browser.post(f"/approvals/{waiting.reference}/approve/", {**form_of(browser, waiting), **typed})
    assert again.status_code == 302, "the code was not used up"
    assert now(waiting).state == State.APPROVED


def test_what_went_away_since_asks_for_nothing(
    signed_in: SignIn, waiting: Operation, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    browser = signed_in("omar")
    form = form_of(browser, waiting)
    request = Request.objects.get(subject=waiting.reference)

    answer = browser.post(
        f"/approvals/{request.subject}/approve/",
        {**form, "looked_at": f"{form['looked_at']} {'0' * 16}", **with_code(omar)},
    )

    assert answer.status_code == 302


@pytest.mark.usefixtures("_paid_in_since_last_night")
def test_a_balance_of_last_night_keeps_nobody_from_approving_what_the_balance_now_pays(
    signed_in: SignIn, waiting: Operation, omar: Person
) -> None:
    browser = signed_in("omar")

    form = form_beside_fresh_figures(browser, waiting)
    answer = browser.post(f"/approvals/{waiting.reference}/approve/", {**form, **with_code(omar)})

    assert answer.status_code == 302
    assert now(waiting).state == State.APPROVED


@pytest.mark.usefixtures("_paid_in_since_last_night")
def test_a_balance_that_fell_since_the_page_was_opened_is_shown_before_it_is_approved(
    coinmena: Partners, signed_in: SignIn, waiting: Operation, omar: Person
) -> None:
    browser = signed_in("omar")
    form = form_beside_fresh_figures(browser, waiting)
    coinmena.adjust(NOURA, "USD", change=str(1 - coinmena.balance(NOURA, "USD")))

    answer = browser.post(f"/approvals/{waiting.reference}/approve/", {**form, **with_code(omar, note="Paid today.")})

    assert answer.status_code == 409 and SINCE in answer.content.decode()
    again = {**form_beside_fresh_figures(browser, waiting), **with_code(omar, note="Paid today.")}
    assert browser.post(f"/approvals/{waiting.reference}/approve/", again).status_code == 302


def odd(text: str, *links: str) -> Check:
    return Check(text, CheckResult.WARNING, links=tuple(Link(one, "/") for one in links))


@pytest.mark.parametrize(
    ("shown", "now_there", "is_more"),
    [
        ([], [], False),
        ([], [odd("An equal payment", "dep-1")], True),
        ([odd("An equal payment", "dep-1")], [odd("An equal payment", "dep-1")], False),
        ([odd("An equal payment", "dep-1")], [odd("An equal payment", "dep-1", "dep-2")], True),
        ([odd("An equal payment", "dep-1", "dep-2")], [odd("An equal payment", "dep-2")], False),
        ([odd("An equal payment", "dep-1")], [odd("In doubt", "dep-1")], True),
        ([odd("In doubt")], [], False),
        ([], [Check("Funds sufficient", CheckResult.PASSED)], False),
    ],
)
def test_more_is_whatever_was_not_shown(shown: list[Check], now_there: list[Check], is_more: bool) -> None:
    assert asks_for_more({"checks": now_there}, to_look_at({"checks": shown})) is is_more
