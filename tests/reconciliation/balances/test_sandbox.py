"""Both proofs against partners that keep books of their own: what we add up is what they have, to the digit."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from backoffice.accounts.actors import System
from backoffice.clients.models import BalanceReading
from backoffice.clients.services import sync_assets, sync_clients
from backoffice.database import clock
from backoffice.funding.models import Gate
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.services import sync_orders
from backoffice.reconciliation.bitnob import accounts as bitnob_accounts
from backoffice.reconciliation.models import BalanceProof, Run
from backoffice.reconciliation.services import balances
from backoffice.reconciliation.services.transactions import check_transactions, read_bitnob
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.rows import Theirs
from tests.stopping import asked_to_stop, stopped_after

BY = System("test")


def all_is_read() -> None:
    """Leave the margin of the syncs out: nothing arrives late in these tests."""
    for mirror in (Mirror.ORDERS, Mirror.TRANSACTIONS):
        SyncRun.objects.filter(mirror=mirror).update(state=SyncRun.State.COMPLETE, read_to=clock.now())


def coinmena_is_mirrored() -> None:
    sync_assets()
    sync_clients()
    sync_orders()
    balances.read_afresh(by=BY, most=1_000)
    all_is_read()


def unproven(run: Run) -> list[tuple[str, str, Decimal]]:
    return [(one.client or one.account, one.asset, one.difference) for one in run.proofs.exclude(difference=0)]


@pytest.fixture
def history(committed: str, partners: Partners, settings: Settings) -> Partners:
    settings.BITNOB_REQUESTS_PER_MINUTE = 6_000
    partners.reset(history="small", seed=7)
    return partners


def test_every_balance_of_coinmena_is_what_its_orders_add_up_to(history: Partners) -> None:
    coinmena_is_mirrored()
    run = balances.prove_balances(by=BY)
    assert unproven(run) == []
    assert run.proofs.count() == BalanceReading.objects.count() > 10
    assert run.is_complete
    held = history.ledger()["balances"]
    for proof in run.proofs.all():
        assert proof.opening + proof.effects == Decimal(held[proof.client][proof.asset]["balance"])


def test_a_balance_coinmena_moves_without_an_order_shows_with_its_sign(history: Partners) -> None:
    history.adjust("user_12345", "USD", change="-12.34")
    coinmena_is_mirrored()
    run = balances.prove_balances(by=BY)
    assert unproven(run) == [("user_12345", "USD", Decimal("-12.34"))]
    assert run.counts["balance_differs"] == 1


def test_balances_are_read_once_and_then_left_until_they_are_old(history: Partners) -> None:
    coinmena_is_mirrored()
    assert balances.read_afresh(by=BY) == 0
    BalanceReading.objects.update(read_at=clock.now() - balances.YOUNG - timedelta(minutes=1))
    assert balances.read_afresh(by=BY, most=2) == 2


def test_a_partner_that_is_down_ends_the_round_and_keeps_what_is_known(history: Partners) -> None:
    coinmena_is_mirrored()
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    with history.down():
        assert balances.read_afresh(by=BY) == 0
    assert BalanceReading.objects.exists()


def test_a_round_ends_between_two_clients_when_its_process_is_asked_to_stop(history: Partners) -> None:
    coinmena_is_mirrored()
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    with stopped_after(2):
        balances.read_afresh(by=BY)
    young = BalanceReading.objects.filter(read_at__gte=clock.now() - balances.YOUNG)
    assert young.values("client").distinct().count() == 2


def gone_at_coinmena(*names: str) -> None:
    """Clients with completed orders whom CoinMENA does not know any more: it refuses their balances with 2008."""
    for name in names:
        rows.client(name)
        rows.order(Theirs(reference=None, client=name))


def to_be_read() -> set[str]:
    return set(balances.to_be_read().values_list("partner_client_id", flat=True))


def test_a_client_coinmena_refuses_does_not_end_the_round(history: Partners) -> None:
    coinmena_is_mirrored()
    gone_at_coinmena("user_gone")
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    others = to_be_read() - {"user_gone"}
    assert balances.read_afresh(by=BY) == len(others) > 2
    assert to_be_read() == {"user_gone"}


def test_an_answer_that_cannot_be_read_does_not_end_the_round(history: Partners) -> None:
    coinmena_is_mirrored()
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    history.fault("echo", match={"client": "user_12345"}, times=None, field="balance", value="much")
    others = to_be_read() - {"user_12345"}
    assert balances.read_afresh(by=BY) == len(others) > 2
    assert to_be_read() == {"user_12345"}


@pytest.mark.parametrize("fault", [{"status": 401, "code": 401}, {"status": 429}, {"status": 503}])
def test_trouble_with_all_of_coinmena_ends_the_round(history: Partners, fault: dict[str, Any]) -> None:
    coinmena_is_mirrored()
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    for client in to_be_read():
        history.fault("envelope", match={"client": client}, times=None, **fault)
    assert balances.read_afresh(by=BY) == 0
    asked = [rule for rule in history.clear_faults() if rule["fired"]]
    assert len(asked) == 1 < len(to_be_read())


def test_with_the_settings_of_another_account_no_balances_are_read(history: Partners) -> None:
    coinmena_is_mirrored()
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    Gate.objects.update(environment="of the last payment")
    asked = history.requests_made()

    assert (balances.read_afresh(by=BY), history.requests_made()) == (0, asked)


def test_clients_coinmena_refuses_do_not_use_up_the_rounds_of_the_others(history: Partners) -> None:
    coinmena_is_mirrored()
    gone_at_coinmena("user_gone_1", "user_gone_2", "user_gone_3")
    one = BalanceReading.objects.filter(client__partner_client_id="user_12345")
    one.update(read_at=clock.now() - balances.YOUNG - timedelta(minutes=1))
    rounds = (balances.read_afresh(by=BY, most=2) for _round in range(200))
    assert any(rounds)
    assert to_be_read() == {"user_gone_1", "user_gone_2", "user_gone_3"}


def test_what_coinmenas_answer_leaves_out_differs_by_all_that_was_there(history: Partners) -> None:
    coinmena_is_mirrored()
    held = BalanceReading.objects.get(client__partner_client_id="user_12345", asset_id="USD").balance
    assert unproven(balances.prove_balances(by=BY)) == []
    BalanceReading.objects.update(read_at=clock.now() - timedelta(days=1))
    history.fault("empty_page", match={"path": "/v1/partner/balances", "client": "user_12345"})
    balances.read_afresh(by=BY)
    all_is_read()
    differing = unproven(balances.prove_balances(by=BY))
    assert ("user_12345", "USD", -held) in differing
    assert {client for client, _asset, _difference in differing} == {"user_12345"}
    assert "user_12345" not in to_be_read()


def test_a_first_answer_that_is_empty_is_a_reading_of_all_that_orders_moved(history: Partners) -> None:
    coinmena_is_mirrored()
    history.make_client("user_empty")
    gone_at_coinmena("user_empty")
    balances.read_afresh(by=BY)
    all_is_read()
    run = balances.prove_balances(by=BY)
    assert (run.is_complete, unproven(run)) == (True, [("user_empty", "USD", Decimal(-500))])


def test_bitnob_is_checked_as_it_was_read_when_the_process_is_asked_to_stop_meanwhile(history: Partners) -> None:
    read_bitnob()
    with asked_to_stop():
        read_bitnob()
        check_transactions(by=BY)
    assert Run.objects.get().is_complete


def accounts(run: Run) -> dict[str, BalanceProof]:
    return {one.asset: one for one in run.proofs.all()}


def checked() -> Run:
    read_bitnob()
    all_is_read()
    return check_transactions(by=BY)


def test_every_account_at_bitnob_keeps_to_its_opening_whatever_happens(history: Partners) -> None:
    first = checked()
    assert set(first.counts) <= {"matched", "too_early", "stuck"}
    assert unproven(first) == []
    openings = {asset: proof.opening for asset, proof in accounts(first).items()}
    assert openings["USDT"] == 640_000_000_000
    made = history.make_transaction(amount="-5000000", fee="1000000", type="WITHDRAWAL_INITIATED", reference="wd-1")
    history.make_transaction(amount="7000000", state="PENDING", reference="RCV-2")
    history.make_transaction(amount="9000000", state="FAILED", reference="RCV-3")
    second = checked()
    assert unproven(second) == []
    history.move_transaction(made["transaction_id"], "REVERSED")
    third = checked()
    assert unproven(third) == []
    assert {asset: proof.opening for asset, proof in accounts(third).items()} == openings
    assert accounts(second)["USDT"].effects == accounts(first)["USDT"].effects - 6_000_000
    assert accounts(third)["USDT"].effects == accounts(first)["USDT"].effects


def test_a_reversal_that_never_came_is_told_and_explains_the_account(
    history: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bitnob_accounts, "UNSURE_BEFORE", timedelta(0))
    made = history.make_transaction(amount="-5000000", fee="1000000", type="WITHDRAWAL_INITIATED", reference="wd-1")
    assert accounts(checked())["USDT"].difference == 0
    history.move_transaction(made["transaction_id"], "REVERSED", reversal_row=False)
    run = checked()
    assert run.counts["reversed_unlinked"] == 1
    proof = accounts(run)["USDT"]
    assert (proof.difference, proof.explained) == (-6_000_000, -6_000_000)
