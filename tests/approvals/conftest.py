"""Something to decide on: Maya's withdrawal for Noura, for one other person or for two."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from backoffice.accounts.models import Person, Role
from backoffice.approvals.absences import services as absences
from backoffice.approvals.absences.policies import Absence
from backoffice.approvals.models import Delegation, Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Operation
from tests import approving
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal
from tests.ruling import make_live, rule

HandOver = Callable[..., Delegation]


@pytest.fixture
def noura(db: None) -> Client:
    """Somebody who can be funded."""
    return mirrored_client()


@pytest.fixture
def usd(db: None) -> Asset:
    """Something to fund with."""
    return mirrored_asset()


@pytest.fixture
def operation(maya: Person, noura: Client, usd: Asset) -> Operation:
    """What Maya asked for."""
    return withdrawal(maya, noura, usd, "500.00")


@pytest.fixture
def asked(operation: Operation) -> Request:
    """Maya's request for a second person."""
    return Request.objects.get(subject=operation.reference)


@pytest.fixture
def of_two(maya: Person, noura: Client, usd: Asset) -> Request:
    """Maya's request for two other people. The rules behind it brought a third manager, Rami Nasser."""
    make_live(rule("withdrawal", people_needed=2), rule("release"), rule("account"))
    return Request.objects.get(subject=withdrawal(maya, noura, usd, "12500.00").reference)


@pytest.fixture
def rami(of_two: Request) -> Person:
    """A third manager."""
    return Person.objects.get(email="rami@example.com")


@pytest.fixture
def enough_managers(db: None) -> None:
    """More managers than the rules ask for, so that one of the cast can become something else."""
    for n in range(3):
        details = {"email": f"manager{n}@example.com", "name": f"Manager {n}", "password": "correct horse battery"}
        Person.objects.create_person(role=Role.MANAGER, **details)


@pytest.fixture
def hand_over(db: None) -> HandOver:
    """Let one manager decide for another from now on."""

    def handed_over(away: Person, stand_in: Person, by: Person | None = None, days: int = 3) -> Delegation:
        planned = absence(away, stand_in, days=days)
        by = by or away
        proof = approving.shown(by, absences.fingerprint_of(planned), clock.now())
        return absences.hand_over(planned, by=by, proof=proof)

    return handed_over


def absence(away: Person, stand_in: Person, *, starts: timedelta = timedelta(0), days: float = 3) -> Absence:
    """Plan an absence that starts in a moment, or after ``starts``."""
    begins_at = clock.now() + starts
    return Absence(away=away, stand_in=stand_in, begins_at=begins_at, ends_at=begins_at + timedelta(days=days))
