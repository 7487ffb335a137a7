"""Operations and orders made for matching: every state and shape, reached by the moves the database allows."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Decision, Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Attempt, Operation
from backoffice.funding.services.intents import digest_of
from backoffice.funding.states import State
from backoffice.orders.models import MintedReference, Order
from backoffice.reconciliation.models import LedgerEntry, LedgerFile, LedgerSource, Run
from tests.approving import shown

DAY = datetime(2026, 11, 18, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
READ = DAY + timedelta(days=2)

#: The moves that lead from an operation's first state to the one wanted.
WAYS: dict[State, tuple[State, ...]] = {
    State.PENDING_APPROVAL: (State.PENDING_APPROVAL,),
    State.REJECTED: (State.PENDING_APPROVAL, State.REJECTED),
    State.CANCELLED: (State.PENDING_APPROVAL, State.CANCELLED),
    State.EXPIRED: (State.PENDING_APPROVAL, State.EXPIRED),
    State.APPROVED: (State.APPROVED,),
    State.SUBMITTING: (State.APPROVED, State.SUBMITTING),
    State.UNKNOWN: (State.APPROVED, State.SUBMITTING, State.UNKNOWN),
    State.REVIEW: (State.APPROVED, State.SUBMITTING, State.REVIEW),
    State.COMPLETED: (State.APPROVED, State.SUBMITTING, State.COMPLETED),
    State.FAILED: (State.APPROVED, State.SUBMITTING, State.FAILED),
}
FINGERPRINT = "0" * 64
ENDED = (State.COMPLETED, State.FAILED, State.REJECTED, State.CANCELLED, State.EXPIRED)
_numbers = count(900_000_001)


@dataclass(frozen=True, kw_only=True)
class Ours:
    """An operation to be made. `at` is the moment it was first claimed, where it ever was."""

    reference: str
    at: datetime = NOON
    state: State = State.COMPLETED
    kind: str = "deposit"
    client: str = "user_1"
    asset: str = "USD"
    amount: Decimal = Decimal("500.00")

    @property
    def ended_at(self) -> datetime | None:
        return self.at + timedelta(seconds=2) if self.state in ENDED else None


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """An order to be mirrored."""

    reference: str | None
    at: datetime = NOON + timedelta(seconds=1)
    status: str = "completed"
    type: str = "deposit"
    client: str = "user_1"
    asset: str = "USD"
    amount: Decimal | None = Decimal("500.00")
    opposite: Decimal | None = None
    #: Whether CoinMENA's list still has it; one that is not listed may have come back singly since.
    is_listed: bool = True
    came_back: bool = False
    id: int = field(default_factory=lambda: next(_numbers))


def asset(asset_id: str) -> Asset:
    return Asset.objects.get_or_create(asset_id=asset_id, defaults={"raw": b"{}", "read_at": NOON})[0]


def client(partner_client_id: str) -> Client:
    defaults = {"raw": b"{}", "read_at": NOON, "status": "verified", "active": True, "name": "Sara Haddad"}
    return Client.objects.get_or_create(partner_client_id=partner_client_id, defaults=defaults)[0]


def people() -> None:
    """Make everybody of these rows: once an account was asked for, nobody begins without two people's word."""
    person("Maya", Role.FINANCE)
    person("Omar", Role.MANAGER)


def person(name: str, role: Role) -> Person:
    email = f"{name.lower()}.rows@example.com"
    return Person.objects.get_or_create(email=email, defaults={"name": name, "role": role})[0]


def operation(ours: Ours, requested_by: Person | None = None) -> Operation:
    """Make an operation and walk it to the state wanted."""
    first, *moves = WAYS[ours.state]
    asker = requested_by or person("Maya", Role.FINANCE)
    made = Operation.objects.create(
        reference=ours.reference,
        submission_token=uuid4(),
        kind=ours.kind,
        client=client(ours.client),
        asset=asset(ours.asset),
        amount=ours.amount,
        reason="Invoice",
        fingerprint=FINGERPRINT,
        requested_by=asker,
        requested_at=ours.at,
        state=first,
        **approval(first, ours, asker),
    )
    MintedReference.objects.create(reference=ours.reference, minted_at=ours.at)
    if State.SUBMITTING in moves:
        claim(made, ours.at)
    for state in moves:
        move(made, state, ours)
    made.refresh_from_db()
    return made


def approval(first: State, ours: Ours, asker: Person) -> dict[str, object]:
    """Have Omar approve what begins as approved: the database takes nobody's word for it."""
    if first is not State.APPROVED:
        return {}
    omar = person("Omar", Role.MANAGER)
    request = Request.objects.create(
        kind="operation",
        subject=ours.reference,
        title="Invoice",
        fingerprint=FINGERPRINT,
        rule="Every withdrawal",
        rule_version=1,
        requested_by=asker,
        requested_at=ours.at,
        valid_until=ours.at + timedelta(days=1),
    )
    Decision.objects.create(
        request=request,
        requested_by=asker,
        decided_by=omar,
        verdict=Decision.Verdict.APPROVED,
        fingerprint=FINGERPRINT,
        proof=shown(omar, FINGERPRINT, ours.at),
        decided_at=ours.at,
    )
    Request.objects.filter(pk=request.pk).update(state="approved", closed_at=ours.at)
    return {"approval": request, "approved_by": omar, "approved_at": ours.at}


def claim(made: Operation, at: datetime) -> None:
    Attempt.objects.create(
        operation=made,
        number=1,
        lease_token=uuid4(),
        worker="w1",
        environment="sandbox",
        body=b"{}",
        body_digest=digest_of(b"{}"),
        planned_at=at,
        claimed_at=at,
    )


def move(made: Operation, state: State, ours: Ours) -> None:
    changes: dict[str, object] = {"state": state}
    if state is State.SUBMITTING:
        changes |= {"lease_token": uuid4(), "lease_until": ours.at + timedelta(seconds=45)}
    if state is State.COMPLETED:
        changes |= {"partner_order_id": next(_numbers)}
    if state in ENDED:
        changes |= {"ended_at": ours.ended_at}
    Operation.objects.filter(pk=made.pk).update(**changes)


def order(theirs: Theirs) -> Order:
    """Mirror an order, its amount in the column of the partner's books that its type asks for."""
    booked = {"debit": theirs.amount, "debit_asset_id": theirs.asset, "credit": theirs.opposite}
    if theirs.type in ("withdrawal", "sell"):
        booked = {"credit": theirs.amount, "credit_asset_id": theirs.asset, "debit": theirs.opposite}
    return Order.objects.create(
        id=theirs.id,
        order_no=f"MN{theirs.id:010d}",
        partner_client_id=theirs.client,
        type=theirs.type,
        source="bank",
        status=theirs.status,
        partner_order_ref=theirs.reference,
        created_at=theirs.at,
        raw=b"{}",
        read_at=READ,
        vanished_at=None if theirs.is_listed else READ - timedelta(seconds=1 if theirs.came_back else -1),
        **booked,
    )


def run(start: datetime, at: datetime, **details: object) -> Run:
    """A complete run over a day from ``start`` on, finished ``at`` some moment, that found nothing on either side."""
    made: dict[str, Any] = {
        "window_from": start,
        "window_to": start + timedelta(days=1),
        "started_at": at,
        "finished_at": at,
        "is_complete": True,
        "ours_count": 0,
        "theirs_count": 0,
        "counts": {},
        "totals": [],
        "digest": "0" * 64,
    }
    return Run.objects.create(**{**made, **details})


def ledger(name: str = "Cash book") -> LedgerSource:
    """A book the company keeps, with one accepted file that has no entries yet."""
    maya = person("Maya", Role.FINANCE)
    source = LedgerSource.objects.create(name=name, made_by=maya, made_at=NOON)
    ledger_file(source)
    return source


def ledger_file(source: LedgerSource) -> LedgerFile:
    number = next(_numbers)
    return LedgerFile.objects.create(
        source=source,
        name=f"{number}.csv",
        digest=f"{number:064d}",
        content=b"",
        read_with={},
        row_count=0,
        first_at=NOON,
        last_at=NOON,
        uploaded_by=source.made_by,
        uploaded_at=NOON,
    )


def entry(ours: Ours, source: LedgerSource, file: LedgerFile | None = None) -> LedgerEntry:
    """Write what is ours as a line of a ledger."""
    return LedgerEntry.objects.create(
        file=file or source.files.earliest("id"),
        line=next(_numbers),
        reference=ours.reference,
        partner_client_id=ours.client,
        kind=ours.kind,
        asset_id=ours.asset,
        amount=ours.amount,
        status=ours.state,
        booked_at=ours.at,
    )
