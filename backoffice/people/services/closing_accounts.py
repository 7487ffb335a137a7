"""What one administrator does at once, because it only ever takes away: close an account, end sessions, and send an
invitation again to the address it was made for."""

from django.db import transaction

from backoffice.accounts import mail
from backoffice.accounts.models import Person
from backoffice.accounts.sessions import Ending
from backoffice.accounts.sessions_ending import end_because
from backoffice.approvals.control import snapshot_now
from backoffice.audit.services import record
from backoffice.people import policies
from backoffice.people.services.locking import locked


def deactivate(*, person_id: int, reason: str, by: Person) -> Person:
    """Close an account and end its sessions. What the person asked for keeps waiting; nobody else's voice changes.

    :raises Refused: for anybody but an administrator, and for one's own account.
    :raises Conflict: when it is closed already, or too few would remain.
    :raises Person.DoesNotExist: for an id nobody has.
    """
    with transaction.atomic():
        person = _found(person_id)
        policies.check_can_deactivate(Person.objects.get(pk=by.pk), person, snapshot_now())
        person.is_active = False
        person.save(update_fields=["is_active"])
        end_because(Ending.CLOSED, person, by, reason)
        record(
            "person.deactivated",
            by=by,
            obj=person,
            before={"account": "open"},
            after={"account": "closed"},
            reason=reason,
        )
    return person


def invite_again(*, person_id: int, by: Person) -> Person:
    """Send a fresh link to whoever was invited and has not come yet.

    :raises Refused: for anybody but an administrator, and for one's own account.
    :raises Conflict: when the account is in use or closed.
    :raises Person.DoesNotExist: for an id nobody has.
    """
    with transaction.atomic():
        person = _found(person_id)
        policies.check_can_invite_again(Person.objects.get(pk=by.pk), person)
        mail.tell(person, mail.Letter.INVITATION)
        record("person.invited_again", by=by, obj=person, after={"email": person.email})
    return person


def _found(person_id: int) -> Person:
    person = locked(person_id)
    if person is None:
        raise Person.DoesNotExist
    return person
