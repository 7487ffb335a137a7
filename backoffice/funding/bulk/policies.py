"""Who may confirm and discard a file: nobody but the person who uploaded it, while it waits for that. What somebody who
is gone has left behind, any person of finance may discard."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.funding.bulk import queries
from backoffice.funding.freezing.release_conditions import NOT_READ_YET, is_in_the_dark
from backoffice.funding.models import BulkFile, BulkRow, FileState
from backoffice.funding.policies import check_can_ask

AT_THE_PARTNER: Final = gettext_noop("CoinMENA holds an order of it already: it was sent before a backup was restored.")


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


def check_can_discard(person: Person, file: BulkFile) -> None:
    """Refuse discarding somebody else's file while they are of finance still, or one that was settled already. The same
    file is recognised as long as it stands: nobody could upload it otherwise.

    :raises Refused: as `check_can_settle`. :raises Conflict: when it was confirmed or discarded meanwhile.
    """
    if not can_discard(person, file):
        check_can_settle(person, file)


def can_discard(person: Person, file: BulkFile) -> bool:
    may = person.pk == file.uploaded_by_id or is_left_behind(file)
    return person.is_finance and may and file.state == FileState.CHECKED


def is_left_behind(file: BulkFile) -> bool:
    """Whether nobody can confirm the file any more, because whoever uploaded it is gone or not of finance."""
    return not (file.uploaded_by.is_active and file.uploaded_by.is_finance)


def check_can_let_go(file: BulkFile) -> None:
    """Refuse giving up a file of which rows may have been sent before a backup was restored: its bytes could be
    uploaded anew, and its rows be paid under new references.

    :raises Conflict: then.
    """
    sentence = why_not_let_go(file)
    if sentence:
        raise Conflict(sentence)


def why_not_let_go(file: BulkFile) -> str:
    """Say why nobody can give this file up now; empty when nothing of it can have been sent."""
    # The lock is asked about first: what a reading that ends in between has found is seen below.
    is_dark = is_in_the_dark()
    if queries.is_at_the_partner(file):
        return _(AT_THE_PARTNER)
    return _(NOT_READ_YET) if is_dark else ""


def why_not_taken_back(file: BulkFile) -> str:
    """Say why nobody can end this confirmed file now; empty while whoever approved it can take that back."""
    # The lock is asked about first, as in `why_not_let_go`.
    is_dark = is_in_the_dark()
    waiting = queries.waiting_rows(file.pk).count()
    begun = why_never_taken_back(file, waiting=waiting, is_at_the_partner=queries.is_at_the_partner(file))
    return begun or (_(NOT_READ_YET) if is_dark else "")


def why_never_taken_back(file: BulkFile, *, waiting: int, is_at_the_partner: bool) -> str:
    """Say why nobody can ever end this confirmed file again, whatever is read yet; empty while somebody can.

    :param waiting: how many of its rows made neither an operation nor a refusal. :param is_at_the_partner: whether the
        partner holds an order of any row that did or may yet move money.
    """
    if file.approval_id is None:
        return _("Nobody had to approve the file, so there is no approval to take back.")
    if waiting != file.row_count:
        return _("It is too late: workers have begun to create its operations.")
    return _(AT_THE_PARTNER) if is_at_the_partner else ""


def why_gated(row: BulkRow, file: BulkFile, now: datetime) -> str:
    """Say why this row is refused where no rule asks others about it; empty where the word on the file is enough.

    What the partner holds already was sent in time, before a backup was restored: it is made again however late.
    """
    if file.approval is not None and file.approval.valid_until > now:
        return ""
    is_paid = queries.is_at_the_partner(file, row)
    if file.approval is None:
        why = _("No rule asks others about this row any more, and nobody approved the file.")
    elif is_paid:
        return ""
    else:
        why = _("The approval of the file has run out, and no rule asks others about this row.")
    advice = _("Put it into a new file.")
    return why if is_paid else f"{why} {advice}"


def why_not_for(person: Person) -> str:
    """Say why nothing is created any more for who confirmed a file; empty while they may ask."""
    if person.is_active and person.is_finance:
        return ""
    return _("%(name)s, who confirmed this file, may not ask for operations any more.") % {"name": person.name}
