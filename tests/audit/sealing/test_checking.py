"""The check of the seals finds every change, and names the seal and what is wrong with it (S29)."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from backoffice.audit.canonical import digest
from backoffice.audit.models import Entry, Seal
from backoffice.audit.sealing import second_place as second_place_of_seals
from backoffice.audit.sealing.checking import SealFault, seal_faults
from backoffice.audit.sealing.second_place import line_of
from backoffice.audit.sealing.services import seal_now
from backoffice.database import clock
from tests.audit.chain import damage, write
from tests.audit.conftest import ANOTHER_KEY
from tests.audit.sealing.sealed_log import file_of, restore_to, three_seals

pytestmark = pytest.mark.usefixtures("committed")


def first_fault() -> SealFault:
    return next(seal_faults())


def test_what_was_written_is_whole(second_place: Path) -> None:
    three_seals()
    assert list(seal_faults()) == []


@pytest.mark.parametrize(
    ("statements", "seal", "field", "words"),
    [
        (["UPDATE audit_seal SET signature = 'AAAA' WHERE number = 2"], 2, "signature", "signature of seal 2"),
        (["UPDATE audit_seal SET hash = repeat('a', 64) WHERE number = 2"], 2, "hash", "Seal 2 was changed"),
        (["UPDATE audit_seal SET canonical = canonical || ' ' WHERE number = 2"], 2, "hash", "Seal 2 was changed"),
        (["UPDATE audit_seal SET at = at - interval '1 second' WHERE number = 2"], 2, "canonical", "columns"),
        (["UPDATE audit_seal SET entry = 3 WHERE number = 2"], 2, "canonical", "columns"),
        (["UPDATE audit_seal SET count = 1 WHERE number = 2"], 2, "canonical", "columns"),
        (["UPDATE audit_seal SET key_id = 'ffffffffffffffff' WHERE number = 2"], 2, "canonical", "columns"),
        (["DELETE FROM audit_sealcopy WHERE seal_id = 2", "DELETE FROM audit_seal WHERE number = 2"], 2, "number",
         "Seal 2 is missing from the log's own seals."),
        (["DELETE FROM audit_sealcopy WHERE seal_id = 1", "DELETE FROM audit_seal WHERE number = 1"], 1, "number",
         "Seal 1 is missing"),
        (["DELETE FROM audit_sealcopy WHERE seal_id = 3", "DELETE FROM audit_seal WHERE number = 3"], 3, "stray",
         "Seal 3 stands in the second place only"),
        (["DELETE FROM audit_sealcopy", "DELETE FROM audit_seal"], 1, "stray", "had come to entry 2."),
        (["DELETE FROM audit_entry WHERE number = 4"], 2, "entry", "entry 4, which seal 2 sealed, is missing"),
        (["UPDATE audit_entry SET hash = repeat('b', 64) WHERE number = 4"], 2, "head_hash", "entry 4 is not the one"),
        (["UPDATE audit_sealcopy SET file = 'seal-000000009.json' WHERE seal_id = 2"], 2, "copy", "missing from the"),
    ],
)  # fmt: skip
def test_a_change_of_the_database_is_named(
    second_place: Path, statements: list[str], seal: int, field: str, words: str
) -> None:
    three_seals()
    damage(*statements)
    found = first_fault()
    assert (found.seal, found.field) == (seal, field)
    assert words in found.sentence


def gone(file: Path) -> None:
    file.unlink()


def changed(file: Path) -> None:
    said = json.loads(file.read_text())
    file.chmod(0o644)
    file.write_text(json.dumps({**said, "canonical": said["canonical"].replace('"entry":4', '"entry":3')}))


def emptied(file: Path) -> None:
    file.chmod(0o644)
    file.write_text("")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (gone, "Seal 2 is missing from the second place."),
        (changed, "Seal 2 says something else in the second place."),
        (emptied, "Seal 2 says something else in the second place."),
    ],
)
def test_a_change_of_the_second_place_is_named(second_place: Path, what: Callable[[Path], None], words: str) -> None:
    three_seals()
    what(file_of(second_place, 2))
    assert [fault.sentence for fault in seal_faults()] == [words]


def test_a_history_rewritten_to_its_very_end_is_named(second_place: Path) -> None:
    """Every link and hash is right again, and the head too: the seals alone know better."""
    three_seals()
    prev = Entry.objects.get(number=2).hash
    for entry in Entry.objects.filter(number__gt=2).order_by("number"):
        said = {**json.loads(entry.canonical), "prev": prev, "reason": "" if entry.number > 3 else "Rewritten."}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        values = f"prev = '{prev}', reason = '{said['reason']}', canonical = '{text}', hash = '{digest(text)}'"
        damage(f"UPDATE audit_entry SET {values} WHERE number = {entry.number}")  # noqa: S608
        prev = digest(text)
    damage(f"UPDATE audit_head SET hash = '{prev}'")  # noqa: S608
    found = first_fault()
    assert (found.seal, found.field, found.entry) == (2, "head_hash", 4)


def test_seals_made_anew_with_another_key_are_named(second_place: Path, settings: Settings) -> None:
    three_seals()
    own, settings.AUDIT_SEAL_KEY = settings.AUDIT_SEAL_KEY, ANOTHER_KEY
    write()
    seal_now()
    settings.AUDIT_SEAL_KEY = own
    assert first_fault().sentence == "Seal 4 is signed by a key that is not ours."


def test_a_cut_of_log_and_seals_together_is_named(second_place: Path) -> None:
    seals = three_seals()
    restore_to(seals[0])
    assert [(fault.seal, fault.field) for fault in seal_faults()] == [(2, "stray"), (3, "stray")]


def test_a_file_that_nobody_of_us_signed_is_named_as_such(second_place: Path) -> None:
    three_seals()
    (second_place / "seal-000000009.json").write_text(line_of('{"number":9}', digest('{"number":9}'), "AAAA"))
    assert first_fault().sentence == "The second place holds a seal 9 that is not ours: seal-000000009.json."


def test_a_file_that_is_being_written_is_no_fault(second_place: Path) -> None:
    three_seals()
    damage("DELETE FROM audit_sealcopy WHERE seal_id = 3")
    emptied(file_of(second_place, 3))
    assert list(seal_faults()) == []


def test_a_second_place_that_is_away_is_one_fault(second_place: Path) -> None:
    three_seals()
    second_place.rename(second_place.with_name("away"))
    (found,) = seal_faults()
    assert found.sentence.startswith("The second place of the seals cannot be read")


@pytest.mark.parametrize(("minutes", "is_late"), [(10, False), (20, True)])
def test_a_seal_that_never_came_to_the_second_place_is_named_after_a_while(
    second_place: Path, monkeypatch: pytest.MonkeyPatch, minutes: int, is_late: bool
) -> None:
    three_seals()
    damage("DELETE FROM audit_sealcopy WHERE seal_id = 3")
    later = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert [fault.sentence for fault in seal_faults()] == (
        ["Seal 3 never came to the second place."] if is_late else []
    )


def test_without_a_second_place_the_database_alone_is_checked(second_place: Path, settings: Settings) -> None:
    three_seals()
    settings.AUDIT_SEAL_DIRECTORY = ""
    assert list(seal_faults()) == []
    assert Seal.objects.count() == 3


def test_a_check_goes_on_from_a_seal_and_opens_no_file_before_it(
    second_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_seals()
    content_of = second_place_of_seals.content_of
    opened: list[int] = []

    def noted(path: Path) -> bytes:
        opened.append(int(path.stem[-9:]))
        return content_of(path)

    monkeypatch.setattr(second_place_of_seals, "content_of", noted)
    for since, files in ((0, [1, 2, 3]), (2, [3]), (3, [])):
        opened.clear()
        assert list(seal_faults(since)) == []
        assert opened == files


@pytest.mark.parametrize("since", [0, 1, 2, 3, 4])
def test_wherever_a_check_goes_on_a_lost_file_a_stray_and_a_broken_link_after_it_are_named(
    second_place: Path, since: int
) -> None:
    three_seals()
    file_of(second_place, 1).unlink()
    (second_place / "seal-000000009.json").write_text("another's")
    damage("UPDATE audit_seal SET signature = 'AAAA' WHERE number = 3")
    assert [(fault.seal, fault.field) for fault in seal_faults(since)] == [
        (1, "copy"),
        *([(3, "signature")] if since != 3 else []),
        (9, "file"),
    ]


def test_a_check_that_would_go_on_from_a_seal_the_log_has_lost_checks_all(second_place: Path) -> None:
    first = three_seals()[0]
    damage("UPDATE audit_seal SET signature = 'AAAA' WHERE number = 1")
    restore_to(first)
    assert [(fault.seal, fault.field) for fault in seal_faults(since=3)] == [
        (1, "signature"),
        (2, "stray"),
        (3, "stray"),
    ]
