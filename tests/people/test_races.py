"""Two changes at the same moment: whoever counts who remains sees the other."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.people.models import AccountChange
from backoffice.people.services.closing_accounts import deactivate
from tests.people import invitation_of, propose


def test_two_administrators_who_deactivate_each_other_leave_one(committed: str) -> None:
    eva, adam = (
        Person.objects.create_person(email=f"{name}@example.com", name=name, role=Role.ADMINISTRATOR)
        for name in ("eva", "adam2")
    )

    def close(pair: tuple[Person, Person]) -> str:
        try:
            deactivate(person_id=pair[1].pk, reason="You first.", by=pair[0])
        except (Refused, Conflict) as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(close, [(eva, adam), (adam, eva)]))

    assert outcomes == ["Refused", "done"]
    assert Person.objects.filter(pk__in=[eva.pk, adam.pk], is_active=True).count() == 1


def test_two_administrators_who_invite_the_same_address_make_one_invitation(committed: str) -> None:
    pair = [
        Person.objects.create_person(email=f"{name}@example.com", name=name, role=Role.ADMINISTRATOR)
        for name in ("eva", "adam2")
    ]

    def invite(by: Person) -> str:
        try:
            propose(invitation_of("Ida Berg", Role.FINANCE, by), by)
        except Conflict:
            return "conflict"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(invite, pair))

    assert outcomes == ["conflict", "done"]
    assert AccountChange.objects.count() == 1
