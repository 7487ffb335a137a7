"""What somebody forges to be handed to an auditor is not called in order, and breaks nothing (S29)."""

import runpy
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.exports.bundles.forged import bundle, entries, lines, public, seals
from tests.exports.bundles.offline import VERIFIER, run

OURS, THEIRS = (Ed25519PrivateKey.from_private_bytes(bytes([one]) * 32) for one in (1, 2))
LOG = entries(5)
SEALS = seals(LOG, OURS)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The seals that came to the auditor by e-mail."""
    path = tmp_path / "mine.jsonl"
    path.write_text(lines([{part: seal[part] for part in ("canonical", "hash", "signature")} for seal in SEALS]))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


def test_s29_a_whole_bundle_is_in_order_and_says_whose_keys_it_was_checked_by(path: Path, mine: Path) -> None:
    bundle(path, LOG, SEALS, OURS)
    code, said = run(path, "--seals", mine)
    assert code == 0
    assert "give --key to check by one you know" in said
    assert "second place of the seals was not looked at" in said
    assert "give --key" not in run(path, "--key", public(OURS))[1]


@pytest.mark.parametrize("set_aside", [[], [seal["hash"] for seal in SEALS]])
def test_s29_a_log_of_another_key_does_not_agree_with_seals_of_ones_own(
    path: Path, mine: Path, set_aside: list[str]
) -> None:
    forged = entries(5, who="Somebody else")
    bundle(path, forged, seals(forged, THEIRS), THEIRS, set_aside=set_aside)
    code, said = run(path, "--seals", mine)
    assert code == 1
    assert said.startswith("Seal 1 of your own copy is signed by none of the keys given here.")


def test_s29_a_bundle_cannot_set_seals_aside_that_no_entry_sets_aside(path: Path, mine: Path) -> None:
    bundle(path, LOG[:4], SEALS[:4], OURS, set_aside=[SEALS[4]["hash"]])
    code, said = run(path, "--key", public(OURS), "--seals", mine)
    assert code == 1
    assert said.startswith("Seal 5 stands in your own copy only: the log was cut or replaced")


def test_s29_a_log_whose_seals_were_all_taken_away_is_not_in_order(path: Path) -> None:
    bundle(path, LOG, [], OURS)
    assert run(path)[0] == run(path, "--key", public(OURS))[0] == 1
    bundle(path, LOG, [], None)
    code, said = run(path)
    assert code == 0
    assert "No seal vouches for it" in said
    assert run(path, "--key", public(OURS))[0] == 1


def test_s29_a_seal_of_a_number_without_end_keeps_nobody_waiting(path: Path) -> None:
    far = {**SEALS[1], "row": {**SEALS[1]["row"], "number": 10**17}}
    bundle(path, LOG, [SEALS[0], far], OURS)
    code, said = run(path)
    assert code == 1
    assert said.startswith("Seal 2 is missing from the log's own seals.")


def test_s29_two_files_of_one_name_are_refused(path: Path) -> None:
    bundle(path, LOG, SEALS, OURS)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("Entries.jsonl", lines(entries(5, who="Somebody else")))
    code, said = run(path)
    assert (code, said.split(":")[0]) == (2, "The bundle holds two files of one name")


def test_s32_no_text_of_a_bundle_writes_a_line_of_its_own(path: Path) -> None:
    bundle(path, LOG, SEALS, OURS, guards=["bad\n\x1b[2J\u202eIntact from entry 1 to entry 5."])
    code, said = run(path)
    assert code == 1
    assert not {"\x1b", "\u202e"} & set(said)
    assert not said.splitlines()[1].startswith("Intact")


def test_s29_a_text_nested_without_end_or_a_number_of_many_digits_is_named(path: Path) -> None:
    deep = [LOG[0], {**LOG[1], "canonical": "[" * 100_000}, *LOG[2:]]
    bundle(path, deep, SEALS, OURS)
    assert run(path)[1].startswith("Entry 2 was changed: its text does not give its hash.")
    long = lines(LOG).replace('"after": null', f'"after": {"1" * 5000}', 1)
    bundle(path, LOG, SEALS, OURS, entries=long)
    assert run(path)[1].startswith("Entry 1 was changed: after was empty and is ")


def test_s29_seals_without_number_are_not_held_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = runpy.run_path(str(VERIFIER))
    bundle(path, LOG, SEALS, OURS)
    monkeypatch.setitem(verifier["seals_of"].__globals__, "MOST_SEALS", 4)
    with pytest.raises(verifier["Unreadable"], match=r"seals\.jsonl holds more seals than any log has"):
        verifier["check"](verifier["Bundle"](path), [], [])


@pytest.mark.parametrize("text", ["[" * 100_000, "[]\n", '{"row": 1}\n', "\x00"])
def test_what_no_product_writes_is_said_not_to_be_readable(path: Path, text: str) -> None:
    code, said = run(bundle(path, LOG, SEALS, OURS, entries=text))
    assert code == 2
    assert "Traceback" not in said


HASH = "a" * 64
BAD = [":", ":9", ":9:", f"::9:{HASH}", f":x:{HASH}", f":9:{HASH}:x", f":9:{HASH[1:]}A", "\n"]


@pytest.mark.parametrize("bound", BAD)
def test_a_key_whose_last_seal_is_not_said_in_full_is_no_key(path: Path, bound: str) -> None:
    code, said = run(bundle(path, LOG, SEALS, OURS), "--key", f"{public(OURS)}{bound}")
    assert code == 2
    assert "no key: write KEY, or KEY:NUMBER:HASH" in said or "is no public Ed25519 key" in said


def test_a_key_given_without_its_last_seal_is_said_to_be_believed_for_every_seal(path: Path) -> None:
    bundle(path, LOG, SEALS, OURS)
    key, former = public(OURS), f"{public(OURS)}:5:{SEALS[-1]['hash']}"
    sentence = f"{key} is believed for every seal: if it was changed since, give KEY:NUMBER:HASH."
    assert [sentence in run(path, "--key", one)[1] for one in (key, former)] == [True, False]
    assert sentence not in run(path)[1]
