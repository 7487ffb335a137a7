"""A file of deposits or withdrawals: uploaded whole or not at all, then confirmed by its sums or discarded.

Where some row of it would go out on one person's word, it waits for another person's before anything is created.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Rule, RuleKind
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.funding.bulk import gating, queries
from backoffice.funding.bulk.checking import GoodRow, check, no_longer_good
from backoffice.funding.bulk.policies import check_can_discard, check_can_let_go, check_can_settle
from backoffice.funding.bulk.reading import Fault, UnreadableFile, read
from backoffice.funding.bulk.sums import differences, stored_totals, totals_of, written
from backoffice.funding.fingerprint import equal_rows_fingerprint, file_fingerprint
from backoffice.funding.models import BulkFile, BulkRow, FileState
from backoffice.funding.policies import check_can_ask, why_not_known_yet
from backoffice.funding.services.doorbells import ring_to_create
from backoffice.money import MAX_INTEGER_DIGITS

LONGEST_NAME: Final = 200


class BadRows(Exception):
    """Some rows of a file cannot be made, so nothing of it was stored."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(_("Nothing was stored: correct these cells and upload the file again."))
        self.faults = faults


class EqualRows(Exception):
    """Rows equal other requests and nobody has confirmed that they are other payments."""

    def __init__(self, equal: list[queries.Alike]) -> None:
        super().__init__(_("Confirm that the rows which equal another request are other payments."))
        self.equal = equal


@dataclass(frozen=True)
class Uploaded:
    """The file that holds these bytes; ``is_new`` is false when it was there already."""

    file: BulkFile
    is_new: bool


def upload(*, name: str, content: bytes, by: Person) -> Uploaded:
    """Store a file in which every row is good, or recognise one that was uploaded before.

    :raises Refused: for anybody but finance. :raises UnreadableFile: with a sentence about the file as a whole.
    :raises BadRows: with every fault by row and column; nothing is stored.
    """
    check_can_ask(by)
    digest = hashlib.sha256(content).hexdigest()
    before = queries.with_digest(digest)
    if before is not None:
        return Uploaded(before, is_new=False)
    rows = _good_rows(content)
    try:
        return Uploaded(_store(name, content, digest, rows, by), is_new=True)
    except IntegrityError:  # the same bytes, uploaded twice at the same moment
        before = queries.with_digest(digest)
        if before is None:
            raise
        return Uploaded(before, is_new=False)


def _good_rows(content: bytes) -> list[BulkRow]:
    sheet = read(content)
    good, faults = check(sheet.rows)
    if sheet.faults or faults:
        raise BadRows(sorted([*sheet.faults, *faults], key=lambda fault: fault.line))
    rows = [_row(one) for one in good]
    if any(total.amount.adjusted() >= MAX_INTEGER_DIGITS for total in totals_of(rows)):
        raise UnreadableFile(_("The amounts add up to more than %(most)d digits.") % {"most": MAX_INTEGER_DIGITS})
    return rows


def _row(good: GoodRow) -> BulkRow:
    return BulkRow(
        number=good.line,
        kind=good.kind,
        client=good.client,
        asset=good.asset,
        amount=good.amount,
        reason=good.reason,
        submission_token=uuid4(),
    )


def _store(name: str, content: bytes, digest: str, rows: list[BulkRow], by: Person) -> BulkFile:
    with transaction.atomic():
        file = BulkFile.objects.create(
            name=name[:LONGEST_NAME],
            digest=digest,
            content=content,
            row_count=len(rows),
            totals=written(totals_of(rows)),
            uploaded_by=by,
            uploaded_at=clock.now(),
        )
        for row in rows:
            row.file = file
        BulkRow.objects.bulk_create(rows, batch_size=500)
        record("bulk.uploaded", by=by, obj=file, after=_said_of(file))
    return file


def confirm(
    *,
    file_id: int,
    count: int,
    totals: dict[str, Decimal],
    by: Person,
    confirmed_shown: str = "",
    confirmed_equal: bool = False,
) -> BulkFile:
    """Let the workers create one operation for each row; where some row needs it, once others have agreed to the file.

    :param count, totals: what the person read off their own source, by `Total.key`; they must agree exactly.
    :param confirmed_shown: the digest of the equal rows that the person saw and says are other payments; it counts
        while no other rows are equal, and to nothing else. :param confirmed_equal: that whatever is equal is another
        payment, for callers who show nobody a page.
    :raises Refused: for anybody but who uploaded it, where no rule says who agrees, where the client or the asset of a
        row was closed since the upload, and while nobody knows what was sent since a backup.
    :raises Conflict: when it was settled meanwhile, or a control figure differs.
    :raises EqualRows: unless confirmed.
    """
    with transaction.atomic():
        file = locked(file_id)
        check_can_settle(by, file)
        if differences(file, count, totals):
            raise Conflict(_("The control figures are not those of the file. Compare it with your own list."))
        if sentence := why_not_known_yet():
            raise Refused(sentence)
        if no_longer_good(queries.rows_in_order(file)):
            raise Refused(_("Some rows cannot be made any more, so nothing of the file was confirmed."))
        equal = queries.equal_rows(file, clock.now())
        if equal and not confirmed_equal and confirmed_shown != equal_rows_fingerprint(file, equal):
            raise EqualRows(equal)
        file.confirmed_equal = queries.equal_lines(equal)
        if gating.rows_nobody_gates(queries.rows_in_order(file), clock.now()):
            _ask_others(file, rule_demanded(Facts(kind=RuleKind.BULK)), by)
        else:
            _settle(file, FileState.CONFIRMED, confirmed_at=clock.now(), confirmed_equal=file.confirmed_equal)
            ring_to_create(file.pk)
        after = {**_said_of(file), "state": str(file.state), "confirmed_equal": len(file.confirmed_equal)}
        record("bulk.confirmed", by=by, obj=file, after=after)
    return file


def _ask_others(file: BulkFile, rule: Rule, by: Person) -> None:
    now, totals = clock.now(), stored_totals(file)
    fingerprint = file_fingerprint(file)
    one = totals[0] if len(totals) == 1 else None
    request = ask_for_approval(
        kind=RuleKind.BULK,
        subject=file.key,
        title=f"File of {file.row_count} operations: {file.name}",
        fingerprint=fingerprint,
        rule=rule,
        by=by,
        now=now,
        amount=one.amount if one else None,
        asset=one.asset if one else "",
    )
    said = {"confirmed_at": now, "confirmed_equal": file.confirmed_equal, "fingerprint": fingerprint}
    _settle(file, FileState.WAITING, approval=request, **said)


def let_create(file: BulkFile, *, by: Person, note: str) -> None:
    """Let the workers create the operations of a locked file that others have agreed to."""
    _settle(file, FileState.CONFIRMED)
    ring_to_create(file.pk)
    record("bulk.approved", by=by, obj=file, after=_said_of(file), reason=note)


def let_go(file: BulkFile, to: FileState, *, by: Actor, reason: str = "") -> None:
    """End a locked file before anything came of it; its bytes may be uploaded again."""
    before = {"state": str(file.state)}
    _settle(file, to, ended_at=clock.now())
    record(f"bulk.{to}", by=by, obj=file, before=before, reason=reason)


def discard(*, file_id: int, by: Person) -> BulkFile:
    """Give a file up before anything came of it; its bytes may be uploaded again.

    :raises Refused: for anybody but who uploaded it, while they are of finance. :raises Conflict: when it was settled
        meanwhile.
    """
    with transaction.atomic():
        file = locked(file_id)
        check_can_discard(by, file)
        check_can_let_go(file)
        let_go(file, FileState.DISCARDED, by=by)
    return file


def locked(file_id: int) -> BulkFile:
    """Lock one file for the rest of the transaction and return it as it is now."""
    return queries.files().select_for_update(of=("self",), no_key=True).get(pk=file_id)


def _settle(file: BulkFile, to: FileState, **changes: object) -> None:
    file.state = to
    for name, value in changes.items():
        setattr(file, name, value)
    file.save(update_fields=["state", *changes])


def _said_of(file: BulkFile) -> dict[str, object]:
    return {"name": file.name, "digest": file.digest, "rows": file.row_count, "totals": file.totals}
