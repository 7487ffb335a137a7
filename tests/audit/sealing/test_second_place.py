"""The second place holds one file per seal, written once and never again (security.md §3)."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from backoffice.audit.models import Seal, SealCopy
from backoffice.audit.sealing import second_place as second_place_of_seals
from backoffice.audit.sealing.checking import seal_faults
from backoffice.audit.sealing.second_place import line_of
from backoffice.audit.sealing.services import COPYING, copy_what_is_missing, seal_now
from tests.audit.chain import damage, write
from tests.audit.sealing.sealed_log import file_of, sealed, three_seals


def line(seal: Seal) -> str:
    return line_of(seal.canonical, seal.hash, seal.signature)


@pytest.mark.usefixtures("db")
def test_each_seal_stands_in_a_file_of_its_own_that_nobody_may_write(second_place: Path) -> None:
    seals = three_seals()
    files = sorted(second_place.iterdir())
    assert [file.name for file in files] == [f"seal-{number:09}.json" for number in (1, 2, 3)]
    assert [file.read_text() for file in files] == [line(seal) for seal in seals]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o444}
    assert set(json.loads(files[0].read_text())) == {"canonical", "hash", "signature"}


@pytest.mark.usefixtures("db")
def test_a_place_that_is_away_is_caught_up_when_it_is_back(second_place: Path) -> None:
    away = second_place.rename(second_place.with_name("away"))
    write()
    for _ in range(2):
        with pytest.raises(OSError, match="No such file"):
            seal_now()
    assert (Seal.objects.count(), SealCopy.objects.count()) == (2, 0)
    away.rename(second_place)
    sealed()
    assert [copy.file for copy in SealCopy.objects.order_by("seal")] == sorted(
        file.name for file in second_place.iterdir()
    )
    assert SealCopy.objects.count() == 3


@pytest.mark.usefixtures("db")
def test_a_seal_that_was_copied_and_is_gone_is_not_written_again(second_place: Path) -> None:
    three_seals()
    file_of(second_place, 2).unlink()
    sealed()
    assert copy_what_is_missing() == 0
    assert not list(second_place.glob("seal-000000002*"))


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("left", [0, 1, 100])
def test_a_file_left_half_written_is_written_to_its_end(second_place: Path, left: int) -> None:
    seal = three_seals()[1]
    damage("DELETE FROM audit_sealcopy WHERE seal_id = 2")
    file = file_of(second_place, 2)
    file.unlink()
    file.write_text(line(seal)[:left])
    assert copy_what_is_missing() == 1
    assert file.read_text() == line(seal)
    assert stat.S_IMODE(file.stat().st_mode) == 0o444


@pytest.mark.usefixtures("db")
def test_a_mount_that_keeps_no_permissions_takes_copies(second_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Object storage is mounted so: it says no to every change of permissions."""

    def refused(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    (second_place / "seal-000000002.json").touch()
    three_seals()
    assert SealCopy.objects.count() == len(list(second_place.iterdir())) == 3
    assert list(seal_faults()) == []


@pytest.mark.usefixtures("committed")
def test_each_copy_is_noted_whatever_becomes_of_the_next(second_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = second_place.rename(second_place.with_name("away"))
    for _ in range(3):
        with pytest.raises(OSError, match="No such file"):
            seal_now()
    away.rename(second_place)
    monkeypatch.setattr(second_place_of_seals, "write", full_at(3))
    with pytest.raises(OSError, match="No space"):
        copy_what_is_missing()
    assert list(SealCopy.objects.order_by("seal").values_list("seal", flat=True)) == [1, 2]


def full_at(number: int) -> Callable[..., str]:
    """Write as ever, until the disk is full at one seal."""
    write_copy = second_place_of_seals.write

    def write(place: Path, **seal: Any) -> str:
        if seal["number"] == number:
            raise OSError(28, "No space left on device")
        return write_copy(place, **seal)

    return write


@pytest.mark.usefixtures("committed")
def test_a_file_that_was_written_and_not_noted_is_noted(second_place: Path) -> None:
    three_seals()
    damage("DELETE FROM audit_sealcopy WHERE seal_id = 2")
    assert copy_what_is_missing() == 1
    assert len(list(second_place.iterdir())) == 3


@pytest.mark.usefixtures("db")
def test_what_another_seal_wrote_is_left_alone(second_place: Path) -> None:
    (second_place / "seal-000000001.json").write_text("another seal's")
    seal = sealed()
    assert SealCopy.objects.get().file == f"seal-000000001-{seal.hash[:16]}.json"
    assert (second_place / "seal-000000001.json").read_text() == "another seal's"
    assert (second_place / SealCopy.objects.get().file).read_text() == line(seal)


@pytest.mark.usefixtures("committed")
def test_two_workers_do_not_copy_at_once(second_place: Path) -> None:
    """One would find the other's file half written, and write it to its end as well."""
    three_seals()
    damage("DELETE FROM audit_sealcopy")
    with transaction.atomic("owner"), connections["owner"].cursor() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [COPYING])
        assert copy_what_is_missing() == 0
    assert copy_what_is_missing() == 3
