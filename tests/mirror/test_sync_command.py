from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from backoffice.mirror import runs
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.registry import registered
from tests.partners import Partners


def sync(*mirrors: str) -> list[str]:
    out = StringIO()
    call_command("sync", *mirrors, stdout=out)
    return out.getvalue().splitlines()


def test_every_mirror_has_a_way_to_be_read() -> None:
    assert list(registered()) == list(Mirror)


def test_it_reads_the_mirrors_named_and_says_how_it_went(committed: str, partners: Partners) -> None:
    partners.make_client("user_1")

    assert sync("assets", "clients") == [
        "clients: 1 row read, 1 new or changed.",
        "assets: 9 rows read, 9 new or changed.",
    ]


def test_it_reads_all_of_them_when_none_is_named(committed: str, partners: Partners) -> None:
    sync()

    assert set(SyncRun.objects.values_list("mirror", flat=True)) == {mirror.value for mirror in registered()}


def test_it_fails_when_one_could_not_be_read_and_reads_the_others(committed: str, partners: Partners) -> None:
    partners.fault("envelope", status=401, match={"path": "/v1/partner/clients"}, times=None)

    with pytest.raises(CommandError, match="Not every mirror"):
        sync("clients", "assets")

    assert SyncRun.objects.get(mirror=Mirror.ASSETS).state == SyncRun.State.COMPLETE


def test_it_refuses_a_mirror_that_does_not_exist() -> None:
    with pytest.raises(CommandError, match="There is no mirror cleints. There are clients, assets"):
        call_command("sync", "cleints")


def test_it_leaves_alone_what_another_process_reads(committed: str, partners: Partners, monkeypatch: Any) -> None:
    def busy() -> SyncRun:
        raise runs.AlreadyRunning("CoinMENA clients are being read right now.")

    monkeypatch.setattr("backoffice.mirror.registry._SYNCS", {Mirror.CLIENTS: busy})

    assert sync() == ["clients: CoinMENA clients are being read right now."]
