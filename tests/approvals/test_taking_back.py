"""Taking one's approval back: it counts no more, and nothing that has left is called back."""

from contextlib import nullcontext
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals import services
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.audit.models import Entry
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from tests.approving import approve
from tests.people import give_role, in_role

pytestmark = pytest.mark.usefixtures("db")


def take_back(asked: Request, by: Person) -> Request:
    return services.take_back(request_id=asked.pk, by=by)


def test_while_it_waits_the_approval_counts_no_more_and_can_be_given_again(
    of_two: Request, omar: Person, lina: Person
) -> None:
    approve(of_two, omar)
    take_back(of_two, omar)
    approve(of_two, lina)
    assert Request.objects.get(pk=of_two.pk).state == RequestState.WAITING

    approve(of_two, omar)

    assert Request.objects.get(pk=of_two.pk).state == RequestState.APPROVED
    assert Decision.objects.filter(request=of_two).count() == 3
    entry = Entry.objects.get(event="approval.taken_back")
    assert (entry.person, entry.object_id, entry.after) == (omar, of_two.subject, {"state": "waiting"})


def test_before_anything_has_left_it_ends_the_request_and_the_operation(
    asked: Request, operation: Operation, omar: Person
) -> None:
    approve(asked, omar)

    take_back(asked, omar)

    assert Request.objects.get(pk=asked.pk).state == RequestState.TAKEN_BACK
    assert Operation.objects.get(pk=operation.pk).state == State.CANCELLED
    with pytest.raises(Conflict, match="Omar Saleh has taken the approval back"):
        approve(asked, omar)


@pytest.mark.usefixtures("enough_managers")
def test_whoever_is_no_manager_any_more_may_still_take_it_back(asked: Request, omar: Person) -> None:
    approve(asked, omar)
    give_role(omar, "finance")
    omar.refresh_from_db()

    assert take_back(asked, omar).state == RequestState.TAKEN_BACK


def approved_by_three(asked: Request, first: Person, *others: Person, is_manager_again: bool) -> None:
    """Approve while the first approval does not count, because whoever gave it was of another role meanwhile."""
    approve(asked, first)
    if not is_manager_again:
        give_role(first, "finance")
    with in_role(first, "finance") if is_manager_again else nullcontext():
        for other in others:
            approve(asked, other)
    assert Request.objects.get(pk=asked.pk).state == RequestState.APPROVED


@pytest.mark.usefixtures("enough_managers")
@pytest.mark.parametrize("name", ["omar", "lina", "rami"])
@pytest.mark.parametrize("is_manager_again", [False, True])
def test_whoever_takes_an_approval_back_ends_the_request_however_many_other_approvals_stand(
    request: pytest.FixtureRequest,
    of_two: Request,
    omar: Person,
    lina: Person,
    rami: Person,
    name: str,
    is_manager_again: bool,
) -> None:
    approved_by_three(of_two, omar, lina, rami, is_manager_again=is_manager_again)
    person = request.getfixturevalue(name)

    assert take_back(of_two, person).state == RequestState.TAKEN_BACK

    assert Operation.objects.get(reference=of_two.subject).state == State.CANCELLED
    assert Entry.objects.filter(event="approval.taken_back", person=person).exists()


def test_nobody_takes_back_what_another_approved(asked: Request, omar: Person, lina: Person, maya: Person) -> None:
    approve(asked, omar)

    for person in (lina, maya):
        with pytest.raises(Refused, match="no approval here"):
            take_back(asked, person)
    assert Entry.objects.filter(event="approval.refused").count() == 2


def test_a_rejection_is_not_taken_back(asked: Request, omar: Person) -> None:
    services.reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="other", note="No.", by=omar)

    with pytest.raises(Refused, match="no approval here"):
        take_back(asked, omar)


def test_what_took_effect_at_once_is_not_taken_back(
    asked: Request, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AtOnce:
        """A subject that says nothing of taking back."""

        def __getattr__(self, name: str) -> Any:
            if name in ("why_not_taken_back", "on_taken_back"):
                raise AttributeError(name)
            return lambda *_args, **_kwargs: None

    approve(asked, omar)
    monkeypatch.setattr("backoffice.approvals.policies.subject_of", lambda _request: AtOnce())

    with pytest.raises(Conflict, match="took effect at once"):
        take_back(asked, omar)


def test_what_was_taken_back_stays_so_in_the_database(asked: Request, omar: Person) -> None:
    approve(asked, omar)
    take_back(asked, omar)

    for change in ({"taken_back_at": None}, {"verdict": "rejected"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.update(**change)


def test_the_page_offers_it_asks_and_says_what_happened(
    client: Browser, asked: Request, omar: Person, lina: Person
) -> None:
    approve(asked, omar)
    address = f"/approvals/{asked.subject}/"
    client.force_login(lina)
    assert "take-back" not in client.get(address).content.decode()
    assert client.get(f"{address}take-back/").status_code == 403

    client.force_login(omar)
    assert f'href="{address}take-back/"' in client.get(address).content.decode()
    assert "Nothing has been sent yet" in client.get(f"{address}take-back/").content.decode()
    page = client.post(f"{address}take-back/", follow=True).content.decode()

    assert "Your approval of 500.00 USD is taken back." in page
    assert "Omar Saleh has taken the approval back." in page
    assert client.post(f"{address}take-back/").status_code == 403


def test_whoever_became_administrator_takes_their_approval_back(client: Browser, asked: Request, omar: Person) -> None:
    approve(asked, omar)
    give_role(omar, "administrator")
    client.force_login(omar)
    address = f"/approvals/{asked.subject}/"
    assert client.get(address).status_code == 404, "what they only read went with the role"

    assert "Take my approval back" in client.get(f"{address}take-back/").content.decode()
    page = client.post(f"{address}take-back/", follow=True)

    assert page.redirect_chain == [("/approvals/", 302)]
    assert "Your approval of 500.00 USD is taken back." in page.content.decode()
    assert Request.objects.get(pk=asked.pk).state == RequestState.TAKEN_BACK


def test_whoever_became_administrator_cancels_what_they_asked_for(
    client: Browser, asked: Request, maya: Person
) -> None:
    give_role(maya, "administrator")
    client.force_login(maya)

    page = client.post(f"/approvals/{asked.subject}/cancel/", follow=True)

    assert page.redirect_chain == [("/approvals/", 302)] and "500.00 USD cancelled." in page.content.decode()
    assert Operation.objects.get(reference=asked.subject).state == State.CANCELLED
