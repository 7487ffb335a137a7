"""What a decision does to a file of operations: the subject that funding registers for files."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.policies import Conflict
from backoffice.approvals.subjects import NotKnown, Words
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.database import clock
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.pages import approval_preview
from backoffice.funding.bulk.policies import check_can_let_go, why_not_taken_back
from backoffice.funding.fingerprint import file_fingerprint
from backoffice.funding.models import BulkFile, FileState
from backoffice.funding.policies import not_known_yet
from backoffice.funding.services import bulk_files
from backoffice.funding.services.expiring import SCHEDULE


class FileSubject:
    """A file of which some row needs another person's word, before any operation is made of it."""

    kind = str(RuleKind.BULK)
    preview_template = "funding/bulk_preview.html"
    words = Words(
        approve=_("Approve"),
        to_subject=_("To the file"),
        if_rejected=_(
            "The file ends here and nothing of it is created. %(name)s sees your reason and can upload the file anew. "
            "A rejection cannot be undone."
        ),
    )

    def lock(self, key: str) -> None:
        """Lock the file, which comes before its request in the lock order."""
        bulk_files.locked(file_id_of(key))

    def current_fingerprint(self, key: str) -> str:
        return file_fingerprint(_file_of(key))

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return approval_preview(_file_of(request.subject), clock.now())

    def history(self, request: Request) -> list[Entry]:
        """Return what the log tells of the file: that it was uploaded and confirmed stands there."""
        return history_of(_file_of(request.subject), request)

    def url(self, key: str) -> str:
        return reverse("funding:bulk_file", args=[file_id_of(key)])

    def not_known_yet(self) -> NotKnown | None:
        """Say why nobody approves it after a restore before it is known which of its rows were paid since."""
        return not_known_yet()

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Let a worker create the operations: the state, the audit entry and the bell commit with the decision."""
        bulk_files.let_create(bulk_files.locked(file_id_of(request.subject)), by=by, note=note)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        _let_go_by_people(request, FileState.REJECTED, by, note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        _let_go_by_people(request, FileState.CANCELLED, by, "")

    def on_expired(self, request: Request, now: datetime) -> None:
        bulk_files.let_go(bulk_files.locked(file_id_of(request.subject)), FileState.EXPIRED, by=SCHEDULE)

    def why_not_taken_back(self, key: str) -> str:
        """Say why an approval of a file stays: some of its rows are dealt with, or may have been before a restore."""
        return why_not_taken_back(_file_of(key))

    def on_taken_back(self, request: Request, by: Person, now: datetime) -> None:
        """Give the file up before a worker came to it."""
        sentence = self.why_not_taken_back(request.subject)
        if sentence:
            raise Conflict(sentence)
        reason = f"{by.name} took the approval back before anything was created."
        bulk_files.let_go(bulk_files.locked(file_id_of(request.subject)), FileState.CANCELLED, by=by, reason=reason)


def _let_go_by_people(request: Request, to: FileState, by: Person, reason: str) -> None:
    """End what nobody wants any more, unless it may have been approved and sent before a backup was restored.

    :raises Conflict: then.
    """
    file = bulk_files.locked(file_id_of(request.subject))
    check_can_let_go(file)
    bulk_files.let_go(file, to, by=by, reason=reason)


def file_id_of(key: str) -> int:
    """Return the id of the file that a request is about."""
    return int(key.removeprefix("file-"))


def _file_of(key: str) -> BulkFile:
    return queries.files().get(pk=file_id_of(key))
