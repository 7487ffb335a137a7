"""The digest a decision is bound to: everything that says what would move, for whom and why."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from backoffice.accounts.models import Person
from backoffice.approvals.fingerprints import fingerprint
from backoffice.funding.bulk.queries import Alike
from backoffice.funding.closing.findings import Findings
from backoffice.funding.models import BulkFile, Closing, Operation
from backoffice.money import to_plain

VERSION: Final = 1


def fingerprint_of(operation: Operation) -> str:
    """Return the SHA-256 of the operation's content as it is now, as 64 hexadecimal digits."""
    content = {
        "version": VERSION,
        "reference": operation.reference,
        "kind": str(operation.kind),
        "client": operation.client.partner_client_id,
        "asset": operation.asset_id,
        "amount": to_plain(operation.amount),
        "reason": operation.reason,
        "requested_by": operation.requested_by_id,
    }
    return fingerprint(content)


def closing_fingerprint(closing: Closing, evidence: Iterable[str], findings: Findings) -> str:
    """Return the SHA-256 of what a closing claims, of its evidence, and of what is known of the reference.

    :param evidence: the digests of the attached files. :param findings: when something new is found, nobody can sign
        what was claimed before it was known.
    """
    content = {
        "version": VERSION,
        "reference": closing.operation.reference,
        "outcome": str(closing.outcome),
        "reason": str(closing.reason_code),
        "statement": closing.statement,
        "order": closing.order_id,
        "evidence": sorted(evidence),
        "findings": findings.as_json(),
        "asked_by": closing.asked_by_id,
    }
    return fingerprint(content)


def file_fingerprint(file: BulkFile) -> str:
    """Return the SHA-256 of what a file would make: its bytes by their digest, its count and sums, and what of it was
    confirmed as another payment."""
    content = {
        "version": VERSION,
        "file": file.pk,
        "digest": file.digest,
        "rows": file.row_count,
        "totals": file.totals,
        "confirmed_equal": sorted(file.confirmed_equal),
        "uploaded_by": file.uploaded_by_id,
    }
    return fingerprint(content)


def equal_requests_fingerprint(kind: str, client: str, asset: str, amount: Decimal, equal: Iterable[str]) -> str:
    """Return the SHA-256 of what a person typed and of the keys of what was shown as equal with it."""
    content = {
        "version": VERSION,
        "kind": str(kind),
        "client": client,
        "asset": asset,
        "amount": to_plain(amount),
        "equal": sorted(equal),
    }
    return fingerprint(content)


def equal_rows_fingerprint(file: BulkFile, equal: Iterable[Alike]) -> str:
    """Return the SHA-256 of the lines of a file that were shown as equal, and of the keys of what they equal."""
    alike = sorted([one.lines, sorted(one.keys)] for one in equal)
    return fingerprint({"version": VERSION, "file": file.pk, "equal": alike})


def claim_fingerprint(
    *,
    reference: str,
    outcome: str,
    reason_code: str,
    statement: str,
    order_id: int | None,
    evidence: Iterable[str],
    asked_by: Person,
) -> str:
    """Return the SHA-256 of what a person is about to claim, for the second factor they show with it.

    It is less than what is signed: what is known of the reference is looked up again only after the factor was shown.
    """
    content = {
        "version": VERSION,
        "claim_for": reference,
        "outcome": outcome,
        "reason": reason_code,
        "statement": statement,
        "order": order_id,
        "evidence": sorted(evidence),
        "asked_by": asked_by.pk,
    }
    return fingerprint(content)
