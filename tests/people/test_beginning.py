"""The first people: invited once, by a command, while nobody exists; refused ever after."""

import pytest
from django.core.management import CommandError, call_command
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry
from tests.ruling import make_live, rule

WHO = ("--administrator", "Adam Reyes <adam@example.com>", "--manager", "Omar Saleh <Omar@example.com>")


def test_the_first_people_are_invited(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("first_people", *WHO, "--manager", "Lina Aziz <lina@example.com>")

    people = Person.objects.order_by("name")
    assert [(one.name, one.email, one.role, one.has_usable_password()) for one in people] == [
        ("Adam Reyes", "adam@example.com", "administrator", False),
        ("Lina Aziz", "lina@example.com", "manager", False),
        ("Omar Saleh", "omar@example.com", "manager", False),
    ]
    assert ProcrastinateJob.objects.filter(task_name="accounts.deliver").count() == 3
    assert Entry.objects.filter(event="person.first_invited", who="first_people").count() == 3
    assert "Invited Adam Reyes <adam@example.com> as administrator." in capsys.readouterr().out


def test_it_is_refused_once_anybody_exists(db: None, maya: Person) -> None:
    with pytest.raises(CommandError, match="There are people already"):
        call_command("first_people", *WHO)
    assert Person.objects.count() == 1


def test_it_is_refused_even_when_everybody_was_deactivated(db: None, maya: Person) -> None:
    Person.objects.update(is_active=False)
    with pytest.raises(CommandError, match="There are people already"):
        call_command("first_people", *WHO)


def test_there_are_as_many_managers_as_the_rules_demand(db: None) -> None:
    make_live(rule("withdrawal", people_needed=2), rule("account"))
    with pytest.raises(CommandError, match="The rules ask for up to 2 managers"):
        call_command("first_people", *WHO)


@pytest.mark.parametrize("who", ["adam@example.com", "Adam Reyes", "Adam Reyes <adam>", "", "<adam@example.com>"])
def test_somebody_without_name_or_address_is_not_invited(db: None, who: str) -> None:
    with pytest.raises(CommandError, match="is not of the form"):
        call_command("first_people", "--administrator", who, "--manager", "Omar Saleh <omar@example.com>")
    assert not Person.objects.exists()


def test_two_people_do_not_share_an_address(db: None) -> None:
    with pytest.raises(CommandError, match="an address of their own"):
        call_command("first_people", *WHO, "--manager", "Omar Twice <OMAR@example.com>")
    assert not Person.objects.filter(role=Role.MANAGER).exists()
