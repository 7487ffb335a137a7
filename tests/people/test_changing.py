"""Accounts change by two people: an administrator proposes with a second factor, a manager not concerned decides."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Role, Session
from backoffice.accounts.policies import Refused
from backoffice.approvals import services
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.audit.models import Entry
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.proposals import Proposal, proposal_of
from backoffice.people.services import proposing
from backoffice.people.services.closing_accounts import deactivate, invite_again
from backoffice.people.states import ChangeState
from tests import factors
from tests.approving import approve
from tests.people import change_of, give_role, invitation_of, propose, role_of
from tests.ruling import make_live, rule

REASON = "Maya joins the approvers."


@pytest.fixture(autouse=True)
def house(db: None, omar: Person, lina: Person, adam: Person) -> None:
    """Two managers and an administrator: enough to change somebody's account."""


def last_entry(event: str) -> Entry:
    return Entry.objects.filter(event=event).latest("number")


def mails() -> list[dict[str, object]]:
    return [job.args for job in ProcrastinateJob.objects.filter(task_name="accounts.deliver").order_by("id")]


# Another role ---------------------------------------------------------------------------------------------------------


def test_a_role_changes_when_a_manager_approves_what_an_administrator_proposed(
    maya: Person, adam: Person, omar: Person
) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam, REASON), adam)
    maya.refresh_from_db()
    assert (change.state, maya.role) == (ChangeState.WAITING, Role.FINANCE)

    approve(change.approval, omar, note="Right.")

    change.refresh_from_db()
    maya.refresh_from_db()
    assert (change.state, maya.role) == (ChangeState.APPLIED, Role.MANAGER)
    assert change.applied_at is not None


def test_s31_what_was_proposed_and_what_came_of_it_stand_in_the_log(maya: Person, adam: Person, omar: Person) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam, REASON), adam)
    approve(change.approval, omar, note="Right.")

    asked, done = last_entry("account.role_asked"), last_entry("person.role_changed")
    assert asked.after and done.before and done.after
    assert (asked.person, asked.object_type, asked.object_id, asked.reason) == (
        adam,
        "accountchange",
        change.key,
        REASON,
    )
    assert (asked.after["role_before"], asked.after["role_after"]) == ("finance", "manager")
    assert (done.person, done.object_type, done.object_id, done.reason) == (omar, "person", str(maya.pk), "Right.")
    assert (done.before["role"], done.after["role"], done.after["asked_by"]) == ("finance", "manager", "Adam Reyes")


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (ChangeKind.INVITATION, "account.invitation_asked"),
        (ChangeKind.REACTIVATION, "account.reactivation_asked"),
        (ChangeKind.FACTOR_RESET, "account.factor_reset_asked"),
    ],
)
def test_s31_every_kind_of_proposal_stands_in_the_log(maya: Person, adam: Person, kind: ChangeKind, event: str) -> None:
    factors.enrol(maya)
    Person.objects.filter(pk=maya.pk).update(is_active=kind != ChangeKind.REACTIVATION)
    maya.refresh_from_db()
    is_invitation = kind == ChangeKind.INVITATION
    proposal = invitation_of("Ida Berg", Role.AUDITOR, adam) if is_invitation else change_of(maya, kind, adam)

    change = propose(proposal, adam)

    entry = last_entry(event)
    assert entry.after
    assert (entry.person, entry.object_id, entry.reason) == (adam, change.key, proposal.reason)
    assert (entry.after["name"], entry.after["fingerprint"]) == (proposal.name, proposal.fingerprint)


def test_the_person_concerned_is_told_by_mail_who_did_it(maya: Person, adam: Person, omar: Person) -> None:
    approve(propose(role_of(maya, Role.MANAGER, adam), adam).approval, omar)

    assert mails() == [
        {
            "person_id": maya.pk,
            "letter": "role_changed",
            "context": {"before": "Finance", "role": "Manager", "by": "Adam Reyes", "approved_by": "Omar Saleh"},
        }
    ]


def test_s7_every_session_of_the_person_ends_with_the_role(
    client: Client, maya: Person, adam: Person, omar: Person
) -> None:
    client.force_login(maya)
    assert Session.objects.of(maya).count() == 1

    approve(propose(role_of(maya, Role.MANAGER, adam), adam).approval, omar)

    assert not Session.objects.of(maya).exists()
    ended = last_entry("person.sessions_ended")
    assert ended.after and ended.after["why"] == "role changed"
    assert ended.person == omar, "whoever approved it ended them, not whoever proposed it"


@pytest.mark.parametrize(
    ("end", "state", "event"),
    [
        (
            lambda change, adam, omar: services.reject(
                request_id=change.approval_id,
                fingerprint=change.fingerprint,
                reason_code="other",
                note="Not now.",
                by=omar,
            ),
            "rejected",
            "account.rejected",
        ),
        (
            lambda change, adam, omar: services.cancel(request_id=change.approval_id, by=adam),
            "cancelled",
            "account.cancelled",
        ),
    ],
    ids=["rejected", "cancelled"],
)
def test_what_is_not_approved_changes_nothing_and_can_be_proposed_again(
    maya: Person,
    adam: Person,
    omar: Person,
    end: Callable[[AccountChange, Person, Person], object],
    state: str,
    event: str,
) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)

    end(change, adam, omar)

    change.refresh_from_db()
    maya.refresh_from_db()
    assert (change.state, maya.role) == (state, Role.FINANCE)
    assert last_entry(event).object_id == change.key
    assert propose(role_of(maya, Role.MANAGER, adam), adam).is_waiting


def test_what_nobody_decided_in_time_expires(maya: Person, adam: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)
    later = timezone.now() + timedelta(days=8)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)

    services.expire_due()

    change.refresh_from_db()
    assert (change.state, last_entry("account.expired").who) == (ChangeState.EXPIRED, "schedule")


# Who may --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["maya", "omar", "vera"])
def test_only_administrators_propose(request: pytest.FixtureRequest, name: str, lina: Person) -> None:
    person: Person = request.getfixturevalue(name)
    with pytest.raises(Refused, match="Only administrators"):
        propose(role_of(lina, Role.FINANCE, person), person)


def test_nobody_proposes_anything_about_themselves(adam: Person) -> None:
    with pytest.raises(Refused, match="Nobody changes their own account. There is no other administrator"):
        propose(role_of(adam, Role.MANAGER, adam), adam)
    with pytest.raises(Refused, match="own account"):
        deactivate(person_id=adam.pk, reason="Enough.", by=adam)


def test_the_person_concerned_does_not_decide(omar: Person, lina: Person, adam: Person, maya: Person) -> None:
    invited = propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam)
    approve(invited.approval, omar)
    change = propose(role_of(omar, Role.AUDITOR, adam), adam)

    with pytest.raises(Refused, match="it is about your own account"):
        approve(change.approval, omar)
    assert approve(change.approval, lina).state == RequestState.APPROVED


def test_another_administrator_does_not_decide(maya: Person, adam: Person) -> None:
    other = Person.objects.create_person(email="eva@example.com", name="Eva Kern", role=Role.ADMINISTRATOR)
    change = propose(role_of(maya, Role.AUDITOR, adam), adam)
    with pytest.raises(Refused, match="Only managers decide"):
        approve(change.approval, other)


def test_s20_a_second_factor_shown_for_something_else_proposes_nothing(maya: Person, adam: Person) -> None:
    proposal, other = role_of(maya, Role.MANAGER, adam), role_of(maya, Role.AUDITOR, adam)
    with pytest.raises(Refused, match="not shown for exactly this"):
        proposing.propose(proposal, by=adam, proof=proofs.write_down(adam, other.fingerprint))
    assert not AccountChange.objects.exists()


def test_s20_a_second_factor_of_somebody_else_proposes_nothing(maya: Person, adam: Person, omar: Person) -> None:
    proposal = role_of(maya, Role.MANAGER, adam)
    with pytest.raises(Refused, match="not shown for exactly this"):
        proposing.propose(proposal, by=adam, proof=proofs.write_down(omar, proposal.fingerprint))


@pytest.mark.parametrize("field", ["reason", "role_after", "name", "email", "is_active", "role_before", "person"])
def test_everything_that_is_decided_on_is_in_the_fingerprint(maya: Person, adam: Person, field: str) -> None:
    proposal = role_of(maya, Role.MANAGER, adam)
    other = {**vars(proposal), field: not proposal.is_active if field == "is_active" else "other"}
    assert Proposal(**other).fingerprint != proposal.fingerprint


# What speaks against it -----------------------------------------------------------------------------------------------


def test_one_change_of_an_account_waits_at_a_time(maya: Person, adam: Person) -> None:
    propose(role_of(maya, Role.MANAGER, adam), adam)
    with pytest.raises(Conflict, match="waits for a manager already. Adam Reyes can cancel it"):
        propose(role_of(maya, Role.AUDITOR, adam), adam)


def test_a_form_that_is_sent_twice_is_one_change(maya: Person, adam: Person) -> None:
    proposal = role_of(maya, Role.MANAGER, adam)
    first = propose(proposal, adam)
    assert propose(proposal, adam) == first
    assert AccountChange.objects.count() == 1


def test_a_form_of_somebody_else_is_not_taken(maya: Person, vera: Person, adam: Person) -> None:
    other = Person.objects.create_person(email="eva@example.com", name="Eva Kern", role=Role.ADMINISTRATOR)
    proposal = role_of(maya, Role.MANAGER, adam)
    propose(proposal, adam)
    with pytest.raises(Conflict, match="somebody else already"):
        propose(proposal, other)


def test_an_account_that_changed_since_the_page_was_opened_is_not_changed(maya: Person, adam: Person) -> None:
    proposal = role_of(maya, Role.MANAGER, adam)
    give_role(maya, Role.AUDITOR)
    with pytest.raises(Conflict, match="has changed since"):
        propose(proposal, adam)


def test_what_was_proposed_is_not_approved_once_the_account_is_another(
    maya: Person, adam: Person, omar: Person
) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)
    deactivate(person_id=maya.pk, reason="Left.", by=adam)
    with pytest.raises(Conflict, match="not what is stored now"):
        approve(change.approval, omar)
    assert proposal_of(AccountChange.objects.get(pk=change.pk)).fingerprint != change.fingerprint


@pytest.mark.parametrize("kind", [ChangeKind.ROLE, ChangeKind.FACTOR_RESET])
def test_a_closed_account_is_reactivated_first(maya: Person, adam: Person, kind: ChangeKind) -> None:
    deactivate(person_id=maya.pk, reason="Left.", by=adam)
    maya.refresh_from_db()
    with pytest.raises(Conflict, match="is deactivated. Propose the reactivation first"):
        propose(change_of(maya, kind, adam), adam)


def test_an_open_account_is_not_reactivated(maya: Person, adam: Person) -> None:
    with pytest.raises(Conflict, match="account is open"):
        propose(change_of(maya, ChangeKind.REACTIVATION, adam), adam)


def test_a_person_without_second_factor_has_none_to_reset(maya: Person, adam: Person) -> None:
    with pytest.raises(Conflict, match="has no second factor"):
        propose(change_of(maya, ChangeKind.FACTOR_RESET, adam), adam)


def test_the_same_role_again_is_no_change(maya: Person, adam: Person) -> None:
    with pytest.raises(Conflict, match="has that role already"):
        propose(role_of(maya, Role.FINANCE, adam), adam)


# Who remains ----------------------------------------------------------------------------------------------------------


def test_the_last_manager_the_rules_need_stays_a_manager(omar: Person, lina: Person, adam: Person) -> None:
    deactivate(person_id=lina.pk, reason="Left.", by=adam)
    with pytest.raises(Conflict, match="The rules ask for up to 1 manager, and 0 would be left. Invite another"):
        propose(role_of(omar, Role.AUDITOR, adam), adam)
    with pytest.raises(Conflict, match="0 would be left"):
        deactivate(person_id=omar.pk, reason="Left as well.", by=adam)


def test_who_remains_is_counted_again_when_it_is_approved(
    omar: Person, lina: Person, adam: Person, maya: Person
) -> None:
    eva = Person.objects.create_person(
        email="eva@example.com", name="Eva Kern", role=Role.MANAGER, password="correct horse battery"
    )
    make_live(rule("withdrawal", people_needed=2), rule("account"))
    Person.objects.filter(name="Rami Nasser").update(is_active=False)
    change = propose(role_of(omar, Role.AUDITOR, adam), adam)
    Person.objects.filter(pk=lina.pk).update(is_active=False)

    with pytest.raises(Conflict, match="The rules ask for up to 2 managers, and 1 would be left"):
        approve(change.approval, eva)
    change.refresh_from_db()
    assert change.is_waiting


def test_whoever_was_invited_and_has_not_come_does_not_count_as_somebody_who_remains(
    omar: Person, lina: Person, adam: Person
) -> None:
    approve(propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam).approval, omar)
    deactivate(person_id=lina.pk, reason="Left.", by=adam)
    with pytest.raises(Conflict, match="0 would be left"):
        deactivate(person_id=omar.pk, reason="Left as well.", by=adam)


def test_a_manager_more_than_the_rules_need_may_go(omar: Person, lina: Person, adam: Person) -> None:
    assert not deactivate(person_id=lina.pk, reason="Left.", by=adam).is_active


# Invitations ----------------------------------------------------------------------------------------------------------


def test_an_invitation_makes_an_account_that_opens_by_the_link_only(adam: Person, omar: Person) -> None:
    change = propose(invitation_of("Ida Berg", Role.MANAGER, adam, email="Ida@Example.com"), adam)
    assert not Person.objects.filter(name="Ida Berg").exists()

    approve(change.approval, omar)

    ida = Person.objects.get(name="Ida Berg")
    change.refresh_from_db()
    assert (ida.email, ida.role, ida.is_active, ida.has_usable_password()) == (
        "ida@example.com",
        "manager",
        True,
        False,
    )
    assert (change.person, change.state) == (ida, ChangeState.APPLIED)
    assert [(job["letter"], job["person_id"]) for job in mails()] == [("invitation", ida.pk)]
    assert last_entry("person.invited").object_id == str(ida.pk)


def test_one_address_has_one_account_whatever_its_letters(adam: Person, maya: Person) -> None:
    with pytest.raises(Conflict, match="Maya Haddad has an account with this address already"):
        propose(invitation_of("Maya Again", Role.FINANCE, adam, email=" MAYA@example.com"), adam)


def test_one_invitation_to_an_address_waits_at_a_time(adam: Person) -> None:
    propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam)
    with pytest.raises(Conflict, match="waits for a manager already"):
        propose(invitation_of("Ida B.", Role.FINANCE, adam, email="IDA@example.com"), adam)


def test_an_address_that_was_taken_meanwhile_invites_nobody(adam: Person, omar: Person, maya: Person) -> None:
    change = propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam)
    Person.objects.filter(pk=maya.pk).update(email="ida@example.com")
    with pytest.raises(Conflict, match="Maya Haddad has an account"):
        approve(change.approval, omar)
    change.refresh_from_db()
    assert change.is_waiting


def test_an_invitation_is_sent_again_while_nobody_came(adam: Person, omar: Person, maya: Person) -> None:
    approve(propose(invitation_of("Ida Berg", Role.MANAGER, adam), adam).approval, omar)
    ida = Person.objects.get(name="Ida Berg")

    invite_again(person_id=ida.pk, by=adam)

    assert [job["letter"] for job in mails()] == ["invitation", "invitation"]
    assert last_entry("person.invited_again").object_id == str(ida.pk)
    with pytest.raises(Conflict, match="not invited any more"):
        invite_again(person_id=maya.pk, by=adam)
    with pytest.raises(Refused, match="Only administrators"):
        invite_again(person_id=ida.pk, by=omar)


# Closing and opening --------------------------------------------------------------------------------------------------


def test_s7_a_deactivated_person_is_out_at_the_next_request(client: Client, maya: Person, adam: Person) -> None:
    client.force_login(maya)

    deactivate(person_id=maya.pk, reason="Left on Friday.", by=adam)

    assert client.get("/accounts/settings/")["Location"].startswith("/accounts/login/")
    entry = last_entry("person.deactivated")
    assert (entry.person, entry.object_id, entry.reason) == (adam, str(maya.pk), "Left on Friday.")


@pytest.mark.parametrize("name", ["maya", "lina", "vera"])
def test_only_administrators_deactivate(request: pytest.FixtureRequest, name: str, omar: Person) -> None:
    with pytest.raises(Refused, match="Only administrators"):
        deactivate(person_id=omar.pk, reason="Mine.", by=request.getfixturevalue(name))


def test_an_administrator_who_was_deactivated_does_nothing_any_more(adam: Person, maya: Person) -> None:
    Person.objects.create_person(email="eva@example.com", name="Eva Kern", role=Role.ADMINISTRATOR)
    Person.objects.filter(pk=adam.pk).update(is_active=False)
    with pytest.raises(Refused, match="account is closed"):
        deactivate(person_id=maya.pk, reason="A last word.", by=adam)


def test_somebody_comes_back_by_two_people_and_is_told(maya: Person, adam: Person, omar: Person) -> None:
    deactivate(person_id=maya.pk, reason="Leave.", by=adam)
    maya.refresh_from_db()

    approve(propose(change_of(maya, ChangeKind.REACTIVATION, adam), adam).approval, omar)

    maya.refresh_from_db()
    assert maya.is_active
    assert mails()[-1]["letter"] == "reactivated"
    assert last_entry("person.reactivated").object_id == str(maya.pk)


def test_a_reset_takes_every_factor_and_every_session_and_says_so(
    client: Client, maya: Person, adam: Person, omar: Person
) -> None:
    factors.enrol(maya)
    client.force_login(maya)

    approve(propose(change_of(maya, ChangeKind.FACTOR_RESET, adam), adam).approval, omar)

    assert not Authenticator.objects.filter(user=maya).exists()
    assert not Session.objects.of(maya).exists()
    assert mails()[-1]["letter"] == "factor_reset"
    assert last_entry("person.factor_reset").object_id == str(maya.pk)


def test_what_was_approved_takes_effect_with_the_decision_or_not_at_all(
    maya: Person, adam: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = propose(role_of(maya, Role.MANAGER, adam), adam)

    def fails(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("no log")

    monkeypatch.setattr("backoffice.people.services.applying.record", fails)
    with pytest.raises(RuntimeError):
        approve(change.approval, omar)

    maya.refresh_from_db()
    change.refresh_from_db()
    change.approval.refresh_from_db()
    assert (maya.role, change.state, change.approval.state) == ("finance", "waiting", "waiting")
    assert connection.in_atomic_block
