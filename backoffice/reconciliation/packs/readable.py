"""What a person opens first: a text that says what is what and how to check it, and a page with the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.template.loader import render_to_string

from backoffice.accounts.models import Person
from backoffice.audit.canonical import instant
from backoffice.reconciliation.packs import chain
from backoffice.reconciliation.packs.bundle import MANIFEST, Filed
from backoffice.reconciliation.packs.chain import Segment
from backoffice.reconciliation.packs.parts import MOST_SHOWN, Pack, Table

README, INDEX, CHECKING = "README.txt", "index.html", "HOW-TO-CHECK.txt"
CHECK: Final = """\
import hashlib, json

before = None
for line in open("chain.jsonl", encoding="utf-8"):
    entry = json.loads(line)
    if before and entry["number"] == before["number"] + 1:
        assert entry["prev"] == before["hash"], f"entry {entry['number']} does not follow the one before"
    if "canonical" in entry:
        digest = hashlib.sha256(entry["canonical"].encode("utf-8")).hexdigest()
        assert digest == entry["hash"], f"entry {entry['number']} is not what was hashed"
        said = json.loads(entry["canonical"])
        assert (said["number"], said["prev"]) == (entry["number"], entry["prev"]), "the line is not its entry"
    before = entry
print("whole" if before else "empty")
"""
CUT: Final = f"""
The stretch is longer than {chain.MOST:,} entries. Each entry about this pack stands with the one before it; those
between are in the export of the audit log.
"""
CLOSED: Final = """
Entries about other things are there by number, prev and hash only: this pack is of one client, or whoever made it may
not read the audit log. Their text is in the export of the audit log.
"""


@dataclass(frozen=True)
class Shown:
    """One table as the page shows it: its first rows as text, and one more where there are more."""

    table: Table
    first: list[list[str]]

    @property
    def rows(self) -> list[list[str]]:
        return self.first[:MOST_SHOWN]

    @property
    def has_more(self) -> bool:
        return len(self.first) > MOST_SHOWN


def readme(pack: Pack, files: Sequence[Filed], by: Person, at: datetime) -> str:
    """Say what the pack is, who made it, and what each file is."""
    listed = "\n".join(f"  {one.name}" for one in files)
    return f"""{pack.title}
{"=" * len(pack.title)}

Evidence pack, made by {by.name} on {instant(at)}.

Open index.html to read it: it needs no network and has no scripts. The CSV files hold the same in full. Times are in
UTC. Amounts have all their digits. Text that a spreadsheet would run as a formula has an apostrophe before it.

What is where
  facts, timeline, signatures    what it is about, and what happened
  approvals, decisions           who was asked, who agreed, when, by which rule, with which second factor;
                                 "for" is who was away and whose voice was used
  exceptions, history            what did not agree, what was done about it, notes
  verdicts, tests                what runs found: expected, actual, result
  index.html, style.css          the tables as a page, and how it looks
  exchanges/                     requests and answers; signatures and keys are redacted, the rest is as it was kept
  attachments/                   files attached to closings, untouched
  audit.csv, chain.jsonl         entries of the audit log, in words and as they were hashed
  {MANIFEST}                   the SHA-256 of every file: sha256sum --check {MANIFEST}
  {CHECKING}               how to check the entries of the audit log
{limits(pack)}
Files
{listed}
"""


def limits(pack: Pack) -> str:
    return "".join(f"\n{one}\n" for one in pack.limits)


def checking(segment: Segment) -> str:
    """Say how the entries of the log are checked, and what is not among them."""
    cut = CUT if segment.is_cut else ""
    closed = "" if segment.is_open else CLOSED
    return f"""How to check {chain.FILE}
========================

Each line is one entry of the audit log, from just before the first about this pack to the last. "canonical" is the
text that was hashed, "hash" is its SHA-256 (of UTF-8), "prev" is the hash of the entry before and stands in the text
too. So no entry can be changed, put in or taken out without every later hash being another.
{cut}{closed}
One entry by hand: take the value of "canonical" of a line and hash it; the result is its "hash".

    tail -n 1 {chain.FILE} | jq --join-output .canonical | sha256sum

All of them, with Python and nothing else:

{CHECK}
The hashes can be compared with the log itself, on the page of each entry.
"""


def index(pack: Pack, tables: Sequence[Shown], files: Sequence[Filed], by: Person, at: datetime) -> bytes:
    """The page: what it is, its tables, its files."""
    context = {"pack": pack, "tables": tables, "files": files, "by": by, "at": instant(at), "manifest": MANIFEST}
    return render_to_string("reconciliation/packs/index.html", context).encode()
