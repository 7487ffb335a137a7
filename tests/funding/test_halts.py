"""What stops all sending by itself, what it says, and how a manager lets it go on (reliability.md §5, F22, F34)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.clients.services import ActivationFailed, look_up_client, read_balances, set_activation
from backoffice.database import clock
from backoffice.funding.freezing import halts
from backoffice.funding.freezing.halts import HALTS
from backoffice.funding.freezing.pages import skew_sentence
from backoffice.funding.freezing.standstill import notices
from backoffice.funding.models import Attempt, Gate, HaltCode
from backoffice.funding.services.balances import fresh_balance
from backoffice.funding.services.brakes import resume_sending, watch_clock
from backoffice.funding.services.doorbells import SEND
from backoffice.funding.services.resolving import check_now
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.partners import coinmena as client_of
from backoffice.mirror.partners import for_our_books
from backoffice.mirror.registry import registered
from backoffice.orders.rereading import reread_orders
from backoffice.orders.services import look_up_order, reread_order
from backoffice.reconciliation.comparing.evidence import look_up
from tests.funding.cast import NOURA, deposit, looked_up, sent
from tests.partners import Partners


def gate() -> Gate:
    return Gate.objects.get()


def test_every_halt_says_why_and_how_to_go_on() -> None:
    assert set(HALTS) == set(HaltCode)
    assert all(halt.why.endswith(".") and halt.what_to_do.endswith(".") for halt in HALTS.values())


# Another environment --------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(coinmena: Partners, maya: Person, noura: Client, usd: Asset, settings: Settings) -> None:
    """One payment was made, then somebody changed the partner id."""
    assert sent(deposit(maya, noura, usd, "1.00")).state == State.COMPLETED
    settings.COINMENA_PARTNER_ID = "another-partner"


def test_the_first_payment_notes_its_environment(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    assert gate().environment == ""
    sent(deposit(maya, noura, usd))
    assert gate().environment == client_of().environment


@pytest.mark.usefixtures("elsewhere")
def test_nothing_is_sent_to_another_environment(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = sent(deposit(maya, noura, usd, "2.00"))

    assert operation.state == State.APPROVED
    assert coinmena.ledger(reference=operation.reference)["arrivals"] == []
    assert gate().halt_code == HaltCode.ENVIRONMENT
    assert (Entry.objects.get(event="funding.halted").after or {})["found"] == client_of().environment


@pytest.mark.parametrize("mirror", [Mirror.CLIENTS, Mirror.ASSETS, Mirror.ORDERS])
def test_no_list_of_another_environment_is_read_into_our_books(
    coinmena: Partners, elsewhere: None, omar: Person, mirror: Mirror
) -> None:
    asked, read = coinmena.requests_made(), registered()[mirror]

    run = read()

    assert (run.state, coinmena.requests_made()) == (SyncRun.State.FAILED, asked)
    assert "not the settings of the last payment" in run.sentence
    assert gate().halt_code == HaltCode.ENVIRONMENT
    resume_sending(reason="This is our new account.", by=omar)
    assert "settings" not in read().sentence


@pytest.mark.parametrize("mirror", [Mirror.CLIENTS, Mirror.ASSETS, Mirror.ORDERS])
def test_settings_put_back_read_on_by_themselves(
    coinmena: Partners, elsewhere: None, settings: Settings, mirror: Mirror
) -> None:
    read = registered()[mirror]
    assert read().state == SyncRun.State.FAILED
    settings.COINMENA_PARTNER_ID = "demo-partner"

    assert read().state == SyncRun.State.COMPLETE


WAYS: dict[str, Callable[[Person, Client], object]] = {
    "a stretch read again": lambda _by, _client: reread_orders(clock.now() - timedelta(hours=2), clock.now()),
    "an order looked up": lambda by, _client: look_up_order(text="9042131", by=by),
    "an order read again": lambda by, _client: reread_order(order_id=9042131, by=by),
    "a client looked up": lambda by, _client: look_up_client(partner_client_id=NOURA, by=by),
    "a reference checked": lambda _by, _client: look_up(for_our_books(), "dep-1"),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_another_environment_is_asked_for_our_books(
    coinmena: Partners, elsewhere: None, maya: Person, noura: Client, way: str
) -> None:
    asked = coinmena.requests_made()

    with pytest.raises(Exception, match="not the settings of the last payment"):
        WAYS[way](maya, noura)

    assert coinmena.requests_made() == asked


def test_nobody_is_switched_off_in_another_environment(
    coinmena: Partners, elsewhere: None, omar: Person, noura: Client
) -> None:
    asked = coinmena.requests_made()

    with pytest.raises(ActivationFailed, match="not the settings"):
        set_activation(partner_client_id=NOURA, active=False, reason="They asked for it.", by=omar)

    assert coinmena.requests_made() == asked


def test_balances_of_another_environment_are_not_read(
    coinmena: Partners, elsewhere: None, maya: Person, noura: Client, usd: Asset
) -> None:
    asked = coinmena.requests_made()

    assert "not the settings" in read_balances(noura, maya).sentence
    assert "not the settings" in fresh_balance(noura, usd.asset_id).trouble
    assert coinmena.requests_made() == asked


def test_before_the_first_payment_every_setting_reads(coinmena: Partners) -> None:
    assert registered()[Mirror.ASSETS]().state == SyncRun.State.COMPLETE
    assert gate().environment == ""


@pytest.mark.usefixtures("elsewhere")
def test_settings_put_back_do_not_resume_by_themselves(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset, settings: Settings
) -> None:
    operation = sent(deposit(maya, noura, usd, "2.00"))
    settings.COINMENA_PARTNER_ID = "demo-partner"

    assert sent(operation).state == State.APPROVED
    resume_sending(reason="The setting was put back.", by=omar)
    assert sent(operation).state == State.COMPLETED


@pytest.mark.usefixtures("elsewhere")
def test_a_manager_who_resumes_accepts_the_new_environment(
    maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd, "2.00"))
    known = gate().environment

    resume_sending(reason="A new partner id, as announced.", by=omar)

    assert gate().halted_at is None and gate().halt_code == ""
    assert known != gate().environment == client_of().environment
    sent(operation)
    assert Attempt.objects.filter(operation=operation, environment=gate().environment).exists()
    assert (Entry.objects.get(event="funding.resumed").before or {})["environment"] == known


def test_a_request_turned_away_elsewhere_does_not_make_the_order_here_prove_nothing(
    coinmena: Partners,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.COINMENA_PARTNER_ID = "mistyped"
    operation = sent(deposit(maya, noura, usd))
    settings.COINMENA_PARTNER_ID = "demo-partner"
    assert (sent(operation).state, gate().halt_code) == (State.APPROVED, HaltCode.ENVIRONMENT)
    resume_sending(reason="The id was mistyped.", by=omar)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=60))
    coinmena.fault("close_after_apply", match={"method": "POST"})

    assert sent(operation).state == State.UNKNOWN
    assert looked_up(operation).state == State.COMPLETED


def test_a_request_turned_away_elsewhere_does_not_make_the_order_here_prove_nothing_where_another_was_refused(
    coinmena: Partners,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of the attempts is open then; the order in the mirror is of the one that CoinMENA refused, or older."""
    settings.COINMENA_PARTNER_ID = "mistyped"
    operation = sent(deposit(maya, noura, usd))
    settings.COINMENA_PARTNER_ID = "demo-partner"
    sent(operation)
    resume_sending(reason="The id was mistyped.", by=omar)
    order = coinmena.make_order(NOURA, amount=str(operation.amount), reference=operation.reference)
    look_up_order(text=operation.reference, by=maya)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=60))
    coinmena.fault("envelope", match={"method": "POST"}, status=400, code=3005)

    assert sent(operation).state == State.UNKNOWN
    operation = looked_up(operation)
    assert (operation.state, operation.partner_order_id) == (State.COMPLETED, order["id"])


# The clock ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "is_halted"), [(0, False), (-8, False), (-15, True), (15, True)])
def test_a_clock_that_is_off_stops_sending(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, offset: float, is_halted: bool
) -> None:
    coinmena.clock(offset)
    sent(deposit(maya, noura, usd))
    assert (gate().halt_code == HaltCode.CLOCK) is is_halted


def test_a_look_up_measures_the_clock_as_well(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    coinmena.clock(15)

    assert looked_up(operation).state == State.COMPLETED
    assert gate().halt_code == HaltCode.CLOCK


def test_a_look_up_that_a_person_asks_for_measures_the_clock_as_well(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    coinmena.clock(15)

    assert check_now(operation_id=operation.pk, by=maya).operation.state == State.COMPLETED
    assert gate().halt_code == HaltCode.CLOCK


def test_staff_are_warned_before_a_clock_stops_sending(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.clock(6)
    sent(deposit(maya, noura, usd))

    skew = halts.measured_skew()

    assert skew is not None and -7 < skew < -4
    assert "behind CoinMENA's" in skew_sentence(skew)
    assert skew_sentence(1.9) == skew_sentence(None) == ""


@pytest.mark.parametrize("skew", [None, 0.0, 9.9, -9.9])
def test_a_small_difference_halts_nothing(db: None, skew: float | None) -> None:
    watch_clock(skew, holder="worker 1")
    assert gate().halted_at is None


# Refused, and resumed -------------------------------------------------------------------------------------------------


def test_three_refused_signatures_halt_with_their_code(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("envelope", match={"method": "POST"}, status=401, code=401, times=3)
    for number in range(3):
        sent(deposit(maya, noura, usd, f"{number + 1}.00"))

    assert (gate().halt_code, gate().unauthorised_in_a_row) == (HaltCode.UNAUTHORISED, 3)


@pytest.mark.parametrize("name", ["maya", "vera", "adam"])
def test_only_managers_resume(db: None, request: pytest.FixtureRequest, name: str) -> None:
    watch_clock(30.0, holder="worker 1")
    with pytest.raises(Refused):
        resume_sending(reason="Set.", by=request.getfixturevalue(name))
    assert gate().halted_at is not None


def test_what_is_not_halted_is_not_resumed(db: None, omar: Person) -> None:
    with pytest.raises(Conflict, match="not halted"):
        resume_sending(reason="Set.", by=omar)


def test_whoever_resumes_rings_for_what_waits(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    """A bell that is heard while sending is halted leads to nothing; without another, only a sweep would find it."""
    watch_clock(30.0, holder="worker 1")
    operation = deposit(maya, noura, usd)
    assert sent(operation).state == State.APPROVED
    ProcrastinateJob.objects.all().delete()

    resume_sending(reason="The clock was set.", by=omar)

    rung = ProcrastinateJob.objects.filter(task_name=SEND, status="todo").values_list("args", flat=True)
    assert list(rung) == [{"operation_id": operation.pk}]


# On every screen ------------------------------------------------------------------------------------------------------


def test_the_line_above_every_page_says_why_and_until_when(db: None) -> None:
    assert notices(timezone.now()) == ()
    Gate.objects.update(paused_until=timezone.now() + timedelta(minutes=3))
    (pause,) = notices(timezone.now())
    assert "by itself at" in str(pause.text)

    watch_clock(-30.0, holder="worker 1")

    (halt,) = notices(timezone.now())
    assert "more than 10 seconds" in str(halt.text)
