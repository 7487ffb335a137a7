"""A stolen former key signs nothing that anybody believes: its last seal was noted when it was changed (S27, S29)."""

from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from pytest_django.fixtures import Settings

from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import FIRST_HASH, Seal
from backoffice.audit.sealing import behind
from backoffice.audit.sealing.checking import seal_faults
from backoffice.audit.sealing.keys import key_id, private_key, public_keys, sign, written_key
from backoffice.audit.sealing.second_place import line_of
from tests.audit.chain import damage, write
from tests.audit.conftest import ANOTHER_KEY, KEY, second_place  # noqa: F401 - a fixture
from tests.audit.sealing.sealed_log import file_of, restore_to, sealed, three_seals
from tests.exports.bundles.offline import bundle_in, run

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def changed(settings: Settings, second_place: Path) -> list[Seal]:  # noqa: F811 - the fixture
    """A log of three seals, after which the key was changed."""
    seals = three_seals()
    said = StringIO()
    call_command("seal_keys", stdout=said)
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_FORMER_KEYS = ANOTHER_KEY, said.getvalue().split()
    return seals


def sign_with(settings: Settings, key: str) -> Seal:
    """Add entries and seal them, whoever holds this key."""
    now, former = settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_FORMER_KEYS
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_FORMER_KEYS = key, []
    write(3)
    seal = sealed()
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_FORMER_KEYS = now, former
    return seal


def cut_to(seal: Seal, place: Path) -> None:
    """Cut the log and both places back to a seal."""
    for number in range(seal.number + 1, 4):
        file_of(place, number).unlink()
    restore_to(seal)


def faults(folder: Path) -> list[str]:
    """What page and offline verifier say alike."""
    found = [fault.sentence for fault in seal_faults()]
    code, said = run(bundle_in(folder))
    assert code == (1 if found else 0)
    assert all(sentence in said for sentence in found), said
    return found


def test_a_change_of_the_key_leaves_the_log_in_order(changed: list[Seal], settings: Settings, tmp_path: Path) -> None:
    assert faults(tmp_path) == []
    seal = sign_with(settings, ANOTHER_KEY)
    assert seal.key_id != changed[-1].key_id
    assert faults(tmp_path) == []


def test_what_a_former_key_signs_after_its_last_seal_is_a_fault(
    changed: list[Seal], settings: Settings, tmp_path: Path
) -> None:
    sign_with(settings, KEY)
    assert faults(tmp_path) == ["Seal 4 is signed by a former key, whose last seal was 3."]


@pytest.mark.parametrize("key", [KEY, ANOTHER_KEY])
def test_a_history_written_anew_up_to_the_change_is_a_fault(
    changed: list[Seal],
    settings: Settings,
    second_place: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
    key: str,
) -> None:
    cut_to(changed[0], second_place)
    sign_with(settings, KEY)
    sign_with(settings, key)
    sign_with(settings, ANOTHER_KEY)
    assert faults(tmp_path) == ["Seal 3 is not the one at which the key was changed."]


def test_a_log_cut_to_before_the_change_is_a_fault(changed: list[Seal], second_place: Path, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    cut_to(changed[1], second_place)
    assert faults(tmp_path) == ["The log was cut: seal 3, at which the key was changed, is missing."]


def test_no_file_that_a_former_key_signs_later_stops_the_money(
    changed: list[Seal],
    settings: Settings,
    second_place: Path,  # noqa: F811 - the fixture
) -> None:
    sign_with(settings, KEY)
    restore_to(changed[-1])
    (stray,) = behind.strays(second_place)
    assert (stray.number, stray.is_genuine, behind.watch()) == (4, False, None)


def forged(place: Path, number: int, prev: str = FIRST_HASH) -> Path:
    """A seal that whoever stole the former key makes years later, of entries that never were."""
    key = private_key(KEY)
    assert isinstance(key, Ed25519PrivateKey)
    said = {"version": 1, "number": number, "entry": 999, "count": 997, "head_hash": "f" * 64, "prev": prev}
    text = canonical_text({**said, "at": "2026-11-21T10:00:00.000000Z", "key_id": key_id(key.public_key())})
    path = place / f"seal-{max(number, 0):09}-{digest(text)[:16]}.json"
    path.write_text(line_of(text, digest(text), sign(key, text)))
    return path


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_s29_no_seal_of_long_ago_that_a_former_key_signs_today_stops_the_money(
    changed: list[Seal],
    second_place: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
    number: int,
) -> None:
    name = forged(second_place, number, changed[0].hash).name
    assert behind.watch() is None
    assert faults(tmp_path) == [f"The second place holds a seal {number} that is not ours: {name}."]


@pytest.mark.parametrize("number", [-1, 0, 2, 3, 5])
def test_s29_no_copy_that_a_former_key_signs_today_shows_an_auditor_that_the_log_was_cut(
    changed: list[Seal], tmp_path: Path, number: int
) -> None:
    code, said = run(bundle_in(tmp_path), "--seals", forged(tmp_path, number, changed[0].hash))
    assert code == 1
    assert f"Seal {number} of your own copy is signed by a former key, but is none of those up to its last, 3." in said
    assert "cut or replaced" not in said


def test_s29_a_seal_of_a_former_key_is_proof_where_the_log_does_not_reach_its_last_one(
    changed: list[Seal],
    second_place: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    restore_to(changed[0])
    behind_ = behind.watch()
    assert behind_ is not None and behind_.seal == 3
    found = faults(tmp_path)
    assert [one for one in found if "cut or replaced" in one and one.startswith("Seal 2 ")]
    assert [one for one in found if "cut or replaced" in one and one.startswith("Seal 3 ")]


def test_s29_a_seal_of_a_former_key_is_proof_where_the_log_holds_another_one_before_its_last(
    changed: list[Seal],
    second_place: Path,  # noqa: F811 - the fixture
) -> None:
    damage(
        "DELETE FROM audit_sealcopy WHERE seal_id = 2",
        f"UPDATE audit_seal SET hash = '{'a' * 64}' WHERE number = 2",  # noqa: S608
        f"UPDATE audit_seal SET prev = '{'a' * 64}' WHERE number = 3",  # noqa: S608
    )
    behind_ = behind.watch()
    assert behind_ is not None and behind_.seal == 2


def test_the_key_in_force_and_its_last_seal_are_printed_for_the_change(second_place: Path) -> None:  # noqa: F811 - the fixture
    newest, said = three_seals()[-1], StringIO()
    call_command("seal_keys", stdout=said)
    assert said.getvalue() == f"{written_key(public_keys()[newest.key_id])}:3:{newest.hash}\n"
