"""The people of the demo, made once."""

from backoffice.accounts.factors import codes
from backoffice.accounts.models import Person
from backoffice.demo.cast import CAST, PASSWORD


def create_people() -> dict[str, Person]:
    """Create whoever of the cast is missing and return them by first name, in lower case."""
    people = {member.name.split()[0].lower(): person_of(member.email, member.name, member.role) for member in CAST}
    for person in people.values():
        give_authenticator(person)
    return people


def give_authenticator(person: Person) -> None:
    """Enrol a person who has none; the demo shows its codes beside the field."""
    if codes.authenticator_of(person) is None:
        codes.set_up(person, codes.new_secret())


def person_of(email: str, name: str, role: str) -> Person:
    return Person.objects.filter(email=email).first() or Person.objects.create_person(
        email=email, name=name, role=role, password=PASSWORD
    )
