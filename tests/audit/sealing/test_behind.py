"""A log behind its newest seal of the second place holds all money, until two people have looked (C17, F38)."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry, Seal, SealCopy, SealSetAside
from backoffice.audit.sealing import behind
from backoffice.audit.sealing.checking import seal_faults
from backoffice.audit.sealing.second_place import line_of
from backoffice.audit.services import record
from backoffice.audit.verifying.checking import verify
from backoffice.database import clock
from backoffice.funding.freezing import release_conditions
from backoffice.funding.freezing.policies import frozen_sentence
from backoffice.funding.freezing.reasons import LOG_BEHIND
from backoffice.funding.models import Freeze, Scope
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.reconciliation.restoring import BY
from backoffice.worker.starting import look_around
from tests.approving import approve, ask_for_release
from tests.audit.chain import damage, write
from tests.audit.sealing.sealed_log import restore_to, sealed, three_seals

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def restored(second_place: Path) -> Seal:
    """The log went back to its first seal; returns that seal."""
    first = three_seals()[0]
    restore_to(first)
    return first


def test_a_log_in_step_with_its_seals_holds_nothing(second_place: Path) -> None:
    three_seals()
    write()
    assert behind.watch() is None
    assert not Freeze.objects.exists()


def test_a_worker_freezes_everything_before_its_first_job(restored: Seal) -> None:
    look_around()
    lock = Freeze.objects.get()
    assert (lock.scope, lock.frozen_by, lock.backup_at) == (Scope.EVERYTHING, None, restored.at)
    assert lock.reason == LOG_BEHIND
    assert len(lock.reason) <= 200, "its page shows all of it"
    assert "Seal 2 stands in the second place only" in Entry.objects.get(event="seals.faulty").reason
    assert frozen_sentence(lock).endswith("because the audit log is behind its seals.")


def test_sealing_freezes_too_and_goes_on_beside_what_was_lost(restored: Seal, second_place: Path) -> None:
    seal = sealed()
    assert Freeze.objects.count() == 1
    assert (seal.number, seal.prev) == (2, restored.hash)
    assert SealCopy.objects.get(seal=seal).file == f"seal-000000002-{seal.hash[:16]}.json"
    assert len(list(second_place.iterdir())) == 4
    sealed()
    assert Freeze.objects.count() == 1, "the lock that is in force stays"


def test_the_seals_that_were_lost_are_set_aside_by_the_two_who_release(
    restored: Seal, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_conditions, "_CONDITIONS", {})
    look_around()
    request = ask_for_release(Freeze.objects.get(), by=maya, reason="Everything was looked at.")
    approve(request, by=omar)
    assert list(SealSetAside.objects.order_by("number").values_list("number", flat=True)) == [2, 3]
    entry = Entry.objects.get(event="seals.set_aside")
    assert entry.person == omar and entry.after is not None
    assert [entry.after[name] for name in ("first", "last", "count")] == [2, 3, 2]
    assert len(entry.after["hashes"]) == 2
    assert behind.watch() is None, "it does not freeze again"
    sealed()
    assert list(seal_faults()) == []


def test_s29_seals_that_only_a_row_sets_aside_are_strays_as_before(restored: Seal, second_place: Path) -> None:
    for copy in behind.genuine_strays(second_place):
        SealSetAside.objects.create(number=copy.number, hash=copy.hash, at=restored.at)
    assert behind.watch() is not None, "whoever cut the log can write such a row; no entry says that two people looked"
    assert [fault.field for fault in seal_faults()] == ["stray", "stray"]


def test_s29_seals_that_an_entry_sets_aside_are_known_and_every_verification_names_the_entry(
    restored: Seal, second_place: Path, client: Client, vera: Person
) -> None:
    """Whoever owns the database can write both without two people; an auditor is never kept from reading of it."""
    assert verify().aside == ""
    lost = behind.genuine_strays(second_place)
    for copy in lost:
        SealSetAside.objects.create(number=copy.number, hash=copy.hash, at=restored.at)
    entry = record("seals.set_aside", by=System("schedule"), after={"hashes": [copy.hash for copy in lost]})

    found = verify()

    assert found.is_intact
    assert f"Seals were set aside after a restore: read entry {entry.number}." in found.sentence
    client.force_login(vera)
    page = client.get("/audit/verify/").content.decode()
    assert "Seals set aside after a restore" in page and reverse("audit:entry", args=[entry.number]) in page
    damage("UPDATE audit_entry SET reason = 'another' WHERE number = 1")
    with pytest.raises(CommandError, match=f"read entry {entry.number}"):
        call_command("verify_audit")


def test_nobody_releases_while_the_second_place_is_away(
    restored: Seal, second_place: Path, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_conditions, "_CONDITIONS", {})
    look_around()
    request = ask_for_release(Freeze.objects.get(), by=maya, reason="Everything was looked at.")
    second_place.rename(second_place.with_name("away"))
    with pytest.raises(Conflict, match="Have it mounted"):
        approve(request, by=omar)
    assert Freeze.objects.get().released_at is None


def test_a_lock_older_than_the_newest_seal_that_was_lost_was_made_for_another_restore(second_place: Path) -> None:
    """It stood in the backup: made after the last seal that both histories have, and released in the one that was lost.

    Workers stood still when it was made, so nothing sealed it before the backup was taken.
    """
    first = three_seals()[0]
    restore_to(first)
    behind.watch()
    older = Freeze.objects.get()
    lost = _sealed_in_a_history_that_is_lost(first)
    assert first.at < older.restored_at < lost.at

    for _look in range(2):
        behind.watch()

    lock = Freeze.objects.get()
    assert lock == older and lock.restored_at > lost.at
    assert Entry.objects.filter(event="freeze.restored_again").count() == 1, "one restore moves it on once"


def test_a_lock_made_after_all_that_was_lost_stays_as_it_is(second_place: Path) -> None:
    restore_to(three_seals()[0])
    lock = freeze_after_restore(backup_at=clock.now(), by=BY)

    behind.watch()

    assert Freeze.objects.get().restored_at == lock.restored_at
    assert not Entry.objects.filter(event="freeze.restored_again").exists()


def test_seals_by_a_clock_that_ran_ahead_move_no_lock_on_for_ever(
    second_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = three_seals()[0]
    restore_to(first)
    hours_ago = clock.now() - timedelta(hours=3)
    with monkeypatch.context() as set_back:
        set_back.setattr(clock, "now", lambda: hours_ago)
        found = behind.behind_second_place()

    assert found is not None and found.lost_at == found.common_at == first.at


def _sealed_in_a_history_that_is_lost(backup: Seal) -> Seal:
    """Go on from ``backup`` to one seal more, and back again: its file has a lower number than what was lost before."""
    write()
    lost = sealed()
    restore_to(backup)
    return lost


def test_a_log_cut_behind_a_seal_it_still_holds_freezes_with_the_last_seal_that_agrees(second_place: Path) -> None:
    first, second, _ = three_seals()
    entry = Entry.objects.get(number=second.entry)
    damage(
        f"DELETE FROM audit_entry WHERE number > {second.entry}",  # noqa: S608
        f"UPDATE audit_head SET number = {second.entry}, hash = '{entry.hash}'",  # noqa: S608
    )
    look_around()
    assert Freeze.objects.get().backup_at == second.at
    assert first.at < second.at


def test_a_database_without_any_seal_is_behind_the_first_one(second_place: Path) -> None:
    first = three_seals()[0]
    damage("DELETE FROM audit_sealcopy", "DELETE FROM audit_seal")
    look_around()
    assert Freeze.objects.get().backup_at == first.at


def test_a_file_that_is_not_ours_freezes_nothing(second_place: Path) -> None:
    three_seals()
    (second_place / "seal-000000009.json").write_text(line_of('{"number":9}', "0" * 64, "AAAA"))
    (second_place / "seal-000000010.json").write_text("no JSON")
    (second_place / "seal-000000011.json").write_text("[" * 100_000)
    (second_place / "notes.txt").write_text("Mounted by hand.")
    assert behind.watch() is None
    assert len(list(seal_faults())) == 3
