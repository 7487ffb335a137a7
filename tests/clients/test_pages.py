from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.clients.balances import _RESERVATIONS, register_reservations
from backoffice.clients.models import BalanceReading, Client
from tests.partners import Partners

PAGE = "/clients/user_12345/"
HTMX = {"HX-Request": "true"}


def text_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def mayas(db: None, client: Browser, maya: Person) -> Browser:
    """Maya's browser."""
    client.force_login(maya)
    return client


@pytest.fixture
def omars(db: None, omar: Person) -> Browser:
    """Omar's browser."""
    browser = Browser()
    browser.force_login(omar)
    return browser


def make_clients(number: int) -> None:
    Client.objects.bulk_create(
        Client(
            partner_client_id=f"user_{one}",
            name=f"Client {one:04}",
            status="verified" if one % 3 else "pending",
            active=bool(one % 2),
            country_id="bh" if one % 5 else "sa",
            raw=b"{}",
            read_at="2026-05-01T12:00:00Z",
        )
        for one in range(number)
    )


# The list -------------------------------------------------------------------------------------------------------------


def test_it_lists_clients_by_name(mayas: Browser, noura: Client) -> None:
    page = text_of(mayas.get("/clients/"))

    assert "Noura Al Khalifa" in page
    assert 'href="/clients/user_12345/"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=noura", True),
        ("q=USER_123", True),
        ("q=4711", True),
        ("q=omar", False),
        ("status=verified", True),
        ("status=other", False),
        ("active=active", True),
        ("active=deactivated", False),
        ("since_from=2026-02-01&since_to=2026-02-28", True),
        ("since_from=2026-03-01", False),
    ],
)
def test_it_finds_clients_by_every_filter(mayas: Browser, noura: Client, query: str, found: bool) -> None:
    assert ("Noura Al Khalifa" in text_of(mayas.get(f"/clients/?{query}"))) is found


def test_it_needs_as_many_queries_for_many_clients_as_for_few(mayas: Browser, django_assert_num_queries: Any) -> None:
    make_clients(3)
    with count_queries() as few:
        mayas.get("/clients/")
    make_more = [
        Client(
            partner_client_id=f"more_{one}",
            name=f"More {one}",
            status="verified",
            active=True,
            raw=b"{}",
            read_at="2026-05-01T12:00:00Z",
        )
        for one in range(120)
    ]
    Client.objects.bulk_create(make_more)

    with django_assert_num_queries(len(few)):
        mayas.get("/clients/")


def count_queries() -> Any:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)


def test_it_reaches_every_client_by_turning_pages(mayas: Browser) -> None:
    make_clients(120)
    seen, address = set[str](), "/clients/"
    for _page in range(3):
        page = mayas.get(address).context["page"]
        seen |= {row.partner_client_id for row in page.keyset.rows}
        address = f"/clients/{page.older_url}"

    assert len(seen) == 120


def test_it_offers_to_ask_the_partner_when_nothing_is_found(mayas: Browser, noura: Client) -> None:
    page = text_of(mayas.get("/clients/?q=user_9"))

    assert "Look up at CoinMENA" in page
    assert 'action="/clients/user_9/"' in page


# One client -----------------------------------------------------------------------------------------------------------


def test_it_does_not_offer_to_ask_for_what_no_id_can_be(mayas: Browser, noura: Client) -> None:
    answer = mayas.get("/clients/?q=%00")
    assert answer.status_code == 400
    assert "Look up at CoinMENA" not in text_of(answer)


def test_it_shows_a_client(mayas: Browser, noura: Client) -> None:
    page = text_of(mayas.get(PAGE))

    for words in ("Noura Al Khalifa", "Verified", "Active", "user_12345", "Deposit", "Ask for withdrawal"):
        assert words in page
    assert "/funding/deposit/?client=user_12345" in page


@pytest.mark.parametrize(
    ("status", "active", "words"),
    [
        ("verified", False, "A manager can activate the client."),
        ("pending", True, "the onboarding must be completed first."),
    ],
)
def test_it_says_why_a_client_cannot_be_funded(
    mayas: Browser, noura: Client, status: str, active: bool, words: str
) -> None:
    Client.objects.update(status=status, active=active)

    page = text_of(mayas.get(PAGE))

    assert words in page
    assert "/funding/deposit/" not in page


def test_it_asks_for_balances_each_time_the_page_is_opened(mayas: Browser, noura: Client) -> None:
    read_now(noura)

    assert f'hx-post="{PAGE}balances/" hx-trigger="load"' in text_of(mayas.get(PAGE))


def read_now(client: Client) -> None:
    BalanceReading.objects.create(
        client=client,
        asset_id="USD",
        balance=Decimal("5.00"),
        available_balance=Decimal("5.00"),
        read_at=timezone.now(),
    )


def test_it_answers_a_reading_with_the_region_alone(mayas: Browser, noura_at_partner: Partners) -> None:
    region = text_of(mayas.post(f"{PAGE}balances/", headers=HTMX))

    assert region.lstrip().startswith('<section class="card" id="balances"')
    assert 'value="740.50"' in region
    assert 'hx-trigger="load"' not in region


def test_it_reads_balances_without_a_script_too(mayas: Browser, noura_at_partner: Partners) -> None:
    response = mayas.post(f"{PAGE}balances/", follow=True)

    assert response.redirect_chain == [(PAGE, 302)]
    assert 'value="740.50"' in text_of(response)


def test_it_shows_old_balances_with_a_notice_when_the_partner_is_down(
    mayas: Browser, noura: Client, noura_at_partner: Partners
) -> None:
    read_now(noura)

    with noura_at_partner.down():
        page = text_of(mayas.get(PAGE))
        region = text_of(mayas.post(f"{PAGE}balances/", headers=HTMX))

    assert "Noura Al Khalifa" in page
    assert "These balances are not fresh." in region
    assert "CoinMENA did not answer." in region
    assert 'value="5.00"' in region


def test_it_shows_nothing_where_the_answer_leaves_a_balance_out(
    mayas: Browser, noura: Client, noura_at_partner: Partners
) -> None:
    mayas.post(f"{PAGE}balances/", headers=HTMX)
    noura_at_partner.fault("empty_page", match={"path": "/v1/partner/balances"})

    regions = [text_of(mayas.post(f"{PAGE}balances/", headers=HTMX)), text_of(mayas.get(PAGE))]

    for region in regions:
        assert 'value="740.50"' not in region
        assert 'value="0"' in region
        assert "USD" in region


def test_it_subtracts_what_pending_operations_would_take(
    mayas: Browser, noura: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_now(noura)
    monkeypatch.setattr("backoffice.clients.balances._RESERVATIONS", list(_RESERVATIONS))
    register_reservations(lambda client: {"USD": Decimal("1.50"), "SAR": Decimal("2.00")})

    page = text_of(mayas.get(PAGE))

    assert 'value="-1.50"' in page
    assert 'value="3.50"' in page
    assert 'value="-2.00"' in page


HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.\u200b"


def test_it_draws_a_hostile_name_harmlessly(mayas: Browser, noura: Client) -> None:
    Client.objects.update(name=HOSTILE)

    for address in ("/clients/", PAGE):
        page = text_of(mayas.get(address))
        assert "<img src=x" not in page
        assert "\u202e" not in page
        assert "U+202E" in page


@pytest.mark.parametrize(
    "partner_client_id",
    ["a/b", "a?b#c%d", 'x"><script>', "ü ñ", "a+b&c=d", "line\nend", "..%2f..", "-", "\u202eabc", "a'b"],
)
def test_it_reaches_a_client_whatever_the_id(mayas: Browser, noura: Client, partner_client_id: str) -> None:
    Client.objects.update(partner_client_id=partner_client_id)
    noura.refresh_from_db()

    for address in (noura.get_absolute_url(), f"/clients/{quote(partner_client_id, safe='')}/"):
        response = mayas.get(address)
        assert response.status_code == 200
        assert response.context["client"].partner_client_id == partner_client_id


def test_it_offers_to_look_up_a_client_it_does_not_know(mayas: Browser) -> None:
    response = mayas.get("/clients/nobody%2F%3Cb%3E/")

    assert response.status_code == 404
    assert "Look up at CoinMENA" in text_of(response)
    assert "<b>" not in text_of(response)


def test_it_shows_a_client_once_it_was_looked_up(mayas: Browser, partners: Partners) -> None:
    partners.make_client("user_9", first_name="Sara")

    response = mayas.post("/clients/user_9/", follow=True)

    assert response.status_code == 200
    assert "Sara" in text_of(response)


def test_it_stays_on_the_offer_when_the_partner_does_not_know_the_client(mayas: Browser, partners: Partners) -> None:
    response = mayas.post("/clients/nobody/", follow=True)

    assert response.status_code == 404
    assert "does not know this client" in text_of(response)


def test_it_needs_a_fixed_number_of_queries_for_a_page(
    mayas: Browser, noura: Client, django_assert_num_queries: Any
) -> None:
    read_now(noura)
    with count_queries() as few:
        mayas.get(PAGE)
    for asset in ("AED", "BHD", "SAR", "BTC"):
        BalanceReading.objects.create(
            client=noura, asset_id=asset, balance=0, available_balance=0, read_at=noura.read_at
        )

    with django_assert_num_queries(len(few)):
        mayas.get(PAGE)


# Activation -----------------------------------------------------------------------------------------------------------


def test_it_asks_for_the_reason_before_it_deactivates(omars: Browser, noura: Client) -> None:
    page = text_of(omars.get(f"{PAGE}deactivate/"))

    for words in ("Deactivate", "Noura Al Khalifa", "user_12345", "Reason", "Deactivate client", "Keep active"):
        assert words in page


def test_it_deactivates_and_goes_back_to_the_client(omars: Browser, noura_at_partner: Partners) -> None:
    response = omars.post(f"{PAGE}deactivate/", {"reason": "Left us"}, follow=True)

    assert response.redirect_chain == [(PAGE, 302)]
    assert "Client deactivated." in text_of(response)
    assert "Deactivated" in text_of(response)


def test_it_keeps_the_form_and_says_why_when_the_partner_fails(omars: Browser, noura_at_partner: Partners) -> None:
    noura_at_partner.fault("envelope", status=500)

    response = omars.post(f"{PAGE}deactivate/", {"reason": "Left us"}, headers=HTMX)

    assert response.status_code == 422
    assert "trouble on its side" in text_of(response)
    assert "Left us" in text_of(response)


def test_it_wants_a_reason(omars: Browser, noura: Client) -> None:
    response = omars.post(f"{PAGE}deactivate/", {"reason": " "})

    assert response.status_code == 422
    assert "Say why: the reason is kept in the audit log." in text_of(response)


def test_it_says_that_there_is_nothing_to_do(omars: Browser, noura: Client) -> None:
    assert "active already" in text_of(omars.get(f"{PAGE}activate/"))


# Who may --------------------------------------------------------------------------------------------------------------

READING, ASKING, SWITCHING = ("maya", "omar", "vera"), ("maya", "omar"), ("omar",)


@pytest.mark.parametrize("person", ["maya", "omar", "vera", "adam", None])
@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("get", "/clients/", READING),
        ("post", "/clients/export/", READING),
        ("get", PAGE, READING),
        ("post", PAGE, ASKING),
        ("post", f"{PAGE}balances/", ASKING),
        ("get", f"{PAGE}activate/", SWITCHING),
        ("get", f"{PAGE}deactivate/", SWITCHING),
        ("post", f"{PAGE}deactivate/", SWITCHING),
    ],
)
def test_it_opens_to_the_right_people_only(
    noura: Client,
    partners: Partners,
    request: pytest.FixtureRequest,
    person: str | None,
    method: str,
    address: str,
    allowed: tuple[str, ...],
) -> None:
    browser = Browser()
    if person:
        browser.force_login(request.getfixturevalue(person))

    response = getattr(browser, method)(address, headers=HTMX)
    response.close()  # a file that nobody reads keeps its connection

    if person is None:
        assert response.status_code == 401
    elif person in allowed:
        assert response.status_code in (200, 204, 422)
    else:
        assert response.status_code == 403


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("maya", {"Deposit", "Ask for withdrawal", "Read again"}),
        ("omar", {"Deactivate", "Read again"}),
        ("vera", set()),
    ],
)
def test_it_offers_each_person_what_they_may_do(
    noura: Client, request: pytest.FixtureRequest, person: str, words: set[str]
) -> None:
    browser = Browser()
    browser.force_login(request.getfixturevalue(person))

    response = browser.get(PAGE)

    offered = {str(action.text) for action in response.context["actions"]}
    offered |= {"Read again"} if "Read again" in text_of(response) else set()
    assert offered == words


def test_a_get_never_writes(mayas: Browser, noura: Client) -> None:
    assert mayas.get(f"{PAGE}balances/").status_code == 405
