"""A seal says how far the log had come, is signed, and follows the one before it (S29)."""

import json
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from backoffice.audit import tasks
from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import FIRST_HASH, Head, Seal
from backoffice.audit.sealing import bells
from backoffice.audit.sealing.checking import FIELDS
from backoffice.audit.sealing.keys import is_signed, public_keys, written_key
from backoffice.audit.sealing.services import SEALING, seal_now
from tests.audit.chain import write
from tests.audit.conftest import ANOTHER_KEY
from tests.audit.sealing.sealed_log import sealed


@pytest.mark.usefixtures("db", "second_place")
def test_a_seal_says_how_far_the_log_came_and_is_signed() -> None:
    last = write(3)[-1]
    seal = sealed()
    assert (seal.number, seal.entry, seal.count, seal.head_hash) == (1, 3, 3, last.hash)
    assert seal.prev == FIRST_HASH
    assert seal.hash == digest(seal.canonical)
    assert set(json.loads(seal.canonical)) == set(FIELDS)
    assert is_signed(public_keys()[seal.key_id], seal.canonical, seal.signature)


@pytest.mark.usefixtures("db", "second_place")
def test_an_empty_period_is_sealed_too_and_each_seal_names_the_one_before() -> None:
    write(2)
    first, second = sealed(), sealed()
    assert (second.number, second.entry, second.count) == (2, 2, 0)
    assert (second.prev, second.head_hash) == (first.hash, first.head_hash)


@pytest.mark.usefixtures("db", "second_place")
def test_a_log_without_an_entry_can_be_sealed() -> None:
    assert (sealed().entry, sealed().head_hash) == (0, FIRST_HASH)


@pytest.mark.usefixtures("db")
def test_nothing_is_sealed_without_a_key(settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = ""
    write()
    assert seal_now() is None
    assert not Seal.objects.exists()


@pytest.mark.usefixtures("committed", "second_place")
def test_two_workers_do_not_seal_at_once() -> None:
    write()
    with transaction.atomic("owner"), connections["owner"].cursor() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [SEALING])
        assert seal_now() is None
    assert sealed().number == 1


@pytest.mark.usefixtures("db", "second_place")
def test_each_hundredth_entry_rings_for_a_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bells.ENTRIES_PER_SEAL == 100
    monkeypatch.setattr(bells, "ENTRIES_PER_SEAL", 4)
    rung = []
    for _ in range(9):
        write()
        rung.append(ProcrastinateJob.objects.filter(task_name=bells.SEAL).count())
    assert rung == [0, 0, 0, 1, 1, 1, 1, 2, 2]


@pytest.mark.usefixtures("committed", "second_place")
def test_bells_that_come_late_make_no_seal_of_their_own_and_the_clock_always_does() -> None:
    write()
    made = []
    for timestamp in (0, 0, 1_700_000_000, 1_700_000_300):
        tasks.seal(timestamp=timestamp)
        made.append(Seal.objects.count())
    assert made == [1, 1, 2, 3]


@pytest.mark.usefixtures("db")
def test_no_bell_rings_where_nothing_is_sealed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUDIT_SEAL_KEY = ""
    monkeypatch.setattr(bells, "ENTRIES_PER_SEAL", 1)
    write()
    assert not ProcrastinateJob.objects.filter(task_name=bells.SEAL).exists()


def fields_of_the_next() -> dict[str, Any]:
    """What a right next seal would say."""
    last = Seal.objects.get()
    said = {name: getattr(last, name) for name in FIELDS}
    head = Head.objects.get()
    return {**said, "number": 2, "entry": head.number, "count": 1, "head_hash": head.hash, "prev": last.hash}


def insert(fields: dict[str, Any], **columns: Any) -> None:
    canonical = canonical_text(fields)
    Seal.objects.create(**{**fields, "canonical": canonical, "hash": digest(canonical), "signature": "x", **columns})


@pytest.mark.usefixtures("db", "second_place")
@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 3},
        {"number": 1},
        {"prev": FIRST_HASH},
        {"count": 0},
        {"count": 2},
        {"entry": 1, "count": 0},
        {"entry": 0, "count": -1},
        {"entry": 4, "count": 3},
        {"head_hash": FIRST_HASH},
    ],
)
def test_the_database_refuses_a_seal_that_does_not_follow(wrong: dict[str, Any]) -> None:
    write()
    sealed()
    write()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert({**fields_of_the_next(), **wrong})
    insert(fields_of_the_next())


@pytest.mark.usefixtures("db", "second_place")
@pytest.mark.parametrize(
    "columns", [{"hash": FIRST_HASH}, {"canonical": "{}"}, {"key_id": "0" * 16}, {"signature": ""}]
)
def test_the_database_refuses_a_seal_whose_columns_and_text_differ(columns: dict[str, Any]) -> None:
    write()
    sealed()
    write()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(fields_of_the_next(), **columns)


CHANGES = [
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
]
KEPT = [("audit_seal", "signature"), ("audit_sealcopy", "file"), ("audit_sealsetaside", "hash")]


@pytest.mark.usefixtures("second_place")
@pytest.mark.parametrize("who", ["default", "owner"])
def test_s28_nobody_changes_a_seal_while_the_triggers_stand(committed: str, who: str) -> None:
    write()
    sealed()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_sealsetaside (number, hash, at) VALUES (9, 'x', now())")
    for statement in (change.format(table=table, column=column) for table, column in KEPT for change in CHANGES):
        with pytest.raises(DatabaseError), connections[who].cursor() as cursor:
            cursor.execute(statement)
    assert Seal.objects.filter(copy__isnull=False).count() == 1


def test_s28_the_application_may_only_add_and_read_seals(committed: str) -> None:
    with connection.cursor() as cursor:
        for table in ("audit_seal", "audit_sealcopy", "audit_sealsetaside", "audit_sealletter"):
            cursor.execute(
                "SELECT array_agg(v) FROM unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) v"
                " WHERE has_table_privilege(current_user, %s, v)",
                [table],
            )
            assert cursor.fetchone()[0] == ["SELECT", "INSERT"], table


@pytest.mark.usefixtures("db", "second_place")
def test_a_former_key_still_checks_what_it_signed(settings: Settings) -> None:
    former = sealed()
    settings.AUDIT_SEAL_FORMER_KEYS = [f"{written_key(public_keys()[former.key_id])}:{former.number}:{former.hash}"]
    settings.AUDIT_SEAL_KEY = ANOTHER_KEY
    after = sealed()
    assert after.key_id != former.key_id
    assert list(public_keys()) == [after.key_id, former.key_id]
    assert is_signed(public_keys()[former.key_id], former.canonical, former.signature)
