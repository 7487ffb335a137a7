"""Tamper with a log at random, many times, and have both the product and the offline verifier look.

Each run damages one thing of the same log as the owner of the database with the triggers off, in a transaction that is
rolled back. The guards of the database are looked at where a run was at them: they take longer than everything else.
"""

import importlib.util
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from unittest import mock

from django.db import connection, transaction

from backoffice.audit.models import Head
from backoffice.audit.verifying.checking import faults_until
from backoffice.audit.verifying.guards import guard_faults
from backoffice.audit.verifying.naming import Fault
from backoffice.database import embedded
from backoffice.exports.bundles import contents
from backoffice.exports.bundles.streaming import Sink, zipped
from tests.audit.chain import write
from tests.audit.sealing.sealed_log import sealed
from tests.audit.tampering.tamperings import OF_GUARDS, WAYS, Expected, run, triggers

VERIFIER = Path(__file__).resolve().parents[3] / "verifier" / "verify_backoffice.py"
#: How many entries come before each seal: short and long stretches, an empty one, a single one.
STRETCHES = (8, 1, 11, 0, 7, 3)


@dataclass
class Outcome:
    """How the runs came out: how many of each way, and what was not found or not named."""

    runs: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


def campaign(runs: int, place: Path, *, seed: int = 0) -> Outcome:
    """Tamper ``runs`` times with a log whose second place is ``place``, every way as often as any other."""
    ways, outcome = list(WAYS), Outcome()
    verifier = load_verifier()
    with as_owner():
        write_the_log()
        usual = frozenset(fault.sentence for fault in guard_faults())
        for number in range(seed, seed + runs):
            name = ways[number % len(ways)]
            trouble = one_run(name, Random(number), place, verifier, usual)
            outcome.runs[name] += 1
            if trouble:
                outcome.missed.append(f"run {number}, {name}: {trouble}")
    return outcome


def load_verifier() -> ModuleType:
    """Load the one file an auditor has."""
    spec = importlib.util.spec_from_file_location("verify_backoffice", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def as_owner() -> Iterator[None]:
    """Have the product look through the connection that tampers: nothing of a run is ever committed."""
    former = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = embedded.OWNER
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = former


def write_the_log() -> None:
    for stretch in STRETCHES:
        write(stretch)
        sealed()


def one_run(name: str, random: Random, place: Path, verifier: ModuleType, usual: frozenset[str]) -> str:
    """Tamper once and look twice; say what was not found, or named otherwise than it is."""
    with kept(place), transaction.atomic():
        try:
            expected = tamper(name, random, place)
            here = found_by_the_product(expected, usual)
            there = found_elsewhere(verifier, expected, usual)
        finally:
            transaction.set_rollback(True)
    return judged(expected, here, there)


@contextmanager
def kept(place: Path) -> Iterator[None]:
    """Put the second place back as it was."""
    files = {path: path.read_bytes() for path in place.iterdir()}
    try:
        yield
    finally:
        for path, content in files.items():
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)


def tamper(name: str, random: Random, place: Path) -> Expected:
    """Damage the log with its triggers off, unless they are what is damaged."""
    if name in OF_GUARDS:
        return WAYS[name](random, place)
    armed = triggers()
    run(*(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}" for table, trigger, _function in armed))
    expected = WAYS[name](random, place)
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run(*(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}" for table, trigger, _function in armed))
    return expected


def found_by_the_product(expected: Expected, usual: frozenset[str]) -> Fault | None:
    """The first fault, as the page and the command say it."""
    if expected.is_of_guards:
        return next((fault for fault in guard_faults() if fault.sentence not in usual), None)
    with mock.patch("backoffice.audit.verifying.checking.guard_faults", list):
        return next(faults_until(Head.objects.get(), lambda _done, _of: None), None)


def found_elsewhere(verifier: ModuleType, expected: Expected, usual: frozenset[str]) -> str:
    """The first fault that the offline verifier finds in a bundle of the log as it is now."""
    guards: Any = guard_faults if expected.is_of_guards else list
    with (
        tempfile.NamedTemporaryFile(suffix=".zip") as file,
        mock.patch("backoffice.exports.bundles.contents.guard_faults", guards),
    ):
        files = contents.files(
            connection.connection, by="campaign", there=contents.there_now(), counted=contents.Counted()
        )
        for piece in zipped(files, Sink()):
            file.write(piece)
        file.flush()
        with closing(verifier.Bundle(Path(file.name))) as bundle:
            faults, _sentence, _log = verifier.check(bundle, [], [])
    return next((one for one in faults if one not in usual), "")


def judged(expected: Expected, here: Fault | None, there: str) -> str:
    """Say what is wrong with what was found; empty where all is as it must be."""
    if here is None:
        return f"the product found nothing; it was to find “{expected.words}”"
    if here.number != expected.number or expected.words not in here.sentence:
        return f"the product found entry {here.number}, “{here.sentence}”, not {expected}"
    return "" if there == here.sentence else f"the verifier said “{there}”, not “{here.sentence}”"
