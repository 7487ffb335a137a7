"""The log as one zip: what it holds, who may take it, and that a verifier without this product says the same."""

import ast
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.sealing.services import seal_now
from backoffice.audit.verifying.checking import verify
from backoffice.exports.bundles import contents
from backoffice.exports.bundles.services import BundleStream, NotWrittenDown, write_bundle
from tests.audit.chain import damage, write
from tests.audit.conftest import ANOTHER_KEY, second_place  # noqa: F401 - a fixture
from tests.audit.sealing.sealed_log import file_of, restore_to, three_seals
from tests.exports.bundles.offline import VERIFIER, bundle_in, run
from tests.exports.disks import FullDisk

pytestmark = pytest.mark.usefixtures("committed")
NAMES = [
    "README.txt",
    "verify_backoffice.py",
    "log.json",
    "keys.json",
    "seals.jsonl",
    "second-place.jsonl",
    "entries.jsonl",
    "marks.jsonl",
]


@pytest.fixture(autouse=True)
def sealed_in(second_place: Path) -> Path:  # noqa: F811
    return second_place


def whole(response: Any) -> bytes:
    """Everything of a response that is streamed."""
    return b"".join(response.streaming_content)


def first_sentence(path: Path, *more: object) -> tuple[int, str]:
    code, said = run(path, *more)
    return code, said.splitlines()[0]


def test_it_holds_entries_seals_keys_and_the_verifier(tmp_path: Path) -> None:
    three_seals()
    with zipfile.ZipFile(bundle_in(tmp_path)) as bundle:
        assert bundle.namelist() == NAMES
        entries = [json.loads(line) for line in bundle.read("entries.jsonl").splitlines()]
        assert [(one["canonical"], one["hash"]) for one in entries] == list(
            Entry.objects.filter(number__lte=6).order_by("number").values_list("canonical", "hash")
        )
        assert [one["row"] for one in entries] == [json.loads(one["canonical"]) for one in entries]
        assert len(bundle.read("seals.jsonl").splitlines()) == len(bundle.read("second-place.jsonl").splitlines()) == 3
        assert bundle.read("verify_backoffice.py") == VERIFIER.read_bytes()


def test_the_verifier_needs_the_standard_library_and_cryptography_and_nothing_of_ours() -> None:
    tree = ast.parse(VERIFIER.read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in named} - sys.stdlib_module_names == {"cryptography"}


def test_a_whole_log_is_intact_elsewhere_in_the_same_words(tmp_path: Path) -> None:
    three_seals()
    here = verify().sentence
    assert here == "Intact from entry 1 to entry 6. All 3 seals agree, the newest of entry 6."
    assert first_sentence(bundle_in(tmp_path)) == (0, here)


def test_an_empty_log_and_one_without_seals_are_said_to_be_that(tmp_path: Path, settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = settings.AUDIT_SEAL_DIRECTORY = ""
    assert first_sentence(bundle_in(tmp_path)) == (0, "The audit log is empty.")
    here = verify().sentence
    assert here == "Intact from entry 1 to entry 1."
    assert first_sentence(bundle_in(tmp_path))[1] == here


CUT = ["DELETE FROM audit_entry WHERE number > 5", "UPDATE audit_head SET number = 5, hash = (SELECT hash FROM"
       " audit_entry WHERE number = 5)"]  # fmt: skip
DAMAGES: list[list[str]] = [
    ["UPDATE audit_entry SET who = 'somebody' WHERE number = 3"],
    ["UPDATE audit_entry SET after = '{\"try\": 7.0}' WHERE number = 3"],
    ["UPDATE audit_entry SET canonical = replace(canonical, 'worker', 'thief') WHERE number = 3"],
    ["UPDATE audit_entry SET hash = repeat('0', 64) WHERE number = 3"],
    ["DELETE FROM audit_entry WHERE number = 3"],
    ["DELETE FROM audit_entry WHERE number = 6"],
    ["UPDATE audit_entry SET number = 0 WHERE number = 2"],
    ["UPDATE audit_entry SET number = 9 WHERE number = 6"],
    ["UPDATE audit_head SET number = 5, hash = (SELECT hash FROM audit_entry WHERE number = 5)"],
    ["UPDATE audit_head SET hash = repeat('0', 64)"],
    ["DELETE FROM audit_head"],
    CUT,
    ["UPDATE audit_seal SET entry = 3 WHERE number = 2"],
    ["UPDATE audit_seal SET signature = 'AAAA' WHERE number = 2"],
    ["UPDATE audit_seal SET prev = repeat('0', 64) WHERE number = 2"],
    ["DELETE FROM audit_sealcopy WHERE seal_id = 2", "DELETE FROM audit_seal WHERE number = 2"],
    ["DELETE FROM audit_sealcopy WHERE seal_id = 3", "DELETE FROM audit_seal WHERE number = 3"],
    ["UPDATE audit_sealcopy SET file = 'seal-000000009.json' WHERE seal_id = 2"],
]


@pytest.mark.parametrize("statements", DAMAGES, ids=range(len(DAMAGES)))
def test_what_the_product_names_is_named_elsewhere_in_the_same_words(tmp_path: Path, statements: list[str]) -> None:
    three_seals()
    damage(*statements)
    here = verify()
    assert not here.is_intact
    damage("UPDATE audit_head SET id = id")  # what follows writes the log no further than it was
    code, said = run(bundle_without_an_entry_of_its_own(tmp_path))
    assert code == 1
    assert said.splitlines()[: len(here.faults)] == [fault.sentence for fault in here.faults]


def bundle_without_an_entry_of_its_own(folder: Path) -> Path:
    """A bundle of the damaged log; that it was taken cannot be written down where the head is gone."""
    try:
        return bundle_in(folder)
    except NotWrittenDown:
        return folder / "bundle.zip"


def test_a_trigger_that_is_off_is_named_elsewhere(tmp_path: Path) -> None:
    three_seals()
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    code, said = run(bundle_in(tmp_path))
    assert (code, "The trigger append_only of audit_entry is missing or switched off." in said) == (1, True)


def test_seals_of_ones_own_show_a_log_cut_together_with_its_second_place(tmp_path: Path, sealed_in: Path) -> None:
    seals = three_seals()
    kept = tmp_path / "mailed.jsonl"
    kept.write_text("".join(file_of(sealed_in, seal.number).read_text() for seal in seals))
    for number in (2, 3):
        file_of(sealed_in, number).unlink()
    restore_to(seals[0])
    path = bundle_in(tmp_path)
    assert first_sentence(path)[0] == 0
    code, said = first_sentence(path, "--seals", kept)
    assert (code, said.startswith("Seal 2 stands in your own copy only")) == (1, True)


def test_a_key_one_knows_is_believed_and_no_other(tmp_path: Path, settings: Settings) -> None:
    three_seals()
    path = bundle_in(tmp_path)
    known = public(settings.AUDIT_SEAL_KEY)
    assert first_sentence(path, "--key", known)[0] == 0
    code, said = first_sentence(path, "--key", public(ANOTHER_KEY))
    assert (code, said) == (1, "Seal 1 is signed by a key that is not ours.")


def public(secret: str) -> str:
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def test_a_seal_made_while_the_bundle_leaves_is_none_of_it(tmp_path: Path, vera: Person) -> None:
    three_seals()
    stream = BundleStream(by=vera)
    pieces = iter(stream)
    first = next(pieces)
    write(2)
    seal_now()
    path = tmp_path / "bundle.zip"
    path.write_bytes(first + b"".join(pieces))
    assert first_sentence(path) == (0, "Intact from entry 1 to entry 6. All 3 seals agree, the newest of entry 6.")


def test_taking_it_is_written_down_with_its_digest(vera: Person, client: Client) -> None:
    three_seals()
    client.force_login(vera)
    content = whole(client.post("/exports/bundle/"))
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person, entry.result) == ("audit.bundled", vera, "done")
    said = entry.after or {}
    assert (said["entries"], said["seals"], said["bytes"]) == (entry.number - 1, 3, len(content))
    assert said["sha256"] == hashlib.sha256(content).hexdigest()


def test_taking_it_is_written_down_with_the_address_and_the_request(vera: Person, client: Client) -> None:
    client.force_login(vera)
    answer = client.post("/exports/bundle/", REMOTE_ADDR="192.0.2.7")
    assert whole(answer)
    entry = Entry.objects.get(event="audit.bundled")
    assert (entry.address, entry.request_id) == ("192.0.2.7", answer["X-Request-ID"])


def test_one_that_breaks_off_is_written_down_as_broken(vera: Person) -> None:
    three_seals()
    stream = BundleStream(by=vera)
    next(iter(stream))
    stream.close()
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.result) == ("audit.bundled", "failed")


def test_finance_does_not_take_the_log_away(maya: Person, client: Client) -> None:
    client.force_login(maya)
    assert client.post("/exports/bundle/").status_code == 403


def test_the_command_writes_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.zip"
    call_command("audit_bundle", str(path))
    assert "verify_backoffice.py" in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("audit_bundle", str(path))


def test_the_command_says_that_nothing_was_written_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    three_seals()
    monkeypatch.setattr(contents, "ENTRY_LINES", "SELECT gone FROM audit_entry")
    with pytest.raises(CommandError, match="cannot be read, and nothing is written"):
        call_command("audit_bundle", str(tmp_path / "log.zip"))
    assert (list(tmp_path.glob("*.zip")), capsys.readouterr().out) == ([], "")
    assert Entry.objects.get(event="audit.bundled").result == "failed"


def test_the_command_keeps_nothing_of_a_log_it_cannot_read_nor_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_seals()
    damage("DELETE FROM audit_head")
    monkeypatch.setattr(contents, "ENTRY_LINES", "SELECT gone FROM audit_entry")
    with pytest.raises(CommandError, match="cannot be read, and nothing is written"):
        call_command("audit_bundle", str(tmp_path / "log.zip"))
    assert list(tmp_path.glob("*.zip")) == []


def test_the_command_writes_a_damaged_log_that_takes_no_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three_seals()
    damage("DELETE FROM audit_head")
    call_command("audit_bundle", str(tmp_path / "log.zip"))
    said = capsys.readouterr()
    assert "could not be written down" in said.err and said.out.startswith("Written.")
    assert zipfile.is_zipfile(tmp_path / "log.zip")


def test_one_that_cannot_be_written_is_written_down_before_that_is_said() -> None:
    three_seals()
    with pytest.raises(OSError, match="No space"):
        write_bundle(by=System("Command line"), to=FullDisk())
    assert Entry.objects.get(event="audit.bundled").result == "failed"


# Exported files -------------------------------------------------------------------------------------------------------


@pytest.fixture
def exported(vera: Person, client: Client, tmp_path: Path) -> SimpleNamespace:
    """A file of the log that Vera took away, and a bundle made afterwards."""
    write(20)
    client.force_login(vera)
    content = whole(client.post("/exports/audit/?event=operation.completed"))
    name = (Entry.objects.filter(event="export.made").latest("number").after or {})["file"]
    return SimpleNamespace(content=content, name=name, bundle=bundle_in(tmp_path), folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "code", "words"),
    [
        (
            "",
            lambda content: content,
            0,
            "This file is untouched: it is, byte for byte, what was issued here.\n  Entry",
        ),
        ("mine.csv", lambda content: content, 0, "It was called audit-"),
        ("", lambda content: content.replace(b"worker 1", b"worker 2", 1), 1, "Row 1 differs."),
        ("", lambda content: b"\n".join(content.split(b"\n")[:-3]) + b"\n", 1, "20 rows were issued, 18 are here"),
        ("mine.csv", lambda content: content.replace(b"worker 1", b"worker 2", 1), 1, "Row 1 differs."),
        ("mine.csv", lambda _content: b"a,b\n1,2\n", 1, "This file was never issued here"),
        ("mine.xlsx", lambda _content: b"PK\x03\x04", 1, "has the digest of this workbook, or its name"),
        ("mine.csv", lambda _content: b"\xff\xfe\x00", 1, "This file was never issued here"),
    ],
    ids=range(8),
)
def test_an_exported_file_is_told_from_its_manifest(
    exported: SimpleNamespace, name: str, change: object, code: int, words: str
) -> None:
    path = exported.folder / (name or exported.name)
    path.write_bytes(change(exported.content))  # type: ignore[operator]
    found, said = run(exported.bundle, path)
    assert (found, words in said) == (code, True), said


def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(b"nothing")
    assert run(path)[0] == 2
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("log.json", "{}")
    assert run(path)[0] == 2
    assert run(tmp_path / "absent")[0] == 2
