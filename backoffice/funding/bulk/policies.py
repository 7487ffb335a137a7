"""Who may confirm and discard a file: nobody but the person who uploaded it, while it waits for that."""

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.funding.models import BulkFile, FileState
from backoffice.funding.policies import check_can_ask


def check_can_settle(person: Person, file: BulkFile) -> None:
    """Refuse confirming or discarding somebody else's file, or one that was settled already.

    :raises Refused: for anybody but the person of finance who uploaded it.
    :raises Conflict: when it was confirmed or discarded meanwhile.
    """
    check_can_ask(person)
    if person.pk != file.uploaded_by_id:
        name = file.uploaded_by.name
        raise Refused(_("Only %(name)s, who uploaded it, can confirm or discard this file.") % {"name": name})
    if file.state != FileState.CHECKED:
        raise Conflict(_("This file was confirmed or discarded already. Read the page again."))


def can_settle(person: Person, file: BulkFile) -> bool:
    return person.is_finance and person.pk == file.uploaded_by_id and file.state == FileState.CHECKED


def why_not_for(person: Person) -> str:
    """Say why nothing is created any more for who confirmed a file; empty while they may ask."""
    if person.is_active and person.is_finance:
        return ""
    return _("%(name)s, who confirmed this file, may not ask for operations any more.") % {"name": person.name}
