"""What ended without effect is tried again or copied, once, as a new operation of its own; nothing else is."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.funding import policies, queries
from backoffice.funding.models import Operation
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import EqualRequest, NotFundable
from backoffice.funding.states import WITHOUT_EFFECT, State
from tests.faults.races.arena import RACERS, Threads
from tests.funding.cast import deposit, mirrored_client, now, withdrawal
from tests.funding.test_states import fresh

OPEN = "This reference is still open. A copy could pay twice."
PAID = "It was completed. Whoever wants to pay again makes a new operation."
#: Each state, what its page offers, and why nothing where it offers nothing.
OFFERS: dict[State, tuple[str, str]] = {
    State.PENDING_APPROVAL: ("", OPEN),
    State.APPROVED: ("", OPEN),
    State.SUBMITTING: ("", OPEN),
    State.UNKNOWN: ("", OPEN),
    State.REVIEW: ("", OPEN),
    State.COMPLETED: ("", PAID),
    State.FAILED: ("Try again", ""),
    State.REJECTED: ("Copy to a new request", ""),
    State.CANCELLED: ("Copy to a new request", ""),
    State.EXPIRED: ("Copy to a new request", ""),
}


@pytest.fixture
def desk(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def page_of(desk: Browser, operation: Operation) -> str:
    return unescape(desk.get(f"/funding/{operation.reference}/").content.decode())


def failed(maya: Person, omar: Person, client: Client, asset: Asset) -> Operation:
    return now(fresh(maya, omar, client, asset, State.FAILED))


def test_every_state_stands_in_the_table() -> None:
    assert set(OFFERS) == set(State)
    assert {state for state, (button, _why) in OFFERS.items() if button} == WITHOUT_EFFECT


@pytest.mark.parametrize("state", State, ids=str)
def test_a_page_offers_what_its_state_allows_and_the_form_says_why_not(
    db: None, desk: Browser, maya: Person, omar: Person, noura: Client, usd: Asset, state: State
) -> None:
    operation = now(fresh(maya, omar, noura, usd, state))
    button, why = OFFERS[state]
    page, address = page_of(desk, operation), f"/funding/deposit/?copy_of={operation.reference}"

    assert re.findall(r'id="copy" href="([^"]+)"', page) == ([address] if button else [])
    assert button in page
    assert policies.why_not_copy(operation) == why
    form = desk.get(address)
    assert form.status_code == (200 if button else 409)
    assert why in unescape(form.content.decode())


@pytest.mark.parametrize("state", sorted(State), ids=str)
def test_the_service_and_the_database_follow_only_what_ended_without_effect(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset, state: State
) -> None:
    operation = now(fresh(maya, omar, noura, usd, state))
    by_hand = deposit(maya, noura, usd, "7.00")
    by_hand.pk, by_hand.reference, by_hand.submission_token = None, "dep-2026-byhand00", uuid4()
    by_hand.copy_of = operation

    if state in WITHOUT_EFFECT:
        assert deposit(maya, noura, usd, copy_of=operation, confirmed_equal=True).copy_of == operation
        return
    with pytest.raises(Conflict):
        deposit(maya, noura, usd, copy_of=operation, confirmed_equal=True)
    with pytest.raises(DatabaseError, match="ended without effect"), transaction.atomic():
        by_hand.save(force_insert=True)


@pytest.mark.parametrize(("state", "words"), [(State.FAILED, "Retry of"), (State.EXPIRED, "Copy of")], ids=str)
def test_both_pages_tell_of_each_other(
    db: None, desk: Browser, maya: Person, omar: Person, noura: Client, usd: Asset, state: State, words: str
) -> None:
    first = now(fresh(maya, omar, noura, usd, state))
    second = deposit(maya, noura, usd, copy_of=first)

    after = page_of(desk, second)
    assert f"{words} the one before" in after and f'href="{first.get_absolute_url()}"' in after
    assert (now(second).retry_of == first) is (state is State.FAILED)
    before = page_of(desk, first)
    assert second.reference in before
    assert ("Tried again as" in before) is (state is State.FAILED)
    assert 'id="copy"' not in before, "there is one successor at most"


def test_a_chain_is_shown_whole_from_each_of_its_ends(
    db: None, desk: Browser, maya: Person, noura: Client, usd: Asset
) -> None:
    chain = [deposit(maya, noura, usd)]
    for _copy in range(3):
        cancel_operation(operation_id=chain[-1].pk, by=maya)
        chain.append(deposit(maya, noura, usd, copy_of=now(chain[-1])))

    for one in chain:
        assert list(queries.chain_of(one)) == chain
        shown = page_of(desk, one).split('id="chain"')[1]
        assert [shown.index(other.reference) for other in chain] == sorted(shown.index(o.reference) for o in chain)


def test_the_form_of_a_retry_begins_with_what_failed_and_says_why_it_did(
    db: None, desk: Browser, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = failed(maya, omar, noura, usd)
    page = unescape(desk.get(f"/funding/deposit/?copy_of={original.reference}").content.decode())

    assert "Retry of" in page and original.get_absolute_url() in page
    assert 'value="1000.00"' in page and "Bank transfer received" in page
    assert "It gets its own reference, its own checks and its own approval" in page


def test_a_retry_is_the_same_payment_and_asks_for_no_confirmation_of_it(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = failed(maya, omar, noura, usd)
    with pytest.raises(EqualRequest):
        deposit(maya, noura, usd)

    retry = deposit(maya, noura, usd, copy_of=original)

    assert retry.retry_of == original
    assert not retry.confirmed_equal
    written = Entry.objects.get(object_id=retry.reference, after__copy_of=original.reference)
    assert (written.event, written.person) == ("operation.created", maya)


def test_a_retry_still_asks_about_an_equal_request_that_is_not_of_its_chain(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = failed(maya, omar, noura, usd)
    other = deposit(maya, noura, usd, confirmed_equal=True)

    with pytest.raises(EqualRequest) as refused:
        deposit(maya, noura, usd, copy_of=original)

    assert [one.key for one in refused.value.equal] == [other.reference]


def test_a_retry_goes_through_all_checks_and_its_own_approval(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = withdrawal(maya, noura, usd)
    cancel_operation(operation_id=original.pk, by=maya)
    copy = withdrawal(maya, noura, usd, copy_of=now(original))

    assert copy.state == State.PENDING_APPROVAL
    assert copy.approval_id not in (None, original.approval_id)
    assert copy.fingerprint != original.fingerprint
    cancel_operation(operation_id=copy.pk, by=maya)
    Client.objects.update(active=False)
    noura.refresh_from_db()
    with pytest.raises(NotFundable, match="deactivated"):
        withdrawal(maya, noura, usd, copy_of=now(copy))


def test_a_retry_stays_with_its_client_and_a_copy_may_put_the_client_right(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    other, original = mirrored_client("user_20871", name="Hala Nasser"), failed(maya, omar, noura, usd)
    with pytest.raises(NotFundable, match="stays with its client"):
        deposit(maya, other, usd, copy_of=original)

    wrong = deposit(maya, noura, usd, "3.00")
    cancel_operation(operation_id=wrong.pk, by=maya)
    assert deposit(maya, other, usd, "3.00", copy_of=now(wrong)).client == other


def test_a_deposit_is_not_followed_by_a_withdrawal(
    db: None, desk: Browser, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = failed(maya, omar, noura, usd)
    with pytest.raises(NotFundable, match="stays a deposit"):
        withdrawal(maya, noura, usd, copy_of=original)

    assert desk.get(f"/funding/withdraw/?copy_of={original.reference}").status_code == 404


def test_c13_eight_retries_at_once_make_one(
    committed: str, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    original = failed(maya, omar, noura, usd)

    threads = Threads()
    made = threads.race([lambda: deposit(maya, noura, usd, copy_of=original)] * RACERS)
    threads.close()

    assert sum(isinstance(one, Operation) for one in made) == 1
    assert sum(isinstance(one, Conflict) for one in made) == RACERS - 1
    assert Operation.objects.filter(copy_of=original).count() == 1


def test_only_finance_is_offered_a_retry(
    db: None, client: Browser, maya: Person, omar: Person, vera: Person, noura: Client, usd: Asset
) -> None:
    original = failed(maya, omar, noura, usd)
    for person in (omar, vera):
        client.force_login(person)
        assert 'id="copy"' not in page_of(client, original)
        assert client.get(f"/funding/deposit/?copy_of={original.reference}").status_code == 403
