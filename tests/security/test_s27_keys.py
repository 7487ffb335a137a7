"""Keys come from files nobody else can open, two of ours live while one replaces the other (security.md S27)."""

import os
import subprocess
from pathlib import Path

import pytest
from django.core import signing
from pytest_django.fixtures import Settings

from backoffice.accounts.factors.seals import is_under_the_key_in_force, seal, unseal
from backoffice.checks_of_keys import KEYS
from tests.health.test_settings import PRODUCTION, run_as_in_production

FORMER, NEXT = "former-key-" + "a" * 50, "next-key-" + "b" * 50
CHECK = ("manage.py", "check", "--fail-level", "WARNING")


def started_with(tmp_path: Path, mode: int) -> "subprocess.CompletedProcess[str]":
    """Start with the secret key in a file of this mode, and nowhere else."""
    file = tmp_path / "secret-key"
    file.write_text(PRODUCTION["SECRET_KEY"])
    file.chmod(mode)
    return run_as_in_production(*CHECK, SECRET_KEY="", SECRET_KEY_FILE=str(file))


def test_s27_a_key_is_read_from_a_file_of_ones_own(tmp_path: Path) -> None:
    done = started_with(tmp_path, 0o400)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o600 | 0o020])
def test_s27_a_file_others_can_open_stops_the_start(tmp_path: Path, mode: int) -> None:
    done = started_with(tmp_path, mode)
    assert done.returncode != 0
    assert "SECRET_KEY_FILE names a file that others on this machine can open." in done.stderr


def test_s27_every_key_of_the_settings_is_looked_after() -> None:
    text = (Path(__file__).resolve().parents[2] / ".env.example").read_text()
    names = {line.split("=")[0] for line in text.splitlines() if "=" in line and not line.startswith("#")}
    sounding = {name for name in names if any(word in name for word in ("KEY", "SECRET", "PASSWORD", "TOKEN"))}
    assert sounding <= set(KEYS)


def test_s27_what_the_former_key_signed_and_sealed_still_opens(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = FORMER, []
    signed, sealed = signing.dumps("page 2"), seal("JBSWY3DPEHPK3PXP")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEXT, [FORMER]
    assert (signing.loads(signed), unseal(sealed)) == ("page 2", "JBSWY3DPEHPK3PXP")
    assert not is_under_the_key_in_force(sealed)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.loads(signed)


def test_s27_nothing_new_is_signed_by_the_former_key(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEXT, [FORMER]
    signed, sealed = signing.dumps("page 2"), seal("JBSWY3DPEHPK3PXP")
    settings.SECRET_KEY_FALLBACKS = []
    assert (signing.loads(signed), unseal(sealed)) == ("page 2", "JBSWY3DPEHPK3PXP")


def test_s27_no_key_is_part_of_the_product() -> None:
    """What is committed holds no key but the sandbox's own, which its documentation prints."""
    root = Path(__file__).resolve().parents[2]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, env=os.environ)
    files = [root / name for name in listed.stdout.decode().split("\0") if name and not name.startswith("tests/")]
    texts = {file: file.read_bytes() for file in files if file.is_file()}
    assert [file.name for file, text in texts.items() if b"-----BEGIN " + b"PRIVATE KEY" in text] == []
