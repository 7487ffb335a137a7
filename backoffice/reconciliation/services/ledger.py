"""Keep the company's ledgers: made once, mapped once, then file by file checked, accepted, and withdrawn if need be.

A file is stored only when every line of it is good. Its entries count from the moment a person accepts what it adds up
to; nothing about a file or an entry is ever changed afterwards.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.funding.bulk.reading import Fault, UnreadableFile
from backoffice.money import MAX_INTEGER_DIGITS
from backoffice.reconciliation.ledger import guessing, queries
from backoffice.reconciliation.ledger.checking import GoodEntry, check, known_to
from backoffice.reconciliation.ledger.mapping import Mapping
from backoffice.reconciliation.ledger.reading import Layout, guess_layout, opening_of, read
from backoffice.reconciliation.ledger.sums import Total, totals_of
from backoffice.reconciliation.models import FileState, LedgerEntry, LedgerFile, LedgerSource
from backoffice.reconciliation.policies import check_can_reconcile

LONGEST_NAME: Final = 200
LONGEST_REASON: Final = 500
_AT_A_TIME: Final = 2_000


class BadLines(Exception):
    """Some lines of a file cannot be taken, so nothing of it was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(_("Nothing was stored: correct these cells and upload the file again."))
        self.faults = faults


class NameTaken(ValueError):
    """Another ledger has this name."""


class ReasonMissing(ValueError):
    """A file is not withdrawn without a reason, or with one too long to keep."""


@dataclass(frozen=True)
class Uploaded:
    """The file that holds these bytes; ``is_new`` is false when it stood there already."""

    file: LedgerFile
    is_new: bool


# The ledger -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_ledger(*, name: str, file_name: str, content: bytes, by: Person) -> LedgerSource:
    """Make a ledger from its first file, with a guess at how its columns are read.

    :raises Refused: for people who may only read. :raises NameTaken: when another ledger is called so.
    :raises UnreadableFile: with a sentence about the file as a whole.
    """
    check_can_reconcile(by)
    layout = guess_layout(content)
    guessed = guessing.guess(opening_of(content, layout), layout)
    source, is_new = LedgerSource.objects.get_or_create(
        name=name,
        defaults={
            "columns": {},
            "reading": {**guessed.reading_json(), "guessed": guessed.columns},
            "sample": content,
            "sample_name": file_name[:LONGEST_NAME],
            "made_by": by,
            "made_at": clock.now(),
        },
    )
    if not is_new:
        raise NameTaken(_("Another ledger has this name."))
    record("ledger.made", by=by, obj=source, after={"name": name})
    return source


@transaction.atomic
def map_columns(*, source_id: int, mapping: Mapping, by: Person) -> LedgerSource:
    """Remember how the files of a ledger are read from now on. Files read before keep the mapping they were read with.

    :raises Refused: for people who may only read.
    """
    check_can_reconcile(by)
    source = _locked(source_id)
    before = {"columns": source.columns, "reading": source.reading}
    source.columns, source.reading = mapping.columns, mapping.reading_json()
    source.save(update_fields=["columns", "reading"])
    record("ledger.mapped", by=by, obj=source, before=before, after=mapping.as_json())
    return source


def guessed_mapping(source: LedgerSource) -> Mapping:
    """The mapping of a ledger: as somebody confirmed it, else as it was guessed when the ledger was made."""
    return Mapping.from_json(source.columns or source.reading.get("guessed", {}), source.reading)


def layout_of(source: LedgerSource) -> Layout:
    """How the files of a ledger are cut into cells."""
    return guessed_mapping(source).layout


# A file ---------------------------------------------------------------------------------------------------------------


def upload(*, source_id: int, name: str, content: bytes, by: Person) -> Uploaded:
    """Store a file in which every line is good, to be accepted, or recognise one that stands in the ledger.

    :raises Refused: for people who may only read. :raises Conflict: while the ledger's columns are not mapped.
    :raises UnreadableFile: with a sentence about the file as a whole.
    :raises BadLines: with every fault by line and column; nothing is stored.
    """
    check_can_reconcile(by)
    source = LedgerSource.objects.defer("sample").get(pk=source_id)
    if not source.columns:
        raise Conflict(_("Map the ledger's columns first."))
    digest = hashlib.sha256(content).hexdigest()
    before = queries.with_digest(source, digest)
    if before is not None:
        return Uploaded(before, is_new=False)
    mapping = Mapping.from_json(source.columns, source.reading)
    entries = _good_entries(source, content, mapping)
    try:
        return Uploaded(_store(source, name, content, digest, mapping, entries, by), is_new=True)
    except IntegrityError:  # the same bytes, uploaded twice at the same moment
        before = queries.with_digest(source, digest)
        if before is None:
            raise
        return Uploaded(before, is_new=False)


def _good_entries(source: LedgerSource, content: bytes, mapping: Mapping) -> list[GoodEntry]:
    sheet = read(content, mapping.layout, mapping.columns)
    known = known_to(sheet.rows, lambda references: queries.standing_in(source, references), clock.now())
    good, faults = check(sheet.rows, mapping, known)
    if sheet.faults or faults:
        raise BadLines(sorted([*sheet.faults, *faults], key=lambda fault: fault.line))
    if any(_is_too_large(total) for total in totals_of(good)):
        raise UnreadableFile(_("The amounts add up to more than %(most)d digits.") % {"most": MAX_INTEGER_DIGITS})
    return good


def _is_too_large(total: Total) -> bool:
    return max(total.deposited.adjusted(), total.withdrawn.adjusted()) >= MAX_INTEGER_DIGITS


@transaction.atomic
def _store(
    source: LedgerSource,
    name: str,
    content: bytes,
    digest: str,
    mapping: Mapping,
    entries: Sequence[GoodEntry],
    by: Person,
) -> LedgerFile:
    file = LedgerFile.objects.create(
        source=source,
        name=name[:LONGEST_NAME],
        digest=digest,
        content=content,
        read_with=mapping.as_json(),
        row_count=len(entries),
        totals=[total.as_json() for total in totals_of(entries)],
        first_at=min(entry.booked_at for entry in entries),
        last_at=max(entry.booked_at for entry in entries),
        state=FileState.CHECKED,
        uploaded_by=by,
        uploaded_at=clock.now(),
    )
    record("ledger.uploaded", by=by, obj=file, after=_said_of(file))
    return file


@transaction.atomic
def accept(*, file_id: int, by: Person) -> LedgerFile:
    """Let the lines of a file count as entries of its ledger. The file is read once more, as it was when checked.

    :raises Refused: for people who may only read. :raises Conflict: when it was settled meanwhile.
    :raises BadLines: when a line no longer fits, as when another file has brought its reference meanwhile.
    """
    check_can_reconcile(by)
    file = _locked_file(file_id)
    if file.state != FileState.CHECKED:
        raise Conflict(_("This file is not to be accepted any more: somebody has settled it."))
    mapping = Mapping.from_json(file.read_with["columns"], file.read_with["reading"])
    entries = _good_entries(file.source, bytes(file.content), mapping)
    file.state = FileState.ACCEPTED
    file.save(update_fields=["state"])
    LedgerEntry.objects.bulk_create([_entry_of(file, entry) for entry in entries], batch_size=_AT_A_TIME)
    record("ledger.accepted", by=by, obj=file, after=_said_of(file))
    return file


def _entry_of(file: LedgerFile, entry: GoodEntry) -> LedgerEntry:
    return LedgerEntry(
        file=file,
        line=entry.line,
        reference=entry.reference,
        partner_client_id=entry.client,
        kind=entry.kind,
        asset_id=entry.asset,
        amount=entry.amount,
        status=entry.status,
        booked_at=entry.booked_at,
    )


@transaction.atomic
def discard(*, file_id: int, by: Person) -> LedgerFile:
    """Give a file up before it counted.

    :raises Refused: for people who may only read. :raises Conflict: when it was settled meanwhile.
    """
    check_can_reconcile(by)
    file = _locked_file(file_id)
    if file.state != FileState.CHECKED:
        raise Conflict(_("This file cannot be discarded any more: somebody has settled it."))
    file.state = FileState.DISCARDED
    file.save(update_fields=["state"])
    record("ledger.discarded", by=by, obj=file, after=_said_of(file))
    return file


@transaction.atomic
def withdraw(*, file_id: int, reason: str, by: Person) -> LedgerFile:
    """Take a file out of the ledger. It stays to be read with its entries, which count no more.

    :raises Refused: for people who may only read. :raises ReasonMissing: without a reason fit to keep.
    :raises Conflict: when it does not count.
    """
    check_can_reconcile(by)
    reason = _checked_reason(reason)
    file = _locked_file(file_id)
    if file.state != FileState.ACCEPTED:
        raise Conflict(_("Only a file that counts can be withdrawn."))
    file.state, file.withdrawn_by, file.withdrawn_at = FileState.WITHDRAWN, by, clock.now()
    file.withdrawn_because = reason
    file.save(update_fields=["state", "withdrawn_by", "withdrawn_at", "withdrawn_because"])
    record("ledger.withdrawn", by=by, obj=file, after=_said_of(file), reason=reason)
    return file


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ReasonMissing(_("Say why: the reason stays with the file."))
    if len(reason) > LONGEST_REASON:
        raise ReasonMissing(_("Say it in at most %(limit)d characters.") % {"limit": LONGEST_REASON})
    return reason


def _locked(source_id: int) -> LedgerSource:
    return LedgerSource.objects.select_for_update(of=("self",)).defer("sample").get(pk=source_id)


def _locked_file(file_id: int) -> LedgerFile:
    """Lock a file after its ledger: files of one are accepted one after the other, so no reference comes twice."""
    source = _locked(LedgerFile.objects.values_list("source_id", flat=True).get(pk=file_id))
    file = LedgerFile.objects.select_for_update(of=("self",)).get(pk=file_id)
    file.source = source
    return file


def _said_of(file: LedgerFile) -> dict[str, Any]:
    return {
        "ledger": file.source.name,
        "name": file.name,
        "digest": file.digest,
        "rows": file.row_count,
        "totals": file.totals,
        "state": str(file.state),
    }
