"""``manage.py export``: the same file as the button's, from the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.http import QueryDict

from backoffice.accounts.actors import System
from backoffice.audit.models import Entry
from backoffice.exports import registry
from backoffice.exports.manifests import Manifest
from backoffice.exports.registry import Export
from backoffice.exports.services import write_file
from backoffice.exports.wishes import Wish
from tests.exports.agree import exported_bytes
from tests.exports.balances import BALANCES, balances, create_balances
from tests.exports.disks import FullDisk


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_exports", {})
    registry.register(Export(BALANCES, balances))
    yield


def test_it_writes_what_the_button_gives(committed: str, tmp_path: Path) -> None:
    create_balances()
    path = tmp_path / "balances.csv"
    call_command("export", "balances", "--filter", "q=noura", "--filter", "balance_min=0", "--to", str(path))
    assert path.read_bytes() == exported_bytes(BALANCES, balances(), "q=noura&balance_min=0")
    entry = Entry.objects.get()
    assert (entry.event, entry.who, entry.person) == ("export.made", "Command line", None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "Nothing is exported as nothing. Choose one of: balances."),
        (["balances", "--filter", "Q=noura"], "There is no filter Q."),
        (["balances", "--filter", "balance_min=much"], "cannot be read"),
    ],
)
def test_it_says_what_is_wrong_and_leaves_no_file(
    committed: str, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    path = tmp_path / "balances.csv"
    with pytest.raises(CommandError, match=sentence):
        call_command("export", *arguments, "--to", str(path))
    assert not path.exists()


def test_a_file_that_breaks_off_where_the_log_takes_no_entry_is_no_secret(
    committed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwritten(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("The log takes no entry.")

    create_balances()
    monkeypatch.setattr(Manifest, "write_broken", unwritten)
    wanted = Wish(registry.find("balances"), QueryDict(""), System("Command line"))
    with pytest.raises(DatabaseError, match="takes no entry"):
        write_file(wanted, to=FullDisk())


def test_it_never_overwrites_a_file(committed: str, tmp_path: Path) -> None:
    path = tmp_path / "balances.csv"
    path.write_text("mine")
    with pytest.raises(CommandError, match="exists"):
        call_command("export", "balances", "--to", str(path))
    assert path.read_text() == "mine"


def test_a_filter_without_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="write NAME=VALUE"):
        call_command("export", "balances", "--filter", "noura", "--to", str(tmp_path / "balances.csv"))


def test_two_lists_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="Two lists"):
        registry.register(Export(BALANCES, balances))
