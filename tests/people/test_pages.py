"""The pages of people: what they show to whom, and what an administrator does on them."""

import csv
import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person, Role, Session
from backoffice.approvals.models import Request
from backoffice.audit.models import Entry
from backoffice.funding.models import Operation
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.queries import listed
from backoffice.people.services.closing_accounts import deactivate
from tests import factors
from tests.approving import approve
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal
from tests.people import change_of, invitation_of, propose, role_of

SAID = {"reason": "Maya joins the approvers."}


@pytest.fixture(autouse=True)
def house(db: None, omar: Person, lina: Person, adam: Person, maya: Person, vera: Person) -> None:
    """Everybody."""


@pytest.fixture
def asked(maya: Person) -> Operation:
    """Something of Maya's that waits for a manager."""
    return withdrawal(maya, mirrored_client(), mirrored_asset())


def page_of(person: Person, page: str = "detail") -> str:
    return reverse(f"people:{page}", args=[person.pk])


def text_of(response: Any) -> str:
    """What the page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def fields(person: Person, **said: object) -> dict[str, Any]:
    """The fields of a form together with a fresh code of ``person``'s."""
    return factors.with_code(person, token=str(uuid4()), **{**SAID, **said})


# The list -------------------------------------------------------------------------------------------------------------


def test_the_list_says_role_state_and_second_factor(client: Client, adam: Person, maya: Person) -> None:
    factors.enrol(maya)
    client.force_login(adam)

    said = text_of(client.get("/people/"))

    assert re.search(r"Maya Haddad maya@example.com Finance Active Authenticator", said)
    assert re.search(r"Vera Novak vera@example.com Auditor Active None", said)
    assert "Invite somebody" in said


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=deactivated", ["Lina Aziz"]),
        ("state=invited", ["Ida Berg"]),
        ("role=manager&role=auditor", ["Ida Berg", "Lina Aziz", "Omar Saleh", "Vera Novak"]),
        ("factor=yes", ["Maya Haddad"]),
        ("factor=no&role=administrator", ["Adam Reyes"]),
        ("q=saleh", ["Omar Saleh"]),
        ("q=vera@", ["Vera Novak"]),
    ],
)
def test_people_are_found(
    client: Client, adam: Person, omar: Person, lina: Person, maya: Person, query: str, names: list[str]
) -> None:
    factors.enrol(maya)
    approve(propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam).approval, omar)
    deactivate(person_id=lina.pk, reason="Left.", by=adam)
    client.force_login(adam)

    answer = client.get(f"/people/?{query}")

    said = text_of(answer)
    everybody = ["Adam Reyes", "Ida Berg", "Lina Aziz", "Maya Haddad", "Omar Saleh", "Vera Novak"]
    assert [name for name in everybody if re.search(rf"{name} \w+@example.com", said)] == names


def test_an_invitation_that_waits_stands_above_the_list(client: Client, adam: Person) -> None:
    change = propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam)
    client.force_login(adam)
    answer = client.get("/people/")
    assert "Ida Berg , Manager. Proposed by Adam Reyes" in text_of(answer)
    assert f"/people/changes/{change.key}/" in answer.content.decode()


def test_the_list_takes_as_many_queries_for_fifty_as_for_five(
    client: Client, adam: Person, django_assert_max_num_queries: Any
) -> None:
    client.force_login(adam)
    client.get("/people/")
    with django_assert_max_num_queries(15) as few:
        client.get("/people/")
    for number in range(45):
        Person.objects.create_person(email=f"p{number}@example.com", name=f"Person {number}", role=Role.AUDITOR)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get("/people/")


# One person -----------------------------------------------------------------------------------------------------------


def test_a_person_s_page_says_what_they_may_do_and_what_became_of_their_account(
    client: Client, vera: Person, adam: Person, omar: Person, maya: Person
) -> None:
    approve(propose(role_of(maya, Role.MANAGER, adam), adam).approval, omar)
    client.force_login(vera)

    said = text_of(client.get(page_of(maya)))

    assert "Approve and reject what others ask for" in said
    assert "Never: Ask for money to move" in said
    assert "Approved another role Omar Saleh , Manager" in said
    assert "Change this account" not in said


def test_what_they_asked_for_is_named_to_those_who_see_money(
    client: Client, vera: Person, maya: Person, asked: Operation
) -> None:
    client.force_login(vera)
    answer = client.get(page_of(maya))
    assert "Withdrawal of" in text_of(answer)
    assert f"/approvals/{asked.reference}/" in answer.content.decode()


def test_s3_an_administrator_sees_that_something_waits_and_no_money(
    client: Client, adam: Person, maya: Person, asked: Operation
) -> None:
    client.force_login(adam)
    for page in (page_of(maya), page_of(maya, "deactivate")):
        answer = client.get(page)
        assert "A deposit or withdrawal" in text_of(answer)
        assert asked.reference not in answer.content.decode()
        assert asked.client.name not in answer.content.decode()


def test_what_somebody_deactivated_asked_for_still_waits_and_the_page_says_so(
    client: Client, omar: Person, adam: Person, maya: Person, asked: Operation
) -> None:
    deactivate(person_id=maya.pk, reason="Left.", by=adam)
    client.force_login(omar)

    said = text_of(client.get(page_of(maya)))

    assert "What they asked for still waits. Deactivating somebody cancels nothing" in said
    assert Request.objects.get(subject=asked.reference).state == "waiting"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("Propose another role", "A change of this account waits for a manager already. Adam Reyes can cancel it."),
        ("Propose a reset of the second factor", "has no second factor"),
    ],
)
def test_what_cannot_be_done_says_why(client: Client, adam: Person, maya: Person, act: str, why: str) -> None:
    if "waits" in why:
        propose(role_of(maya, Role.MANAGER, adam), adam)
    client.force_login(adam)
    said = text_of(client.get(page_of(maya)))
    assert re.search(rf"{act} [^.]*{why}", said)


def test_an_administrator_is_told_that_their_own_account_is_for_another(client: Client, adam: Person) -> None:
    client.force_login(adam)
    assert "Nobody changes their own account. There is no other administrator" in text_of(client.get(page_of(adam)))


@pytest.mark.parametrize("page", ["role", "deactivate", "reactivate", "reset_factor"])
def test_nobody_opens_a_form_about_themselves(client: Client, adam: Person, page: str) -> None:
    client.force_login(adam)
    answer = client.get(page_of(adam, page))
    assert answer.status_code == 403
    assert "Nobody changes their own account" in text_of(answer)


# Proposing ------------------------------------------------------------------------------------------------------------


def test_a_role_is_looked_at_before_it_is_proposed(client: Client, adam: Person, maya: Person) -> None:
    client.force_login(adam)

    said = text_of(client.get(page_of(maya, "role"), {"role": "auditor"}))

    assert "Give Maya Haddad the role auditor?" in said
    assert "Role Finance Auditor" in said
    assert "Withdrawals: still possible? No: nobody can ask for it." in said
    assert "Maya Haddad could no longer send money alone." in said
    assert "Never: Change anything" in said
    assert not AccountChange.objects.exists()


def test_a_role_is_proposed_with_a_code_and_waits_for_a_manager(client: Client, adam: Person, maya: Person) -> None:
    client.force_login(adam)

    answer = client.post(page_of(maya, "role"), fields(adam, role="manager"))

    change = AccountChange.objects.get()
    assert answer["Location"] == reverse("people:change", args=[change.key])
    assert (change.person, change.role_after, change.reason) == (maya, "manager", SAID["reason"])
    assert "It waits for a manager who is not the person concerned." in text_of(client.get(answer["Location"]))
    maya.refresh_from_db()
    assert maya.role == Role.FINANCE


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"code": "000000x"}, "Type the six digits"),
        ({"code": ""}, "Type the six digits"),
        ({"reason": ""}, "Say why, so that others understand it."),
        ({"role": "owner"}, "not one of the available choices"),
        ({"role": "finance"}, "not one of the available choices"),
        ({"token": "nonsense"}, "Enter a valid UUID"),
    ],
)
def test_what_is_wrong_with_a_proposal_is_said_and_nothing_is_made(
    client: Client, adam: Person, maya: Person, said: dict[str, str], sentence: str
) -> None:
    client.force_login(adam)
    answer = client.post(page_of(maya, "role"), {**fields(adam, role="manager"), **said})
    assert answer.status_code == 422
    assert sentence in text_of(answer) or sentence == "Enter a valid UUID"
    assert not AccountChange.objects.exists()


def test_a_wrong_code_keeps_what_was_typed(client: Client, adam: Person, maya: Person) -> None:
    factors.enrol(adam)
    client.force_login(adam)
    answer = client.post(page_of(maya, "role"), {**fields(adam, role="manager"), "code": factors.wrong_code_of(adam)})
    assert answer.status_code == 422
    assert "tries left" in text_of(answer)
    assert SAID["reason"] in answer.content.decode()
    assert not AccountChange.objects.exists()


def test_no_code_is_used_up_where_nothing_could_be_proposed(client: Client, adam: Person, maya: Person) -> None:
    propose(role_of(maya, Role.AUDITOR, adam), adam)
    said = fields(adam, role="manager")
    client.force_login(adam)

    answer = client.post(page_of(maya, "role"), said)

    assert answer.status_code == 422
    assert "waits for a manager already" in text_of(answer)
    assert factors.code_of(adam) == said["code"]


@pytest.mark.parametrize(
    ("page", "kind"), [("reactivate", ChangeKind.REACTIVATION), ("reset_factor", ChangeKind.FACTOR_RESET)]
)
def test_a_reactivation_and_a_reset_are_proposed(
    client: Client, adam: Person, maya: Person, page: str, kind: ChangeKind
) -> None:
    factors.enrol(maya)
    if kind == ChangeKind.REACTIVATION:
        deactivate(person_id=maya.pk, reason="Leave.", by=adam)
    client.force_login(adam)
    assert client.get(page_of(maya, page)).status_code == 200

    answer = client.post(page_of(maya, page), fields(adam))

    assert answer.status_code == 302
    assert AccountChange.objects.get().kind == kind


def test_somebody_is_invited(client: Client, adam: Person, omar: Person) -> None:
    client.force_login(adam)
    answer = client.post(
        "/people/invite/", fields(adam, name="Ida Berg", email="Ida@example.com", role="manager", reason="We grow.")
    )
    change = AccountChange.objects.get()
    assert answer["Location"] == reverse("people:change", args=[change.key])
    assert (change.name, change.email, change.role_after) == ("Ida Berg", "ida@example.com", "manager")


def test_an_address_that_has_an_account_is_said_on_the_form(client: Client, adam: Person) -> None:
    client.force_login(adam)
    answer = client.post("/people/invite/", fields(adam, name="Maya Again", email="MAYA@example.com", role="manager"))
    assert answer.status_code == 422
    assert "Maya Haddad has an account with this address already." in text_of(answer)


def test_s6_extra_fields_change_nothing(client: Client, adam: Person, maya: Person) -> None:
    client.force_login(adam)
    extra = {"state": "applied", "proposed_by": "1", "approval": "1", "is_staff": "on", "person": str(adam.pk)}
    client.post(page_of(maya, "role"), {**fields(adam, role="manager"), **extra})
    change = AccountChange.objects.get()
    assert (change.state, change.person, change.proposed_by) == ("waiting", maya, adam)


# Deciding -------------------------------------------------------------------------------------------------------------


def test_the_approver_sees_before_and_after_and_what_it_does_to_the_controls(
    client: Client, adam: Person, omar: Person, maya: Person
) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam, "Maya joins the approvers."), adam)
    client.force_login(omar)

    said = text_of(client.get(f"/approvals/{change.key}/"))

    assert "Give Maya Haddad the role manager?" in said
    assert "Maya joins the approvers." in said
    assert "Role Finance Manager" in said
    assert "Adam Reyes and Maya Haddad could together: everything, by inviting people" in said
    assert "Approve and reject what others ask for" in said


def test_a_change_that_is_in_force_is_shown_as_it_was_proposed(
    client: Client, adam: Person, omar: Person, maya: Person
) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)
    approve(change.approval, omar)
    client.force_login(adam)
    said = text_of(client.get(reverse("people:change", args=[change.key])))
    assert "In force" in said
    assert "Role Finance Manager" in said
    assert "Tried with the people and rules of now" not in said


def test_what_is_decided_is_a_question_no_more(client: Client, adam: Person, maya: Person, omar: Person) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)
    client.force_login(adam)
    page = f"/people/changes/{change.key}/"
    assert "Give Maya Haddad the role manager?" in text_of(client.get(page))

    approve(change.approval, omar)

    said = text_of(client.get(page))
    assert "Role of Maya Haddad: from finance to manager" in said and "Give Maya Haddad" not in said
    assert "Approved a request" in said


def test_a_proposal_is_taken_back_by_who_made_it(client: Client, adam: Person, maya: Person) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)
    client.force_login(adam)
    assert "Take it back" in text_of(client.get(reverse("people:change", args=[change.key])))

    client.post(reverse("people:cancel_change", args=[change.key]))

    change.refresh_from_db()
    assert change.state == "cancelled"
    again = client.post(reverse("people:cancel_change", args=[change.key]))
    assert again.status_code == 409


def test_another_administrator_does_not_take_it_back(client: Client, adam: Person, maya: Person) -> None:
    eva = Person.objects.create_person(email="eva@example.com", name="Eva Kern", role=Role.ADMINISTRATOR)
    change = propose(role_of(maya, Role.MANAGER, adam), adam)
    client.force_login(eva)
    answer = client.post(reverse("people:cancel_change", args=[change.key]))
    assert answer.status_code == 403
    change.refresh_from_db()
    assert change.is_waiting


# At once --------------------------------------------------------------------------------------------------------------


def test_deactivating_says_what_happens_asks_why_and_does_it(client: Client, adam: Person, maya: Person) -> None:
    Client().force_login(maya)
    client.force_login(adam)
    assert "1 session ends at once." in text_of(client.get(page_of(maya, "deactivate")))

    assert client.post(page_of(maya, "deactivate"), {"reason": " "}).status_code == 422
    assert Person.objects.get(pk=maya.pk).is_active
    client.post(page_of(maya, "deactivate"), {"reason": "Left on Friday."})

    assert not Person.objects.get(pk=maya.pk).is_active
    assert client.get(page_of(maya, "deactivate")).status_code == 409


def test_s22_an_administrator_ends_a_session_and_all_of_them(client: Client, adam: Person, maya: Person) -> None:
    for _browser in range(3):
        Client().force_login(maya)
    client.force_login(adam)
    one = Session.objects.of(maya).first()
    assert one is not None and one.public_id in client.get(page_of(maya)).content.decode()

    client.post(page_of(maya, "end_session"), {"session": one.public_id})
    assert Session.objects.of(maya).count() == 2
    assert client.post(page_of(maya, "end_session"), {"session": one.public_id}).status_code == 409
    client.post(page_of(maya, "end_sessions"))

    assert not Session.objects.of(maya).exists()
    assert Session.objects.of(adam).count() == 1
    assert Entry.objects.filter(event="person.sessions_ended", person=adam, object_id=str(maya.pk)).count() == 2


def test_s2_a_session_of_somebody_else_is_not_ended_through_another_page(
    client: Client, adam: Person, maya: Person, omar: Person
) -> None:
    Client().force_login(maya)
    theirs = Session.objects.of(maya).get()
    client.force_login(adam)
    assert client.post(page_of(omar, "end_session"), {"session": theirs.public_id}).status_code == 409
    assert Session.objects.of(maya).exists()


def test_an_auditor_sees_sessions_and_ends_none(client: Client, vera: Person, maya: Person) -> None:
    Client().force_login(maya)
    client.force_login(vera)
    answer = client.get(page_of(maya))
    assert "Sessions" in text_of(answer)
    assert "end-session" not in answer.content.decode()


def test_an_invitation_is_sent_again_from_the_page(client: Client, adam: Person, omar: Person) -> None:
    approve(propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam).approval, omar)
    ida = Person.objects.get(name="Ida Berg")
    client.force_login(adam)
    assert "Send the invitation again" in text_of(client.get(page_of(ida)))

    client.post(page_of(ida, "invite_again"))

    letters = [job.args["letter"] for job in ProcrastinateJob.objects.filter(task_name="accounts.deliver")]
    assert letters == ["invitation", "invitation"]


# The control report ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["omar", "vera", "adam"])
def test_the_report_says_that_nobody_withdraws_alone(client: Client, request: pytest.FixtureRequest, name: str) -> None:
    client.force_login(request.getfixturevalue(name))
    said = text_of(client.get("/people/control/"))
    assert "Nobody can withdraw alone." in said
    assert "Maya Haddad Finance Deposits in any other asset, of any size, no limit on a day No limit" in said
    assert "Omar Saleh Manager Nothing" in said
    assert "Adam Reyes , Omar Saleh everything, by inviting people who are nobody else" in said


def test_the_file_of_the_report_says_the_same_and_stands_in_the_log(client: Client, vera: Person) -> None:
    client.force_login(vera)

    answer = client.post("/people/control/export/")

    heading, *rows = csv.reader(io.StringIO(answer.content.decode()), strict=True)
    assert answer["Content-Disposition"].startswith('attachment; filename="who-could-move-money-')
    assert {row[heading.index("part")] for row in rows} == {"act", "alone", "pair"}
    alone = {row[1]: row[3] for row in rows if row[0] == "alone"}
    assert alone == {
        "Adam Reyes": "nothing",
        "Lina Aziz": "nothing",
        "Maya Haddad": "deposit",
        "Omar Saleh": "nothing",
        "Vera Novak": "nothing",
    }
    manifest = Entry.objects.get(event="export.made")
    assert manifest.after and (manifest.after["export"], manifest.after["rows"]) == ("who-could-move-money", len(rows))


def test_s23_a_name_that_is_a_formula_is_defused_in_the_file(client: Client, vera: Person) -> None:
    Person.objects.create_person(email="x@example.com", name='=cmd|"x"', role=Role.FINANCE)
    client.force_login(vera)
    content = client.post("/people/control/export/").content.decode()
    assert '"\'=cmd|""x"""' in content
    assert '"=cmd' not in content


def test_last_seen_is_when_somebody_last_did_something(client: Client, maya: Person, adam: Person) -> None:
    client.force_login(maya)
    seen = listed().get(pk=maya.pk).last_seen
    assert timezone.now() - seen < timedelta(minutes=1)
    assert listed().get(pk=adam.pk).last_seen is None


def test_a_reset_that_was_proposed_is_shown_as_what_it_is(
    client: Client, adam: Person, omar: Person, maya: Person
) -> None:
    factors.enrol(maya)
    change = propose(change_of(maya, ChangeKind.FACTOR_RESET, adam), adam)
    client.force_login(omar)
    said = text_of(client.get(f"/approvals/{change.key}/"))
    assert "Reset the second factor of Maya Haddad?" in said
    assert "Whoever knows the password can then set up a second factor." in said
