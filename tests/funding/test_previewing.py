"""What would happen, before it does: every precondition with its sentence, fresh figures, and nothing is written."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.apps import apps
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.clients.services.balances import keep_readings
from backoffice.database import clock
from backoffice.funding.checks import Balance, checks_of
from backoffice.funding.models import Gate, Kind, Operation, Scope
from backoffice.funding.services import balances
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze
from backoffice.funding.services.previewing import facts_of, typed_facts
from backoffice.funding.states import State
from backoffice.orders.services import look_up_order
from backoffice.ui.values import Check, CheckResult
from tests.funding.cast import NOURA, deposit, mirrored_client, withdrawal
from tests.funding.test_states import fresh
from tests.partners import Partners

PASSED, FAILED, WARNING = CheckResult.PASSED, CheckResult.FAILED, CheckResult.WARNING
TYPED = {"client": NOURA, "asset": "USD", "amount": "500.00", "reason": "Client payout"}


@pytest.fixture
def desk(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def reading(client: Client, available: str = "2000.00", *, seconds_ago: float = 0) -> None:
    """Put a balance into the mirror, as the sync does."""
    BalanceReading.objects.create(
        client=client,
        asset_id="USD",
        balance=Decimal(available),
        available_balance=Decimal(available),
        read_at=clock.now() - timedelta(seconds=seconds_ago),
    )


def check(client: Client, asset: Asset, text: str, kind: Kind = Kind.WITHDRAWAL, amount: str = "500.00") -> Check:
    """Return the verdict that begins with ``text``."""
    facts = typed_facts(kind=kind, client=client, asset=asset, amount=Decimal(amount), amount_fault="")
    return next(one for one in checks_of(facts) if str(one.text).startswith(text))


def asked(desk: Browser, kind: str = "withdrawal", *, fresh: bool = False, **typed: str) -> str:
    """Type, and return what the page shows beside the form."""
    address = f"/funding/preview/?kind={kind}{'&fresh=1' if fresh else ''}"
    return unescape(desk.post(address, {**TYPED, **typed}).content.decode())


def carried(page: str) -> str:
    found = re.search(r'name="reading" value="([^"]+)"', page)
    return found[1] if found else ""


# Nothing is written ---------------------------------------------------------------------------------------------------


def rows() -> dict[str, int]:
    """Count the rows of every table; our own budget of requests is none of the business's books."""
    models = [model for model in apps.get_models() if model._meta.managed and model.__name__ != "RateBucket"]
    return {model._meta.db_table: model._default_manager.count() for model in models}


def test_looking_writes_nothing_and_posts_nothing(
    coinmena: Partners, desk: Browser, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation, manager = withdrawal(maya, noura, usd), Browser()
    manager.force_login(omar)
    before = rows()

    desk.get("/funding/deposit/?client=" + NOURA)
    desk.get("/funding/withdraw/?client=" + NOURA)
    pages = [asked(desk), asked(desk, fresh=True)]
    pages.append(manager.get(f"/approvals/{operation.reference}/").content.decode())
    pages.append(manager.post(f"/approvals/{operation.reference}/preview/").content.decode())

    assert all("What would happen" in page for page in pages)
    assert rows() == before
    assert [arrival["method"] for arrival in coinmena.ledger()["arrivals"]].count("POST") == 0
    assert Operation.objects.get().version == 1


# The balance ----------------------------------------------------------------------------------------------------------


def test_typing_is_answered_from_the_mirror_and_the_balance_read_apart(
    db: None, desk: Browser, noura: Client, usd: Asset
) -> None:
    reading(noura, "2000.00", seconds_ago=90)

    page = asked(desk)

    assert "2,000.00" in page and "1,500.00" in page
    assert "reading it again" in page and 'hx-trigger="load"' in page
    assert not carried(page)


def test_a_fresh_reading_is_carried_by_the_page_so_that_typing_on_asks_nobody(
    coinmena: Partners, desk: Browser, noura: Client, usd: Asset
) -> None:
    first = asked(desk, fresh=True)
    made = coinmena.requests_made()
    second = asked(desk, amount="600.00", reading=carried(first))

    assert "2,000.00" in first and "1,500.00" in first
    assert "2,000.00" in second and "1,400.00" in second
    assert "reading it again" not in second
    assert coinmena.requests_made() == made


def test_a_partner_that_does_not_answer_leaves_the_old_balance_and_its_age(
    coinmena: Partners, desk: Browser, noura: Client, usd: Asset
) -> None:
    reading(noura, "1800.00", seconds_ago=600)
    with coinmena.down():
        page = asked(desk, fresh=True)

    assert "1,800.00" in page and "10 min ago" in page
    assert "reading it again" not in page, "a page that failed to read does not ask for ever"


@pytest.mark.parametrize("told", ["", "nonsense", "1000000.00", "x" * 5_000])
def test_a_reading_that_is_not_ours_is_not_believed(
    db: None, desk: Browser, noura: Client, usd: Asset, told: str
) -> None:
    reading(noura, "10.00")

    assert "10.00" in asked(desk, reading=told)


def test_a_reading_of_another_balance_or_of_long_ago_is_not_believed(db: None, noura: Client, usd: Asset) -> None:
    now, other = clock.now(), mirrored_client("user_20871", name="Hala Nasser")
    token = balances.sealed(Balance(Decimal(5), now), noura, "USD")

    assert balances.carried_balance(token, noura, "USD", now) == Balance(Decimal(5), now)
    assert balances.carried_balance(token, other, "USD", now) is None
    assert balances.carried_balance(token, noura, "BHD", now) is None
    assert balances.carried_balance(token, noura, "USD", now + balances.FRESH_FOR) is None


# The checks -----------------------------------------------------------------------------------------------------------


def test_equal_requests_are_each_linked_with_who_when_and_what_became_of_it(
    db: None, desk: Browser, maya: Person, noura: Client, usd: Asset
) -> None:
    made = [withdrawal(maya, noura, usd, confirmed_equal=True) for _time in range(3)]

    verdict = check(noura, usd, "An equal request")

    assert verdict.result is WARNING
    assert [link.url for link in verdict.links] == [one.get_absolute_url() for one in reversed(made)]
    assert all("Maya Haddad" in str(link.sub) and "Waiting for approval" in str(link.sub) for link in verdict.links)
    assert asked(desk).count(f'href="{made[0].get_absolute_url()}"') == 1


def test_what_was_cancelled_is_an_equal_request_once_an_order_of_it_has_turned_up(
    coinmena: Partners, db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = cancel_operation(operation_id=withdrawal(maya, noura, usd).pk, by=maya)
    assert check(noura, usd, "No equal request open or of the last 24 h").result is PASSED

    coinmena.make_order(NOURA, "withdrawal", amount=str(operation.amount), reference=operation.reference, overdraw=True)
    look_up_order(text=operation.reference, by=maya)

    [link] = check(noura, usd, "An equal request").links
    assert link.url == operation.get_absolute_url()
    assert "Cancelled, but an order of it turned up" in str(link.sub)


@pytest.mark.parametrize(
    ("scope", "kind", "result"),
    [
        (Scope.EVERYTHING, Kind.DEPOSIT, FAILED),
        (Scope.MONEY_OUT, Kind.WITHDRAWAL, FAILED),
        (Scope.MONEY_OUT, Kind.DEPOSIT, PASSED),
        (Scope.ASSET, Kind.DEPOSIT, FAILED),
        (Scope.CLIENT, Kind.WITHDRAWAL, FAILED),
    ],
)
def test_a_freeze_is_a_cross_with_its_sentence_on_the_form_and_for_the_approver(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset, scope: Scope, kind: Kind, result: CheckResult
) -> None:
    operation = (withdrawal if kind == Kind.WITHDRAWAL else deposit)(maya, noura, usd, "7.00")
    asset, client = (usd if scope is Scope.ASSET else None), (noura if scope is Scope.CLIENT else None)
    freeze(scope=scope, reason="A letter of the bank", by=omar, asset=asset, client=client)

    text = "Frozen" if result is FAILED else "Nothing frozen"
    verdict = check(noura, usd, text, kind)
    shown = next(one for one in checks_of(facts_of(operation, is_fresh=False)) if str(one.text) == text)

    assert verdict.result is shown.result is result
    assert ("A letter of the bank" in str(verdict.why)) is (result is FAILED)


def test_a_halt_is_a_cross_with_its_reason(db: None, noura: Client, usd: Asset) -> None:
    assert check(noura, usd, "Sending is on").result is PASSED
    Gate.objects.update(halted_at=timezone.now(), halted_because="Our clock is off.")

    verdict = check(noura, usd, "Nothing is sent now")

    assert verdict.result is FAILED
    assert "Our clock is off." in str(verdict.why)


def test_other_settings_than_the_last_payments_are_a_cross(db: None, noura: Client, usd: Asset) -> None:
    Gate.objects.update(environment="another partner's")

    verdict = check(noura, usd, "Nothing is sent now")

    assert verdict.result is FAILED
    assert "not the settings of the last payment" in str(verdict.why)


def test_a_doubt_of_the_client_is_named_and_linked(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    assert check(noura, usd, "Nothing of this client in doubt").result is PASSED
    operation = fresh(maya, omar, noura, usd, State.UNKNOWN)

    verdict = check(noura, usd, "This client has payments in doubt")

    assert verdict.result is WARNING
    assert [link.text for link in verdict.links] == [operation.reference]


def test_funds_that_coinmenas_newest_answer_leaves_out_are_none(db: None, noura: Client, usd: Asset) -> None:
    reading(noura, "2000.00", seconds_ago=60)
    assert check(noura, usd, "Funds sufficient").result is PASSED
    keep_readings(noura, [], read_at=clock.now())
    found = check(noura, usd, "Funds sufficient")
    assert (found.result, found.got) == (WARNING, "CoinMENA would refuse it")


@pytest.mark.parametrize(("available", "result"), [("500.00", PASSED), ("499.99", WARNING)])
def test_funds_are_counted_without_what_waits_to_leave(
    db: None, maya: Person, noura: Client, usd: Asset, available: str, result: CheckResult
) -> None:
    reading(noura, str(Decimal(available) + 70))
    withdrawal(maya, noura, usd, "70.00")

    assert check(noura, usd, "Funds sufficient").result is result


def test_a_copy_is_told_what_it_follows_and_not_that_it_is_an_equal_request(
    db: None, desk: Browser, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = fresh(maya, omar, noura, usd, State.FAILED)

    page = asked(desk, "deposit", amount="1000.00", copy_of=original.reference)

    assert "The one before moved nothing" in page and original.reference in page
    assert "Maya Haddad" in asked(desk, "deposit", amount="1000.00"), "without the link it is an equal request"
    facts = typed_facts(
        kind=Kind.DEPOSIT,
        client=noura,
        asset=usd,
        amount=Decimal("1000.00"),
        amount_fault="",
        original=Operation.objects.get(pk=original.pk),
    )
    assert facts.equal == ()


@pytest.mark.parametrize("typed", [{"copy_of": "nowhere"}, {"copy_of": "\x00"}, {"client": "\x00"}, {"amount": "1e9"}])
def test_s34_nonsense_is_previewed_without_an_error_of_ours(
    db: None, desk: Browser, noura: Client, usd: Asset, typed: dict[str, str]
) -> None:
    assert desk.post("/funding/preview/?kind=withdrawal", {**TYPED, **typed}).status_code == 200


def test_what_is_wrong_with_an_amount_is_not_said_of_its_decimals(
    db: None, desk: Browser, noura: Client, usd: Asset
) -> None:
    page = asked(desk, amount="1.000")
    assert "1.000 may be meant as 1000.00" in page
    assert "digits after the point" not in page


# Who decides ----------------------------------------------------------------------------------------------------------


def test_the_rule_and_whoever_can_approve_today_are_named(
    db: None, desk: Browser, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    page = asked(desk)
    assert "Every withdrawal, version 1" in page
    assert "Lina Aziz" in page and "Omar Saleh" in page and "can approve it today" in page

    Person.objects.filter(pk=lina.pk).update(is_active=False)
    assert "Lina Aziz" not in asked(desk)
    assert "No rule asks for approval of this deposit" in asked(desk, "deposit")


def test_without_scripts_a_button_shows_what_would_happen_and_makes_nothing(
    db: None, desk: Browser, omar: Person, noura: Client, usd: Asset
) -> None:
    answer = desk.post("/funding/withdraw/", {**TYPED, "look": "1"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Every withdrawal, version 1" in page and f'value="{TYPED["amount"]}"' in page
    assert not Operation.objects.exists()


def test_the_approver_sees_that_the_decision_binds_to_what_is_shown(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd)

    def bound() -> CheckResult:
        return checks_of(facts_of(operation, is_fresh=False))[-1].result

    assert bound() is PASSED
    operation.amount = Decimal("5000.00")
    assert bound() is FAILED
