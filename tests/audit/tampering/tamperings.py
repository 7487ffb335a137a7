"""The ways to tamper with a log, each done once, at random, and what must be said of it then.

Each takes the random numbers of its run and the folder of the second place, damages one thing, and returns what a
verification must find: the first bad entry where there is one, and words of the sentence.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.db import connection
from django.db.models import F

from backoffice.audit.models import Entry, Head, Seal, SealCopy
from tests.audit.tampering.forging import hash_of, push_in, said_by, swap, write_over

TEXTS = ("event", "who", "role", "delegate_of", "address", "request_id", "object_type", "object_id", "client", "reason")
GUARDED = ("audit_entry", "audit_head", "audit_seal", "audit_sealcopy")


@dataclass(frozen=True)
class Expected:
    """What must be found: the first bad entry, 0 where it is none, and words of the sentence."""

    number: int
    words: str
    is_of_guards: bool = False


Tampering = Callable[[Random, Path], Expected]


def last() -> int:
    return Head.objects.get().number


def any_entry(random: Random) -> int:
    return random.randint(1, last())


# Entries --------------------------------------------------------------------------------------------------------------


def edited_field(random: Random, _place: Path) -> Expected:
    """One column says something else."""
    number, name = any_entry(random), random.choice((*TEXTS, "at", "before", "after", "prev", "result"))
    Entry.objects.filter(number=number).update(**{name: another(random, number, name)})
    return Expected(number, f"Entry {number:,} was changed: {name}")


def another(random: Random, number: int, name: str) -> Any:
    """Another value than a column has."""
    was = Entry.objects.values_list(name, flat=True).get(number=number)
    match name:
        case "at":
            return F("at") + random.choice((1, -1)) * microseconds(random)
        case "before" | "after":
            return random.choice([{**(was or {}), "amount": str(random.random())}, [was], {"try": 1.0}])
        case "prev":
            return was[:-1] + ("0" if was[-1] != "0" else "1")
        case "result":
            return "failed" if was == "done" else "done"
    return random.choice([was + random.choice(["x", " ", '"', "\\", "é", "\n"]), was[::-1] + "."])[:36]


def microseconds(random: Random) -> Any:
    from datetime import timedelta

    return timedelta(microseconds=random.choice([1, 1_000, 86_400_000_000]))


def edited_text(random: Random, _place: Path) -> Expected:
    """One character of the canonical text is another."""
    number = any_entry(random)
    was = Entry.objects.values_list("canonical", flat=True).get(number=number)
    at = random.randrange(len(was))
    now = was[:at] + ("#" if was[at] != "#" else "+") + was[at + 1 :]
    Entry.objects.filter(number=number).update(canonical=now)
    return Expected(number, f"Entry {number:,} was changed: its text does not give its hash.")


def edited_hash(random: Random, _place: Path) -> Expected:
    number = any_entry(random)
    Entry.objects.filter(number=number).update(hash=f"{random.getrandbits(256):064x}")
    return Expected(number, f"Entry {number:,} was changed: its hash is not that of its text.")


def rewritten_entry(random: Random, _place: Path) -> Expected:
    """One entry says something else in column, text and hash alike."""
    number = any_entry(random)
    write_over(number, {**said_by(number), "reason": f"Rewritten {random.random()}"})
    words = "is not the one that the head of the log names" if number == last() else "was rewritten"
    return Expected(number, f"Entry {number:,} {words}")


def deleted(random: Random, _place: Path) -> Expected:
    number = any_entry(random)
    Entry.objects.filter(number=number).delete()
    return Expected(number, f"ntry {number:,} is missing.")


def inserted(random: Random, _place: Path) -> Expected:
    """An entry is pushed in, whole in itself and rightly linked to the one before it."""
    number = random.randint(1, last() + 1)
    is_in_front_of_the_head = number == last()
    push_in(number, {**said_by(1), "reason": f"Pushed in {random.random()}"})
    words = "is not the one that the head of the log names" if is_in_front_of_the_head else "was inserted"
    return Expected(number, f"Entry {number:,} {words}")


def reordered(random: Random, _place: Path) -> Expected:
    one, other = sorted(random.sample(range(1, last() + 1), 2))
    swap(one, other)
    return Expected(one, f"Entry {one:,} was written as entry {other:,}")


def moved_head(random: Random, _place: Path) -> Expected:
    """The head names an older entry, so that newer ones could be written anew."""
    number = random.randint(1, last() - 1)
    Head.objects.update(number=number, hash=hash_of(number))
    return Expected(number + 1, f"Entry {number + 1:,} was inserted: it stands behind the head of the log.")


# What only seals can show ---------------------------------------------------------------------------------------------


def rehashed(random: Random, _place: Path) -> Expected:
    """From some entry to the end everything is written anew, with the right links, and the head with it."""
    number, end = any_entry(random), last()
    prev = hash_of(number - 1)
    for one in range(number, end + 1):
        changed = {"reason": f"Rewritten {random.random()}"} if one == number else {}
        prev = write_over(one, {**said_by(one), **changed, "prev": prev})
    Head.objects.update(hash=prev)
    seal = Seal.objects.filter(entry__gte=number).order_by("number")[0]
    return Expected(vouched_before(number) + 1, f"is not the one that seal {seal} sealed.")


def vouched_before(number: int) -> int:
    """The last entry that a seal before an entry names."""
    return Seal.objects.filter(entry__lt=number).order_by("-number").values_list("entry", flat=True).first() or 0


def cut_tail(random: Random, _place: Path) -> Expected:
    """The newest entries are gone and the head with them, in half of the runs their seals as well."""
    number = random.randint(0, last() - 1)
    if random.random() < 0.5:
        SealCopy.objects.filter(seal__entry__gt=number).delete()
        Seal.objects.filter(entry__gt=number).delete()
    Entry.objects.filter(number__gt=number).delete()
    Head.objects.update(number=number, hash=hash_of(number))
    return Expected(number + 1, f"The end was cut: entry {number + 1:,} is missing.")


# Seals ----------------------------------------------------------------------------------------------------------------


def any_seal(random: Random) -> Seal:
    return random.choice(list(Seal.objects.order_by("number")))


def seal_removed(random: Random, _place: Path) -> Expected:
    """A seal is gone from the log; the newest one is missed by the second place only."""
    seal = any_seal(random)
    is_newest = not Seal.objects.filter(number__gt=seal.number).exists()
    SealCopy.objects.filter(seal=seal).delete()
    Seal.objects.filter(pk=seal.pk).delete()
    words = "stands in the second place only" if is_newest else "is missing from the log's own seals."
    return Expected(vouched_before(seal.entry) + 1 if is_newest else 0, f"Seal {seal} {words}")


def copy_removed(random: Random, place: Path) -> Expected:
    seal = any_seal(random)
    (place / seal.copy.file).unlink()
    return Expected(0, f"Seal {seal} is missing from the second place.")


def copy_changed(random: Random, place: Path) -> Expected:
    seal = any_seal(random)
    path = place / seal.copy.file
    said = json.loads(path.read_text())
    part = random.choice(sorted(said))
    path.chmod(0o644)
    path.write_text(json.dumps({**said, part: said[part] + "0"}))
    return Expected(0, f"Seal {seal} says something else in the second place.")


def seal_changed(random: Random, _place: Path) -> Expected:
    seal = any_seal(random)
    changes: list[dict[str, Any]] = [
        {"signature": "AAAA"},
        {"count": seal.count + 1, "entry": seal.entry + 1},
        {"head_hash": "0" * 64},
        {"hash": f"{random.getrandbits(256):064x}"},
        {"canonical": seal.canonical.replace('"count":', '"count" :')},
        {"key_id": "f" * 16},
        {"at": F("at") + microseconds(random)},
    ]
    Seal.objects.filter(pk=seal.pk).update(**random.choice(changes))
    return Expected(0, f"eal {seal} ")


# Guards ---------------------------------------------------------------------------------------------------------------


def replaced_table(random: Random, _place: Path) -> Expected:
    """Another table, or a view, bears the name of the log's."""
    kind = random.choice(("TABLE", "VIEW"))
    run("ALTER TABLE audit_entry RENAME TO audit_was", f"CREATE {kind} audit_entry AS TABLE audit_was")
    return Expected(0, "The table audit_entry is not the one that was made", is_of_guards=True)


def trigger_off(random: Random, _place: Path) -> Expected:
    """A trigger is off, gone, or does nothing any more."""
    table, trigger, function = random.choice(triggers())
    way = random.choice(
        (
            f"ALTER TABLE {table} DISABLE TRIGGER {trigger}",
            f"DROP TRIGGER {trigger} ON {table}",
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        )
    )
    run(way)
    return Expected(0, f" of {table} is ", is_of_guards=True)


def another_constraint(random: Random, _place: Path) -> Expected:
    """A constraint bears its name and says something else, or is on another table."""
    table, name, way = random.choice(
        (
            ("audit_head", "audit_has_one_head", "CHECK (id > 0)"),
            ("audit_seal", "seal_is_signed", "CHECK (signature <> '-')"),
            ("audit_seal", "seal_counts_from_one", "CHECK (entry >= count OR number > 0)"),
        )
    )
    run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    if random.random() < 0.5:
        run(f"CREATE TABLE elsewhere (c int, CONSTRAINT {name} CHECK (true))")
        return Expected(0, f"The constraint {name} of {table} is missing.", is_of_guards=True)
    run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {way}")
    return Expected(0, f"The constraint {name} of {table} is not the one this version installs.", is_of_guards=True)


def another_trigger(random: Random, _place: Path) -> Expected:
    """A trigger bears its name and its comment, runs its function, and fires at another time or for no row."""
    table, name, _function = random.choice(triggers())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname = %s",
            [name],
        )
        made, comment = cursor.fetchone()
    now = random.choice((made.replace(" BEFORE ", " AFTER "), made.replace(" EXECUTE ", " WHEN (false) EXECUTE ")))
    run(
        f"DROP TRIGGER {name} ON {table}",
        now,
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        f"COMMENT ON TRIGGER {name} ON {table} IS '{comment}'",
    )
    return Expected(0, f" of {table} is not the one this version installs.", is_of_guards=True)


def triggers() -> list[tuple[str, str, str]]:
    """Every trigger on the tables of the log: its table, its name, its function."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, tgname, tgfoid::regproc::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND relname = ANY(%s) ORDER BY tgname",
            [list(GUARDED)],
        )
        return list(cursor.fetchall())


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


#: Those that leave the triggers as they are, because they are at the guards themselves.
OF_GUARDS = frozenset({"replaced_table", "trigger_off", "another_constraint", "another_trigger"})
WAYS: dict[str, Tampering] = {
    way.__name__: way
    for way in (
        edited_field,
        edited_text,
        edited_hash,
        rewritten_entry,
        deleted,
        inserted,
        reordered,
        moved_head,
        rehashed,
        cut_tail,
        seal_removed,
        copy_removed,
        copy_changed,
        seal_changed,
        replaced_table,
        trigger_off,
        another_constraint,
        another_trigger,
    )
}
