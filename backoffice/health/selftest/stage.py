"""What controls are tried on: an operation of the people who work here, for a client that exists only until the
transaction is rolled back."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import uuid4

from django.db.models import Q
from django.utils.translation import gettext_noop

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Proof, Role
from backoffice.approvals import services as approvals
from backoffice.approvals.matching import Facts, live_rules, rule_for
from backoffice.approvals.models import Request, Rule
from backoffice.clients.models import VERIFIED, Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Kind, Operation
from backoffice.funding.services.creating import Intent, create
from backoffice.health.selftest.trials import NotTried

CLIENT_NAME: Final = "Control self-test"
ASSET: Final = "SELFTEST"
NO_PEOPLE: Final = gettext_noop("It takes somebody in finance and a manager whose accounts are open.")
NO_RULE: Final = gettext_noop(
    "No live rule asks anybody about withdrawals of every client, so none could be asked for."
)
TOO_FEW: Final = gettext_noop("The live rules ask for more managers than there are.")


@dataclass(frozen=True)
class Payment:
    """What a withdrawal must be of, so that as few people as possible are asked about it."""

    asset: str
    amount: Decimal
    people_needed: int


@dataclass(frozen=True)
class Stage:
    """Who asks, who may approve, and whom and what it is about."""

    requester: Person
    managers: tuple[Person, ...]
    client: Client
    asset: Asset
    payment: Payment

    @property
    def manager(self) -> Person:
        return self.managers[0]

    def asked(self) -> Operation:
        """Ask for a withdrawal, through the service."""
        return create(self.intent(), by=self.requester)

    def intent(self) -> Intent:
        return Intent(
            kind=Kind.WITHDRAWAL,
            client=self.client,
            asset=self.asset,
            amount=self.payment.amount,
            reason=CLIENT_NAME,
            submission_token=uuid4(),
            confirmed_equal=True,
        )

    def approved(self) -> Operation:
        """Ask for a withdrawal and have it approved by as many managers as it needs.

        :raises NotTried: where there are fewer.
        """
        operation = self.asked()
        if len(self.managers) < self.payment.people_needed:
            raise NotTried(TOO_FEW)
        for manager in self.managers[: self.payment.people_needed]:
            approve(operation, by=manager)
        return Operation.objects.select_related("client", "approval").get(pk=operation.pk)


def set_stage() -> Stage:
    """Make a client of the self-test, inside the caller's transaction.

    Who acts is locked before the first of them writes into the log, whose head is locked last everywhere: a manager who
    approves something real at this moment waits for the trial, or the trial for them, and never each for the other.

    :raises NotTried: where nobody can ask or approve, or no rule says who approves.
    """
    requester, managers = locked_people()
    payment = payment_asked_about()
    return Stage(requester, managers, client(), asset(payment.asset), payment)


def locked_people() -> tuple[Person, tuple[Person, ...]]:
    """Return one of finance and every manager, locked in the order of their ids as all who lock several do.

    :raises NotTried: where there is none of either.
    """
    active = Person.objects.filter(is_active=True).order_by("pk")
    asking = active.filter(role=Role.FINANCE).values_list("pk", flat=True).first()
    locked = list(active.select_for_update(no_key=True).filter(Q(role=Role.MANAGER) | Q(pk=asking)))
    requesters = [one for one in locked if one.role == Role.FINANCE]
    managers = tuple(one for one in locked if one.role == Role.MANAGER)
    if not requesters or not managers:
        raise NotTried(NO_PEOPLE)
    return requesters[0], managers


def payment_asked_about() -> Payment:
    """Find, among what the live rules name, the withdrawal that the fewest people are asked about."""
    candidates = [payment for rule in general_rules() if (payment := payment_under(rule))]
    if not candidates:
        raise NotTried(NO_RULE)
    return min(candidates, key=lambda payment: payment.people_needed)


def general_rules() -> list[Rule]:
    return list(Rule.objects.filter(rule_set=live_rules(), kind=Kind.WITHDRAWAL, client="", group="").order_by("pk"))


def payment_under(rule: Rule) -> Payment | None:
    """Return the smallest payment under a rule, with what all rules together ask about it."""
    asset_id, amount = rule.asset or ASSET, max(rule.at_least or Decimal(1), rule.day_total_from or Decimal(1))
    facts = Facts(kind=Kind.WITHDRAWAL, asset=asset_id, client=CLIENT_NAME, amount=amount, day_total=amount * 2)
    strictest = rule_for(facts)
    return Payment(asset_id, amount, strictest.people_needed) if strictest else None


def client() -> Client:
    """A client that may be funded, and whom nobody but this transaction sees."""
    key = f"selftest-{uuid4()}"
    return Client.objects.create(
        partner_client_id=key, name=CLIENT_NAME, status=VERIFIED, active=True, raw=b"{}", read_at=clock.now()
    )


def asset(asset_id: str) -> Asset:
    """The asset, open for withdrawals until the transaction is rolled back.

    Locked as weakly as it can be: whatever is created meanwhile refers to it, and must not wait for a trial.
    """
    is_open = {"published": True, "depositable": True, "withdrawable": True}
    found = Asset.objects.select_for_update(no_key=True).filter(asset_id=asset_id)
    if not found.update(**is_open):
        new = {"name": asset_id, "type": "fiat", "raw": b"{}", "read_at": clock.now()}
        return Asset.objects.create(asset_id=asset_id, **is_open, **new)
    return found.get()


def request_of(operation: Operation) -> Request:
    return Request.objects.get(operation=operation)


def approve(operation: Operation, *, by: Person, proof: Proof | None = None) -> Proof:
    """Approve as ``by``, with a second factor they would have just shown, or with the ``proof`` given."""
    shown = proof or proofs.write_down(by, operation.fingerprint)
    request = request_of(operation)
    approvals.approve(request_id=request.pk, fingerprint=request.fingerprint, by=by, proof=shown)
    return shown
