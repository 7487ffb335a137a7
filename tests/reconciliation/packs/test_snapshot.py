"""A pack is of one moment: what happens while it is written is in all of it or in none."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.reconciliation.packs import chain
from backoffice.reconciliation.services import exceptions, packs
from tests.reconciliation.packs import world
from tests.reconciliation.packs.world import unzipped

LATE = "Said while the pack was being written."


def test_what_happens_while_a_pack_is_written_is_in_none_of_it(
    committed: str, maya: Person, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        item = world.odd(maya)

    def meanwhile() -> None:
        try:
            exceptions.note([item.pk], text=LATE, by=maya)
        finally:
            connection.close()

    first = chain.segment_for

    def segment_after_a_note(*told: Any) -> object:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(meanwhile).result()
        return first(*told)

    monkeypatch.setattr(chain, "segment_for", segment_after_a_note)
    made = packs.pack_exception(item, by=vera)
    with made.file:
        files = unzipped(made.file.read())
    assert LATE not in "".join(content.decode(errors="replace") for content in files.values())
    assert Entry.objects.latest("number").event == "export.made"


def test_nothing_is_written_inside_the_snapshot(committed: str, maya: Person) -> None:
    with pytest.raises(InternalError, match="read-only transaction"), packs.one_snapshot():
        Person.objects.filter(pk=maya.pk).update(name="Nobody")
