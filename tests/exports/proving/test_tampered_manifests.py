"""Somebody who holds the database changes a manifest: the page still answers, and says that the entry itself is not
what was written; so does the verifier that knows nothing of the database (S29)."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from backoffice.accounts.models import Person
from backoffice.audit.canonical import digest
from backoffice.audit.models import Entry
from backoffice.audit.sealing.services import seal_now
from backoffice.exports.proving.standing import Standing, standing_of
from backoffice.exports.registry import Export
from tests.audit.chain import damage
from tests.audit.conftest import KEY
from tests.exports.bundles.offline import bundle_in
from tests.exports.bundles.test_offline_answers import OFFLINE
from tests.exports.proving.files import changed, issued, manifest
from tests.exports.proving.test_page import upload

pytestmark = pytest.mark.usefixtures("committed")
SAID = "The entry itself is not what was written: verify the audit log."
UNTOUCHED = "This file is untouched"
DOUBT = "But the log that says so is not what was written: see above."

#: What is put back after each change.
KEPT = "at, who, before, after, canonical, hash, prev"
#: One fact of the manifest, and what somebody made of it.
FACTS: list[tuple[str, Any]] = [
    ("rows", 21.5),
    ("rows", "many"),
    ("rows", None),
    ("rows", -1),
    ("rows", 10**400),
    ("rows", [1]),
    ("sums", [1]),
    ("sums", None),
    ("sums", {"A0": 5.5}),
    ("sums", {"A0": "much"}),
    ("sums", {"A0": "NaN"}),
    ("sums", {"A0": "1e999999999"}),
    ("columns", 5),
    ("columns", "client"),
    ("columns", [1, None]),
    ("summed", 5),
    ("summed", {"amount": 5, "asset": []}),
    ("file", 5),
    ("file", "other.csv"),
    ("format", []),
    ("filter", {}),
    ("export", [1]),
    ("as_of", 5),
    ("as_of", "2026-99-99T00:00:00Z"),
    ("bytes", "few"),
    ("sha256", "0" * 64),
    ("sha256", 5),
    ("sha256", None),
]
#: Whole columns, as SQL.
COLUMNS = (
    "after = NULL",
    "after = '[]'",
    "after = '5'",
    "after = (repeat('[', 500) || repeat(']', 500))::jsonb",
    "after = (repeat('[', 900) || repeat(']', 900))::jsonb",
    "after = jsonb_set(after, '{rows}', repeat('1', 5000)::jsonb)",
    "before = '1.5'",
    "at = 'infinity'",
    "at = '0044-03-15 BC'",
    "who = 'somebody'",
    "canonical = ''",
    "canonical = 'no JSON'",
    "canonical = '5'",
    "canonical = '[{}]'",
    "canonical = 'null'",
    "canonical = repeat('[', 100000)",
    """canonical = '{"number": ' || repeat('1', 5000) || '}'""",
    "canonical = '[]', hash = encode(sha256('[]'), 'hex')",
    "canonical = '{}', hash = encode(sha256('{}'), 'hex')",
    """canonical = '{"after":5,"at":5,"who":[]}', hash = encode(sha256('{"after":5,"at":5,"who":[]}'), 'hex')""",
    "hash = repeat('f', 64)",
    "prev = repeat('f', 64)",
)  # fmt: skip


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def changes_of(entry: Entry) -> Iterator[str]:
    """Change a fact in the column, in the text, or in both and the hash as well."""
    yield from COLUMNS
    for name, value in FACTS:
        said = {**(entry.after or {}), name: value}
        text = json.dumps({**json.loads(entry.canonical), "after": said}, sort_keys=True, separators=(",", ":"))
        column, canonical = f"after = {quoted(json.dumps(said))}", f"canonical = {quoted(text)}"
        yield column
        yield canonical
        yield f"{column}, {canonical}, hash = '{digest(text)}'"


def test_s29_a_manifest_that_was_tampered_with_is_never_an_error_and_always_said(
    client: Client, offered: Export, vera: Person, tmp_path: Path
) -> None:
    client.force_login(vera)
    client.raise_request_exception = False
    file, entry = issued(offered, vera), manifest()
    name = str((entry.after or {})["file"])
    altered = changed(1, b"-12500.00", b"-12000.00")
    damage(f"CREATE TABLE kept AS SELECT * FROM audit_entry WHERE number = {entry.number}")  # noqa: S608
    for change in changes_of(entry):
        damage(f"UPDATE audit_entry SET {change} WHERE number = {entry.number}")  # noqa: S608
        assert client.get("/exports/").status_code == 200, change
        for content in (file, altered):
            here = upload(client, content, name)
            assert SAID in here, change
            elsewhere = told_elsewhere(content, name, tmp_path)
            assert DOUBT in elsewhere[-1], (change, elsewhere)
            assert ("This file is untouched" in here) == ("This file is untouched" in elsewhere[-1]), (
                change,
                elsewhere,
            )
            assert ("untouched" in elsewhere[-1]) <= (content == file), change
        damage(f"UPDATE audit_entry SET ({KEPT}) = (SELECT {KEPT} FROM kept) WHERE number = {entry.number}")  # noqa: S608
    damage("DROP TABLE kept")
    assert SAID not in upload(client, file, name)


def told_elsewhere(content: bytes, name: str, folder: Path) -> list[str]:
    """What the offline verifier says of the log and, last, first of the file."""
    path, said = folder / name, list[str]()
    path.write_bytes(content)
    wanted = argparse.Namespace(bundle=bundle_in(folder), files=[path], key=[], seals=[])
    assert OFFLINE.run(wanted, said.append) == 1
    return [one for one in said if not one.startswith("  ")]


def test_a_manifest_is_sealed_or_soon_or_not_at_all(
    offered: Export, vera: Person, settings: Settings, tmp_path: Path
) -> None:
    issued(offered, vera)
    entry = manifest()
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_DIRECTORY, settings.AUDIT_SEAL_FORMER_KEYS = "", "", []
    assert standing_of(entry) is Standing.UNSEALED
    settings.AUDIT_SEAL_KEY, settings.AUDIT_SEAL_DIRECTORY = KEY, str(tmp_path)
    assert standing_of(entry) is Standing.UNSEALED, "a key alone seals nothing"
    assert seal_now() is not None
    assert standing_of(entry) is Standing.SEALED
    issued(offered, vera)
    assert standing_of(manifest()) is Standing.SEALED_SOON


def test_s29_a_manifest_written_anew_with_its_hash_is_found_out_by_what_comes_after_it(
    offered: Export, vera: Person
) -> None:
    issued(offered, vera)
    entry = manifest()
    assert standing_of(entry) is not Standing.NOT_AS_WRITTEN
    text = entry.canonical.replace('"reason":""', '"reason":"other"')
    damage(
        f"UPDATE audit_entry SET reason = 'other', canonical = {quoted(text)}, hash = '{digest(text)}'"  # noqa: S608
        f" WHERE number = {entry.number}"
    )
    assert standing_of(entry) is Standing.NOT_AS_WRITTEN
