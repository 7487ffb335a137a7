"""Hand out the evidence of a closing. Whoever reads it stands in the log (docs/adr/0012)."""

from django.utils.http import content_disposition_header

from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.funding.models import ClosingEvidence


def record_reading(file: ClosingEvidence, *, by: Person) -> None:
    """Write down that ``by`` was given ``file``."""
    operation = file.closing.operation
    after = {"closing": file.closing.key, "name": file.name, "digest": file.digest}
    record("evidence.read", by=by, obj=operation, client=operation.client.partner_client_id, after=after)


def disposition_of(name: str) -> str:
    """Return the header that makes a browser save a file under ``name`` and never show it."""
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"
