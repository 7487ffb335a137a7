"""Freezes: what each of them keeps back, that no claim gets past one, and that two other people let it go."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.audit.sealing.behind import Behind
from backoffice.clients.models import Asset, Client
from backoffice.funding import queries
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.policies import why_frozen, why_not_ask_release
from backoffice.funding.models import Attempt, Freeze, Kind, Operation, Scope
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.freezing import freeze, freeze_after_restore, freeze_behind_the_seals
from backoffice.funding.services.previewing import facts_of
from backoffice.funding.services.sending import send
from backoffice.funding.states import State
from tests.approving import approve, ask_for_release
from tests.funding.cast import approved_by, deposit, looked_up, mirrored_asset, mirrored_client, now, sent, withdrawal
from tests.partners import Partners

REASON = "A payout list looks wrong."


def frozen(by: Person, scope: Scope = Scope.EVERYTHING, **what: Any) -> Freeze:
    return freeze(scope=scope, reason=REASON, by=by, **what)


def named_by(scope: Scope, client: Client, asset: Asset) -> dict[str, Any]:
    """What a freeze of this scope has to name."""
    return {"asset": asset} if scope == Scope.ASSET else {"client": client} if scope == Scope.CLIENT else {}


def approved_release(made: Freeze, *, asked_by: Person, approved_by: Person) -> Request:
    request = ask_for_release(made, by=asked_by, reason="The list was corrected.")
    return approve(request, by=approved_by)


# What is kept back ----------------------------------------------------------------------------------------------------

#: Scope, and which of four operations it keeps back: Noura's deposit and withdrawal of USD, her deposit of EUR, and
#: Yusuf's deposit of USD.
KEPT_BACK = [
    (Scope.EVERYTHING, (True, True, True, True)),
    (Scope.MONEY_OUT, (False, True, False, False)),
    (Scope.ASSET, (True, True, False, True)),
    (Scope.CLIENT, (True, True, True, False)),
]


@pytest.mark.parametrize(("scope", "kept_back"), KEPT_BACK)
def test_a_freeze_keeps_back_what_it_names_and_nothing_else(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset, scope: Scope, kept_back: tuple[bool, ...]
) -> None:
    yusuf, eur = mirrored_client("user_2", name="Yusuf Karim"), mirrored_asset("EUR")
    operations = [
        deposit(maya, noura, usd),
        approved_by(omar, withdrawal(maya, noura, usd)),
        deposit(maya, noura, eur),
        deposit(maya, yusuf, usd),
    ]
    made = frozen(omar, scope, **named_by(scope, noura, usd))

    said = tuple(bool(why_frozen(one.kind, one.client_id, one.asset_id)) for one in operations)
    held = set(freezes.held_by(made).values_list("pk", flat=True))
    swept = set(queries.waiting_to_be_sent(timezone.now()).values_list("pk", flat=True))

    assert said == kept_back
    assert held == {one.pk for one, is_kept in zip(operations, kept_back, strict=True) if is_kept}
    assert swept == {one.pk for one in operations} - held
    assert freezes.held_by_each([made])[made.pk].count == sum(kept_back)


@pytest.mark.parametrize("scope", Scope)
def test_the_claim_refuses_what_is_frozen_and_the_database_would_too(
    committed: str, maya: Person, omar: Person, noura: Client, usd: Asset, scope: Scope
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    frozen(omar, scope, **named_by(scope, noura, usd))

    assert claim(operation.pk, "worker 1") is None
    assert now(operation).state == State.APPROVED and not Attempt.objects.exists()
    with pytest.raises(IntegrityError, match="is frozen"), transaction.atomic():
        Operation.objects.filter(pk=operation.pk).update(state=State.SUBMITTING)


def test_the_sums_of_what_is_held_keep_directions_and_assets_apart(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    deposit(maya, noura, usd, "1000.00000001")
    withdrawal(maya, noura, usd, "500.00")
    withdrawal(maya, noura, mirrored_asset("EUR"), "7.50")
    made = frozen(omar)

    assert freezes.held_by_each([made])[made.pk].sums == {
        "USD": {Kind.DEPOSIT: Decimal("1000.00000001"), Kind.WITHDRAWAL: Decimal("500.00")},
        "EUR": {Kind.WITHDRAWAL: Decimal("7.50")},
    }


def test_the_preview_names_the_freeze(db: None, maya: Person, omar: Person, noura: Client, usd: Asset) -> None:
    operation = withdrawal(maya, noura, usd)
    frozen(omar, Scope.MONEY_OUT)

    said = facts_of(operation, is_fresh=False).frozen

    assert "Money out is frozen by Omar Saleh" in said and REASON in said


def test_a_freeze_leaves_look_ups_alone_and_sends_nothing_again(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    frozen(omar)

    assert looked_up(operation).state == State.COMPLETED
    assert len(coinmena.ledger(reference=operation.reference)["arrivals"]) == 1


# Freezing -------------------------------------------------------------------------------------------------------------


def test_one_manager_freezes_and_the_log_says_why(db: None, omar: Person) -> None:
    made = frozen(omar)

    entry = Entry.objects.get(event="freeze.made")
    assert (entry.who, entry.reason, entry.object_id) == (omar.name, REASON, str(made.pk))


@pytest.mark.parametrize("name", ["maya", "vera", "adam"])
def test_nobody_but_a_manager_freezes(db: None, request: pytest.FixtureRequest, name: str) -> None:
    with pytest.raises(Refused, match="Only managers"):
        frozen(request.getfixturevalue(name))
    assert not Freeze.objects.exists()


def test_the_same_scope_twice_names_who_froze_it(db: None, omar: Person, lina: Person, usd: Asset) -> None:
    frozen(omar, Scope.ASSET, asset=usd)
    frozen(lina, Scope.ASSET, asset=mirrored_asset("EUR"))

    with pytest.raises(Conflict, match="USD is frozen by Omar Saleh since"):
        frozen(lina, Scope.ASSET, asset=usd)


def race(do: Callable[[int], Any]) -> list[Any]:
    """Let nine threads start at the same moment, each over a connection of its own."""
    start = Barrier(9)

    def run(number: int) -> Any:
        start.wait()
        try:
            return do(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as pool:
        return list(pool.map(run, range(9)))


@pytest.mark.parametrize("_round", range(5))
def test_a_freeze_among_eight_claims_is_past_some_and_before_the_others(
    committed: str, maya: Person, omar: Person, usd: Asset, _round: int
) -> None:
    operations = [deposit(maya, mirrored_client(f"user_{number}"), usd, f"{number + 1}.00") for number in range(8)]

    outcomes = race(lambda number: frozen(omar) if number == 8 else claim(operations[number].pk, f"worker {number}"))

    made = Freeze.objects.get()
    claimed = {one.operation_id for one in outcomes[:8] if one is not None}
    assert {one.operation_id for one in Attempt.objects.all()} == claimed
    assert all(attempt.claimed_at < made.frozen_at for attempt in Attempt.objects.all())
    for operation in operations:
        assert claim(operation.pk, "worker late") is None


# Letting go -----------------------------------------------------------------------------------------------------------


def test_two_others_release_and_what_was_held_is_rung_for_and_sent(
    coinmena: Partners, maya: Person, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    made = frozen(omar)
    assert not send(operation.pk, holder="worker 1")
    before = ProcrastinateJob.objects.filter(task_name="funding.send").count()

    approved_release(made, asked_by=maya, approved_by=lina)

    made.refresh_from_db()
    assert made.released_at is not None and made.release is not None
    assert ProcrastinateJob.objects.filter(task_name="funding.send").count() == before + 1
    assert sent(operation).state == State.COMPLETED
    assert Entry.objects.get(event="freeze.released").who == lina.name


WHO_ASKS = [("maya", ""), ("lina", ""), ("omar", "You froze it."), ("vera", "Only finance"), ("adam", "Only finance")]


@pytest.mark.parametrize(("name", "sentence"), WHO_ASKS)
def test_who_may_ask_for_a_release(
    db: None, omar: Person, request: pytest.FixtureRequest, name: str, sentence: str
) -> None:
    made = frozen(omar)
    person = omar if name == "omar" else request.getfixturevalue(name)

    assert sentence in why_not_ask_release(person, made)
    if sentence:
        with pytest.raises(Refused, match=sentence):
            ask_for_release(made, by=person)
    else:
        assert ask_for_release(made, by=person).barred == omar


def test_neither_the_one_who_froze_nor_the_one_who_asked_approves(
    db: None, maya: Person, omar: Person, lina: Person
) -> None:
    made = frozen(omar)
    request = ask_for_release(made, by=lina)

    for person, sentence in ((omar, "would undo what you did"), (lina, "your own request"), (maya, "Only managers")):
        with pytest.raises(Refused, match=sentence):
            approve(request, by=person)
    made.refresh_from_db()
    assert made.released_at is None


def test_one_request_for_a_release_waits_at_a_time(db: None, maya: Person, omar: Person, lina: Person) -> None:
    made = frozen(omar)
    first = ask_for_release(made, by=maya)
    with pytest.raises(Conflict, match="Maya Haddad has asked for it already"):
        ask_for_release(made, by=lina)

    approvals.cancel(request_id=first.pk, by=maya)
    second = ask_for_release(made, by=lina)

    assert (first.subject, second.subject) == (f"freeze-{made.pk}-1", f"freeze-{made.pk}-2")
    assert Entry.objects.filter(event="freeze.release_cancelled").exists()


def test_a_rejected_release_leaves_the_freeze(db: None, maya: Person, omar: Person, lina: Person) -> None:
    made = frozen(omar)
    request = ask_for_release(made, by=maya)

    approvals.reject(
        request_id=request.pk, fingerprint=request.fingerprint, reason_code="other", note="Not yet.", by=lina
    )

    made.refresh_from_db()
    assert made.released_at is None
    assert why_frozen(Kind.DEPOSIT, None, None)


def test_what_is_released_can_be_frozen_again_and_not_released_twice(
    db: None, maya: Person, omar: Person, lina: Person
) -> None:
    made = frozen(omar)
    approved_release(made, asked_by=maya, approved_by=lina)

    with pytest.raises(Conflict, match="released already"):
        ask_for_release(made, by=maya)
    assert frozen(omar).pk != made.pk


# What the database refuses --------------------------------------------------------------------------------------------


def written_down(made: Freeze, **changes: Any) -> None:
    with transaction.atomic():
        Freeze.objects.filter(pk=made.pk).update(**changes)


def test_the_database_refuses_a_release_nobody_approved(db: None, maya: Person, omar: Person) -> None:
    made = frozen(omar)
    request = ask_for_release(made, by=maya)

    with pytest.raises(IntegrityError, match="not released by two other people"):
        written_down(made, release=request, released_at=timezone.now())
    with pytest.raises(IntegrityError):
        written_down(made, released_at=timezone.now())


def test_the_database_refuses_the_release_of_another_freeze(db: None, maya: Person, omar: Person, lina: Person) -> None:
    small, large = frozen(omar, Scope.MONEY_OUT), frozen(omar)
    request = ask_for_release(small, by=maya)
    approve(request, by=lina)

    with pytest.raises(IntegrityError, match="not released by two other people"):
        written_down(large, release=request, released_at=timezone.now())


def test_the_database_refuses_a_release_that_the_one_who_froze_asked_for(
    db: None, omar: Person, lina: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy refuses it before; should it be gone, the trigger is there."""
    made = frozen(omar)
    monkeypatch.setattr("backoffice.funding.services.releasing.check_can_ask_release", lambda _person, _freeze: None)
    request = ask_for_release(made, by=omar)

    with pytest.raises(IntegrityError, match="not released by two other people"), transaction.atomic():
        approve(request, by=lina)


@pytest.mark.parametrize("changes", [{"reason": "Another."}, {"scope": Scope.MONEY_OUT}, {"frozen_by": None}])
def test_the_database_keeps_what_was_frozen_as_it_was(db: None, omar: Person, changes: dict[str, Any]) -> None:
    made = frozen(omar)
    with pytest.raises(Exception, match="content_is_frozen|Cannot update"):
        written_down(made, **changes)


def test_the_lock_of_a_restore_stands_beside_a_freeze_of_everything_and_stands_once(db: None, omar: Person) -> None:
    frozen(omar)
    lock = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))

    assert freeze_after_restore(backup_at=timezone.now(), by=System("after_restore")) == lock
    assert freezes.in_force().count() == 2


def test_each_restore_moves_the_lock_in_force_on_and_nothing_moves_it_back(db: None, omar: Person) -> None:
    made = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))
    again = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))

    assert again.frozen_at == made.frozen_at < again.restored_at == freezes.restored_at()
    for moment in (made.frozen_at, None):
        with pytest.raises(Exception, match="restores_only_move_on|Cannot update"):
            written_down(again, restored_again_at=moment)
    with pytest.raises(Exception, match="only_a_restore_comes_again"):
        written_down(frozen(omar), restored_again_at=timezone.now())


def test_a_log_that_is_found_behind_again_moves_a_lock_on_once(db: None) -> None:
    """The lock may have stood in the backup; and the log is found behind until people have looked."""
    old = freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))
    behind = Behind(seal=1, common_at=old.frozen_at, lost_at=timezone.now())
    for _time in range(2):
        freeze_behind_the_seals(behind)

    lock = Freeze.objects.get()
    assert lock == old and lock.restored_at > behind.lost_at
    assert Entry.objects.filter(event="freeze.restored_again").count() == 1
