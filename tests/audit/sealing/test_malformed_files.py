"""What somebody put into the second place under the name of a seal stops nothing, and is named (ADR 27).

Whoever may create a file there could otherwise stop the sealing, the workers and so the money.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_django.fixtures import Settings

from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import Entry, SealCopy
from backoffice.audit.sealing import behind
from backoffice.audit.sealing.checking import seal_faults
from backoffice.audit.sealing.keys import LastSeal, key_id, sign, with_last
from backoffice.audit.sealing.second_place import line_of
from backoffice.audit.sealing.watching import check_or_tell
from backoffice.funding.models import Freeze
from backoffice.worker.starting import look_around
from tests.audit.sealing.sealed_log import file_of, restore_to, sealed, three_seals

NAME = "seal-999999998.json"
HASH = "0" * 64


def says(**parts: object) -> Callable[[Path], object]:
    """A file with these parts in place of those a seal has."""
    content = json.dumps({"canonical": "{}", "hash": HASH, "signature": "AAAA", **parts})
    return lambda path: path.write_text(content)


def holds(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def unreadable(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


MALFORMED: Final[dict[str, Callable[[Path], object]]] = {
    "half a character in the text": says(canonical="\ud800", hash=HASH),
    "bytes of half a character": holds(b'{"canonical":"\xed\xa0\x80","hash":"%s","signature":""}' % HASH.encode()),
    "no character in the hash": says(hash="\u0000"),
    "half a character in the hash": says(hash="\ud800"),
    "a hash of other digits": says(hash="\u0661" * 64),
    "a long hash": says(hash="a" * 10_000),
    "a signature of other letters": says(signature="ääää"),
    "a signature with half a character": says(signature="\ud800"),
    "a number for a hash": says(hash=7),
    "a list for a text": says(canonical=[1]),
    "nothing for a signature": says(signature=None),
    "half a character in what it says": says(canonical='{"key_id":"\\ud800","number":999999998}'),
    "a text": holds(b'"canonical"'),
    "a list": holds(b"[]"),
    "a number of many digits": holds(b"9" * 10_000),
    "much too deep": holds(b"[" * 100_000),
    "much too long": holds(b" " * 1_000_000 + b"{}"),
    "not UTF-8": holds(b"\xff\xfe\xff"),
    "nothing": holds(b""),
    "a folder": Path.mkdir,
    "a file nobody may read": unreadable,
    "a link to itself": a_link_to_itself,
    "a pipe nobody writes to": os.mkfifo,
    "a device without an end": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("put", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_is_named_and_stops_nothing(second_place: Path, put: Callable[[Path], object]) -> None:
    three_seals()
    put(second_place / NAME)
    look_around()
    seal = sealed()
    assert SealCopy.objects.filter(seal=seal).exists()
    assert not Freeze.objects.exists()
    assert not Entry.objects.filter(event="seals.failed").exists()
    assert check_or_tell() == [f"The second place holds a seal 999,999,998 that is not ours: {NAME}."]


@pytest.mark.usefixtures("committed")
def test_a_log_behind_its_seals_holds_all_money_whatever_lies_beside_them(second_place: Path) -> None:
    first = three_seals()[0]
    restore_to(first)
    for number, put in enumerate(MALFORMED.values(), 4):
        put(second_place / f"seal-{number:09}.json")
    look_around()
    assert Freeze.objects.get().backup_at == first.at


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("put", [put for name, put in MALFORMED.items() if name != "nothing"])
def test_a_malformed_file_that_took_the_name_of_the_next_seal_is_left_alone(
    second_place: Path, put: Callable[[Path], object]
) -> None:
    """An empty one is what a failing disk leaves of a seal: that is written to its end."""
    three_seals()
    put(second_place / "seal-000000004.json")
    seal = sealed()
    assert SealCopy.objects.get(seal=seal).file == f"seal-000000004-{seal.hash[:16]}.json"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("said", [{"at": None}, {"at": "yesterday"}, {"at": "2026-01-01T00:00:00"}, {"entry": "7"}])
def test_what_a_former_key_signed_that_is_no_seal_stops_nothing(
    second_place: Path, settings: Settings, said: dict[str, object]
) -> None:
    """Whoever got hold of a former key can sign what they like with it."""
    key = Ed25519PrivateKey.generate()
    settings.AUDIT_SEAL_FORMER_KEYS = [with_last(key.public_key(), LastSeal(9, HASH))]
    whole = {"number": 1, "key_id": key_id(key.public_key()), "entry": 1, "at": "2026-01-01T00:00:00Z"}
    text = canonical_text({**whole, **said})
    (second_place / "seal-000000001.json").write_text(line_of(text, digest(text), sign(key, text)))
    look_around()
    assert not Freeze.objects.exists()
    assert "not ours" in next(fault.sentence for fault in seal_faults() if fault.field == "file")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("put", "why"), [(Path.mkdir, "Is a directory"), (a_link_to_itself, "Too many levels of symbolic links")]
)
def test_the_file_of_a_seal_that_cannot_be_read_is_one_fault(
    second_place: Path, put: Callable[[Path], object], why: str
) -> None:
    three_seals()
    file = file_of(second_place, 2)
    file.unlink()
    put(file)
    assert [fault.sentence for fault in seal_faults()] == [f"Seal 2 cannot be read in the second place: {why}."]
    assert behind.watch() is None
