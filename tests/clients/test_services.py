from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.clients import services
from backoffice.clients.models import Asset, BalanceReading, Client, Country
from backoffice.database import clock
from backoffice.mirror.incidents import NOT_STORED
from backoffice.mirror.models import Incident, SyncRun
from backoffice.partner.coinmena.payloads import Balance
from tests.partners import Partners

State = SyncRun.State
ACTIVATION = {"path": "/v1/partner/clients/user_12345/activation"}


# Syncs ----------------------------------------------------------------------------------------------------------------


def test_it_mirrors_every_client(committed: str, partners: Partners) -> None:
    clients = [{"partner_client_id": f"user_{number}"} for number in range(230)]
    partners.control("POST", "clients", {"clients": clients})

    run = services.sync_clients()

    assert (run.state, run.rows_reported, Client.objects.count()) == (State.COMPLETE, 230, 230)


def test_it_mirrors_clients_with_hostile_names_and_goes_on(committed: str, partners: Partners) -> None:
    names = ["<script>alert(1)</script>", "No\x00ura", "\ud800", "\u202egnirts", "=HYPERLINK(1)", "n" * 100_000]
    for number, name in enumerate(names):
        partners.make_client(f"user/{number}?#%", first_name=name)

    run = services.sync_clients()

    assert (run.state, Client.objects.count()) == (State.COMPLETE, len(names))
    assert Client.objects.filter(is_cleaned=True).count() == 2


def test_it_sees_a_client_that_was_deactivated_elsewhere(committed: str, partners: Partners) -> None:
    partners.make_client("user_1")
    services.sync_clients()
    partners.set_client("user_1", active=False)

    run = services.sync_clients()

    assert run.rows_changed == 1
    assert Client.objects.get().active is False


def test_it_mirrors_assets_and_the_names_of_countries(committed: str, partners: Partners) -> None:
    run = services.sync_assets()

    assert run.state == State.COMPLETE
    assert Asset.objects.get(pk="USD").depositable
    assert not Asset.objects.get(pk="BTC").depositable
    assert Country.objects.get(pk="bh").name == "Bahrain"


def test_it_sees_an_asset_that_is_no_longer_depositable(committed: str, partners: Partners) -> None:
    services.sync_assets()
    partners.set_asset("USD", depositable=False)

    services.sync_assets()

    assert not Asset.objects.get(pk="USD").depositable


# Balances -------------------------------------------------------------------------------------------------------------


def test_it_reads_balances_digit_for_digit(noura: Client, noura_at_partner: Partners, maya: Person) -> None:
    read = services.read_balances(noura, by=maya)

    usd = read.of("USD")
    assert read.is_fresh
    assert usd is not None
    assert str(usd.balance) == "740.50"


def test_it_tells_what_is_held_from_what_can_be_moved(noura: Client, noura_at_partner: Partners, maya: Person) -> None:
    noura_at_partner.adjust("user_12345", "USD", held="40.00")

    usd = services.read_balances(noura, by=maya).of("USD")

    assert usd is not None
    assert (usd.balance, usd.available_balance) == (Decimal("740.50"), Decimal("700.50"))


def test_it_keeps_the_balances_it_knows_when_the_partner_is_down(
    noura: Client, noura_at_partner: Partners, maya: Person
) -> None:
    known = services.read_balances(noura, by=maya)

    with noura_at_partner.down():
        read = services.read_balances(noura, by=maya)

    assert read.sentence == "CoinMENA did not answer. Try again in a minute."
    assert [one.read_at for one in read.readings] == [one.read_at for one in known.readings]


def test_it_says_so_when_the_partner_does_not_know_the_client(noura: Client, partners: Partners, maya: Person) -> None:
    assert "does not know this client" in services.read_balances(noura, by=maya).sentence


def test_it_never_lets_an_older_reading_overwrite_a_newer_one(
    noura: Client, noura_at_partner: Partners, maya: Person
) -> None:
    from backoffice.clients.services.balances import keep_readings
    from backoffice.mirror.partners import coinmena

    old = coinmena().balances("user_12345")
    noura_at_partner.make_order("user_12345", amount="9.50")
    newer = services.read_balances(noura, by=maya)

    keep_readings(noura, old, read_at=noura.read_at)

    usd = newer.of("USD")
    assert usd is not None
    assert BalanceReading.objects.get(asset_id="USD").balance == usd.balance == Decimal("750.00")


def test_what_an_answer_leaves_out_is_held_at_nothing_from_then_on(
    noura: Client, noura_at_partner: Partners, maya: Person
) -> None:
    known = services.read_balances(noura, by=maya).of("USD")
    noura_at_partner.fault("echo", match={"path": "/v1/partner/balances"}, field="asset_id", value="EUR")

    read = services.read_balances(noura, by=maya)

    usd, eur = read.of("USD"), read.of("EUR")
    assert known is not None and usd is not None and eur is not None
    assert (usd.balance, usd.available_balance, eur.balance) == (0, 0, Decimal("740.50"))
    assert usd.read_at == eur.read_at > known.read_at


def test_an_empty_answer_says_that_nothing_is_held(noura: Client, noura_at_partner: Partners, maya: Person) -> None:
    services.read_balances(noura, by=maya)
    noura_at_partner.fault("empty_page", match={"path": "/v1/partner/balances"})

    read = services.read_balances(noura, by=maya)

    assert [(one.asset_id, one.balance) for one in read.readings] == [("USD", 0)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "echo", "field": "balance", "omit": True},
        {"kind": "broken", "how": "truncated"},
        {"kind": "wrong_total", "delta": 2},  # a list that says itself that it is not all
    ],
)
def test_an_answer_that_cannot_be_read_whole_changes_nothing(
    noura: Client, noura_at_partner: Partners, maya: Person, fault: dict[str, Any]
) -> None:
    known = services.read_balances(noura, by=maya)
    noura_at_partner.fault(match={"path": "/v1/partner/balances"}, **fault)

    read = services.read_balances(noura, by=maya)

    assert not read.is_fresh
    assert [one.read_at for one in read.readings] == [one.read_at for one in known.readings]
    assert [str(one.balance) for one in read.readings] == ["740.50"]


def test_an_answer_that_comes_late_brings_nothing_back_and_takes_nothing_away(noura: Client) -> None:
    from backoffice.clients.services.balances import keep_readings

    earlier = noura.read_at - timedelta(seconds=9)
    keep_readings(noura, [balance("USD", "5.00")], read_at=noura.read_at)

    keep_readings(noura, [balance("BTC", "1")], read_at=earlier)

    assert list(BalanceReading.objects.values_list("asset_id", "balance")) == [("USD", Decimal("5.00"))]


def test_what_was_read_while_the_clock_ran_ahead_is_overtaken_by_the_next_answer(noura: Client) -> None:
    from backoffice.clients.services.balances import keep_readings

    keep_readings(noura, [balance("USD", "5.00")], read_at=clock.now() + timedelta(hours=6))

    keep_readings(noura, [balance("USD", "2.00")], read_at=clock.now())

    assert BalanceReading.objects.get().balance == Decimal("2.00")


def balance(asset_id: str, amount: str) -> Balance:
    return Balance(asset_id=asset_id, balance=Decimal(amount), available_balance=Decimal(amount), raw=b"{}")


@pytest.mark.parametrize(
    ("fault", "concerns_all"),
    [
        ({"kind": "envelope", "status": 401, "code": 401}, True),
        ({"kind": "envelope", "status": 429}, True),
        ({"kind": "html", "status": 503}, True),
        ({"kind": "envelope", "status": 400, "code": 2008}, False),
        ({"kind": "envelope", "status": 400, "code": 9999}, False),
        ({"kind": "echo", "field": "balance", "omit": True}, False),
    ],
)
def test_it_tells_trouble_with_one_client_from_trouble_with_all(
    noura: Client, noura_at_partner: Partners, maya: Person, fault: dict[str, Any], concerns_all: bool
) -> None:
    noura_at_partner.fault(match={"path": "/v1/partner/balances"}, times=None, **fault)

    read = services.read_balances(noura, by=maya)

    assert (read.is_fresh, read.concerns_all) == (False, concerns_all)


def test_it_reads_balances_for_the_system_too(noura: Client, noura_at_partner: Partners) -> None:
    assert services.read_balances(noura, by=System("Worker")).is_fresh


# Look-up --------------------------------------------------------------------------------------------------------------


def test_it_finds_a_client_that_is_not_mirrored_yet(db: None, partners: Partners, maya: Person) -> None:
    partners.make_client("user/9 ü", first_name="Sara")

    client = services.look_up_client("user/9 ü", by=maya)

    assert client.name == "Sara"
    assert Entry.objects.get().event == "client.looked_up"


def test_it_says_that_no_such_client_exists_and_writes_the_question_down(
    db: None, partners: Partners, maya: Person
) -> None:
    with pytest.raises(services.NotRead, match="does not know this client"):
        services.look_up_client("nobody", by=maya)

    assert Entry.objects.get().after == {"asked": "nobody", "found": False}


# Activation -----------------------------------------------------------------------------------------------------------


def test_it_deactivates_a_client_and_writes_it_down(noura_at_partner: Partners, omar: Person) -> None:
    client = services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=omar)

    entry = Entry.objects.get()
    assert client.active is False
    assert (entry.event, entry.who, entry.reason) == ("client.deactivated", "Omar Saleh", "Left us")
    assert (entry.before, entry.after) == ({"active": True}, {"active": False})
    assert (entry.object_type, entry.object_id, entry.client) == ("client", "user_12345", "user_12345")


def test_it_activates_a_client_again(noura_at_partner: Partners, omar: Person) -> None:
    services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=omar)

    client = services.set_activation(partner_client_id="user_12345", active=True, reason="Came back", by=omar)

    assert client.active is True
    assert [entry.event for entry in Entry.objects.order_by("number")] == ["client.deactivated", "client.activated"]


def test_it_asks_the_partner_whatever_our_mirror_says(noura_at_partner: Partners, omar: Person) -> None:
    """Somebody activated the client elsewhere since the last reading."""
    services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=omar)
    noura_at_partner.set_client("user_12345", active=True)

    services.set_activation(partner_client_id="user_12345", active=False, reason="Fraud", by=omar)

    assert [entry.reason for entry in Entry.objects.order_by("number")] == ["Left us", "Fraud"]
    assert len(noura_at_partner.ledger()["arrivals"]) == 2


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 501])
def test_it_wants_a_reason_it_can_keep(noura_at_partner: Partners, omar: Person, reason: str) -> None:
    with pytest.raises(services.ReasonMissing):
        services.set_activation(partner_client_id="user_12345", active=False, reason=reason, by=omar)

    assert noura_at_partner.ledger()["arrivals"] == []


@pytest.mark.parametrize("role", ["maya", "vera", "adam"])
def test_it_lets_only_managers_switch_a_client(
    noura_at_partner: Partners, request: pytest.FixtureRequest, role: str
) -> None:
    person = request.getfixturevalue(role)

    with pytest.raises(Refused):
        services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=person)

    assert noura_at_partner.ledger()["arrivals"] == []


@pytest.mark.parametrize(
    ("fault", "options", "sentence"),
    [
        ("envelope", {"status": 500}, "trouble on its side"),
        ("html", {}, "trouble on its side"),
        ("close_before_apply", {}, "did not answer"),
        ("close_after_apply", {}, "did not answer"),
        ("envelope", {"status": 401}, "signature"),
        ("envelope", {"status": 400, "code": 9999, "msg": "No"}, "9999"),
    ],
)
def test_it_writes_down_what_the_partner_did_not_do(
    noura_at_partner: Partners, omar: Person, fault: str, options: dict[str, Any], sentence: str
) -> None:
    noura_at_partner.fault(fault, match=ACTIVATION, **options)

    with pytest.raises(services.ActivationFailed, match=sentence):
        services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=omar)

    entry = Entry.objects.get()
    assert (entry.event, entry.result, entry.reason) == ("client.activation_failed", Entry.Result.FAILED, "Left us")
    assert Client.objects.get().active is True


def test_it_can_be_tried_again_after_a_lost_answer(noura_at_partner: Partners, omar: Person) -> None:
    noura_at_partner.fault("close_after_apply", match=ACTIVATION)
    with pytest.raises(services.ActivationFailed):
        services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=omar)

    client = services.set_activation(partner_client_id="user_12345", active=False, reason="Left us", by=omar)

    assert client.active is False


def test_it_says_so_when_the_mirror_cannot_hold_a_client(db: None, partners: Partners, maya: Person) -> None:
    partners.make_client("x" * 150)

    with pytest.raises(services.NotRead, match="the mirror cannot hold it"):
        services.look_up_client("x" * 150, by=maya)

    assert Incident.objects.get().kind == NOT_STORED
