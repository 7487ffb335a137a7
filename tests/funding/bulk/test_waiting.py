"""What comes up while a file or a request waits is held against it, however long that was ago."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.pages import approval_preview
from backoffice.funding.checks import checks_of
from backoffice.funding.models import BulkFile, BulkRefusal, Operation
from backoffice.funding.services.previewing import facts_of
from backoffice.funding.states import State
from backoffice.funding.subject import OperationSubject
from tests.approving import approve
from tests.funding.bulk.files import asked, created, csv_of
from tests.funding.cast import SignIn, deposit, sent
from tests.funding.test_rolling import stored
from tests.partners import Partners
from tests.ruling import make_live, rule

RENT = csv_of("deposit,user_12345,USD,700,Rent")
THE_SAME = csv_of("deposit,user_12345,USD,700,Rent of November")
OLDER = "An equal request is open, or was asked for or completed since this one was."
Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let so many hours pass."""
    real = clock.now

    def pass_by(hours: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=hours))

    return pass_by


def approve_file(file: BulkFile, by: Person) -> None:
    approve(Request.objects.get(subject=file.key), by=by)


def odd_rows(file: BulkFile) -> dict[int, str]:
    """What an approver is told of the rows of a file, by their lines."""
    seen = approval_preview(queries.files().get(pk=file.pk), clock.now())
    return {line.number: str(sentence) for line, sentence in seen["odd"]}


@pytest.mark.parametrize("hours", [1, 25, 29 * 24])
def test_a_payment_in_two_files_that_wait_is_made_once_however_late_the_second_is_approved(
    coinmena: Partners,
    signed_in: SignIn,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    later: Later,
    hours: int,
) -> None:
    make_live(rule("bulk", validity=timedelta(days=30)), rule("withdrawal"))
    one = asked(maya, RENT, name="november.csv")
    ben = Person.objects.create_person(email="ben@example.com", name="Ben", role=Role.FINANCE)
    two = asked(ben, THE_SAME, equal=True, name="list.csv")
    approve_file(two, omar)
    [first] = created(two)
    assert sent(first).state == State.COMPLETED
    desk = signed_in("omar")

    later(hours)

    assert "An equal request is open, or " in odd_rows(one)[2]
    assert "An equal request is open, or " in desk.get(f"/approvals/file-{one.pk}/").content.decode()
    approve_file(one, omar)
    assert created(one) == [first]
    assert (OLDER in BulkRefusal.objects.get().sentence) is (hours > 24)


#: Hours after something was asked for that has waited three days: an equal one was asked for, was completed, counts.
CAME = [
    (-30, -29, False),
    (-30, -0.5, True),  # at about the same moment: whoever asked may not have been shown it
    (-30, 10, True),
    (5, 6, True),
    (70, 71, True),
]


def paid(by: Person, client: Client, asked_after: float, ended_after: float) -> None:
    """Put a deposit of 700 USD into the table that was asked for and completed so many hours from now."""
    asked_at, ended_at = (clock.now() + timedelta(hours=hours) for hours in (asked_after, ended_after))
    life = {"state": State.COMPLETED, "asset_id": "USD", "client": 0, "amount": Decimal(700)}
    stored({**life, "requested_at": asked_at, "ended_at": ended_at}, by, [client])


@pytest.mark.parametrize(("asked_after", "ended_after", "counts"), CAME)
def test_a_row_is_held_against_what_came_since_its_file_was_confirmed(
    db: None,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    later: Later,
    asked_after: float,
    ended_after: float,
    counts: bool,
) -> None:
    make_live(rule("bulk", validity=timedelta(days=30)), rule("withdrawal"))
    file = asked(maya, RENT)
    paid(maya, noura, asked_after, ended_after)

    later(72)

    assert odd_rows(file) == ({2: OLDER} if counts else {})
    approve_file(file, omar)
    assert len(created(file)) == (1 if counts else 2)
    assert [one.sentence for one in BulkRefusal.objects.all()] == ([OLDER] if counts else [])


@pytest.mark.parametrize(("asked_after", "ended_after", "counts"), CAME)
def test_whoever_approves_a_request_is_shown_what_came_since_it_was_made(
    db: None,
    maya: Person,
    noura: Client,
    usd: Asset,
    later: Later,
    asked_after: float,
    ended_after: float,
    counts: bool,
) -> None:
    make_live(rule("deposit", validity=timedelta(days=30)), rule("withdrawal"))
    operation = deposit(maya, noura, usd, "700")
    paid(maya, noura, asked_after, ended_after)
    [equal] = Operation.objects.exclude(pk=operation.pk)

    later(72)

    verdict = next(one for one in checks_of(facts_of(operation, is_fresh=False)) if "equal" in str(one.text))
    assert [link.text for link in verdict.links] == ([equal.reference] if counts else [])
    assert str(verdict.text) == ("An equal payment" if counts else "No equal request open or of the last 24 h")
    said = OperationSubject().unusual([Request.objects.get(subject=operation.reference)])
    assert said == ({operation.reference: OLDER} if counts else {})


def test_a_request_of_today_is_not_held_against_what_only_one_that_has_waited_is(
    db: None, maya: Person, noura: Client, usd: Asset, later: Later
) -> None:
    make_live(rule("deposit", validity=timedelta(days=30)), rule("withdrawal"))
    deposit(maya, noura, usd, "500")
    paid(maya, noura, 5, 6)

    later(72)
    deposit(maya, noura, usd, "700")

    assert OperationSubject().unusual(list(Request.objects.filter(kind="operation"))) == {}
