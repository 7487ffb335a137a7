"""The file of the people: the table's rows, letter for letter, and nothing a spreadsheet would run."""

from backoffice.accounts.models import Person, Role
from backoffice.people.listing import PEOPLE
from backoffice.people.queries import listed
from backoffice.people.services.closing_accounts import deactivate
from tests import factors
from tests.approving import approve
from tests.exports.agree import assert_table_and_csv_agree
from tests.people import invitation_of, propose


def test_the_table_and_the_csv_of_people_agree(committed: str) -> None:
    cast = {
        name: Person.objects.create_person(email=f"{name}@example.com", name=name, role=role)
        for name, role in (("=maya", "finance"), ("omar", "manager"), ("lina", "manager"), ("adam", "administrator"))
    }
    factors.enrol(cast["=maya"])
    approve(propose(invitation_of("Ida Berg", Role.MANAGER, cast["adam"]), cast["adam"]).approval, cast["omar"])
    deactivate(person_id=cast["lina"].pk, reason="Left.", by=cast["adam"])
    rows = assert_table_and_csv_agree(PEOPLE, listed())
    assert len(rows) == 5
