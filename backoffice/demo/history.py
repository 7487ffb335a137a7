"""Write the story into the product and, at the same times, into the partners' books.

Rows are written as the services would have written them on those days; triggers and constraints watch as ever, so an
impossible history cannot be made. Only the audit log says when this was really written: today.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.matching import Rulebook, live_rules, live_version
from backoffice.approvals.models import Decision, Rule
from backoffice.audit.services import record
from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.demo import deciding
from backoffice.demo.deciding import request_for
from backoffice.demo.demands import demanded
from backoffice.demo.discrepancies import come_apart, order_of
from backoffice.demo.partners import control
from backoffice.demo.story import Deed, tell
from backoffice.demo.written import Written
from backoffice.funding.fingerprint import fingerprint_of
from backoffice.funding.models import Attempt, AttemptOutcome, Kind, Operation
from backoffice.funding.references import mint
from backoffice.funding.services.creating import UNGATED_VALIDITY, create_deposit
from backoffice.funding.services.intents import body_for, digest_of
from backoffice.funding.services.moving import NO_LEASE
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror
from backoffice.mirror.partners import coinmena
from backoffice.mirror.registry import registered
from backoffice.mirror.runs import last_complete
from backoffice.reconciliation.exceptions.severity import company_zone
from backoffice.reconciliation.services.balances import prove_balances, read_afresh
from backoffice.reconciliation.services.running import reconcile
from backoffice.reconciliation.services.transactions import check_transactions, read_bitnob

WORKER = "worker 1"
PENDING = "CoinMENA holds the order with a status we do not know: pending."
REFUSAL = "CoinMENA refused: the client has not enough available balance. Nothing was applied."


def write_history(people: dict[str, Person], now: datetime) -> None:
    """Tell the story up to ``now``, in the product and at the partners."""
    with transaction.atomic():
        rules = live_rules()
        book = Rulebook(rules.rules.select_related("rule_set"), rules.groups)
        story = tell(now.astimezone(company_zone()))
        written = [Written(deed, ask(deed, rule, people)) for deed, rule in demanded(story, book)]
        decide(written, people)
        send(written)
        log(written, people)
    come_apart(written)


def reconcile_yesterday(maya: Person, now: datetime) -> None:
    """Read the mirrors and compare the day that does not add up, as Maya did this morning."""
    for sync in registered().values():
        sync()
    today = now.astimezone(company_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    reconcile(window_from=today - timedelta(days=1), window_to=today, by=maya)


def check_balances(maya: Person) -> None:
    """Check Bitnob, and prove the clients' balances.

    A reading of orders leaves out the last minutes, so a balance read now is proven in some minutes only. In the story
    nothing has moved meanwhile: the balances are told as read when the orders were.
    """
    read_bitnob()
    check_transactions(by=maya)
    read_afresh()
    orders = last_complete(Mirror.ORDERS)
    BalanceReading.objects.update(read_at=orders.read_to if orders else timezone.now())
    prove_balances(by=maya)


def ask(deed: Deed, rule: Rule | None, people: dict[str, Person]) -> Operation:
    token = uuid4()
    operation = Operation(
        reference=mint(Kind(deed.kind), token, year=deed.asked_at.year, now=deed.asked_at),
        submission_token=token,
        kind=deed.kind,
        client=Client.objects.get(partner_client_id=deed.client),
        asset_id=deed.asset,
        amount=deed.amount,
        reason=deed.reason,
        requested_by=people["maya"],
        requested_at=deed.asked_at,
        state=State.PENDING_APPROVAL if rule else State.APPROVED,
        ungated_rule_version=None if rule else live_version(),
        valid_until=deed.asked_at + (rule.validity if rule else UNGATED_VALIDITY),
    )
    operation.fingerprint = fingerprint_of(operation)
    operation.approval = request_for(operation, rule) if rule else None
    operation.save(force_insert=True)
    return operation


def decide(written: list[Written], people: dict[str, Person]) -> None:
    """Let managers decide what they decided, and move the operations on where they were enough."""
    for one in written:
        request = one.operation.approval
        if request is None or one.deed.ending == "pending":
            continue
        by, at = deciding.decide(request, one.deed, people), one.deed.decided_at
        if by is not None and one.deed.ending == "rejected":
            update(one.operation, state=State.REJECTED, ended_at=at)
        elif by is not None:
            update(one.operation, state=State.APPROVED, approved_by=by, approved_at=at)


def update(operation: Operation, **changes: object) -> None:
    """Move one operation on, as the state table allows."""
    Operation.objects.filter(pk=operation.pk).update(version=operation.version + 1, **changes)
    operation.version += 1
    for name, value in changes.items():
        setattr(operation, name, value)


def send(written: list[Written]) -> None:
    sent = [one for one in written if one.deed.is_sent and one.operation.state == State.APPROVED]
    applied = [one for one in sent if one.deed.ending != "refused"]
    bodies = [order_of(one.deed, one.operation.reference) for one in applied]
    orders = control("POST", "orders", {"orders": bodies})["orders"]
    for one, order in zip(applied, orders, strict=True):
        one.order_id = order["id"]
    for one in sent:
        send_one(one)


def send_one(one: Written) -> None:
    moment, token = one.deed.sent_at, uuid4()
    lease = {"lease_token": token, "lease_until": moment + timedelta(seconds=45), "lease_holder": WORKER}
    update(one.operation, state=State.SUBMITTING, **lease)
    attempt = attempt_of(one.operation, token, moment)
    if one.order_id is None:
        outcome_of(attempt, evidence="not_applied", row="A8", status=400, code="3005", sentence=REFUSAL)
        failure = {"failure_code": "3005", "failure_sentence": REFUSAL}
        update(one.operation, state=State.FAILED, ended_at=moment + timedelta(seconds=1), **failure)
    elif one.deed.ending == "pending_there":
        outcome_of(attempt, evidence="unknown", row="A4", status=200, code="", sentence=PENDING)
        doubt = {"in_doubt_since": moment, "next_lookup_at": timezone.now(), "failure_sentence": PENDING}
        update(one.operation, state=State.REVIEW, **NO_LEASE, **doubt)
    else:
        sentence = "CoinMENA completed the order, and every field agrees."
        outcome_of(attempt, evidence="applied", row="A1", status=200, code="", sentence=sentence)
        ended_at = moment + timedelta(seconds=1)
        update(one.operation, state=State.COMPLETED, partner_order_id=one.order_id, ended_at=ended_at)


def attempt_of(operation: Operation, token: UUID, moment: datetime) -> Attempt:
    body = body_for(operation)
    return Attempt.objects.create(
        operation=operation,
        number=1,
        lease_token=token,
        worker=WORKER,
        environment=coinmena().environment,
        body=body,
        body_digest=digest_of(body),
        planned_at=moment + timedelta(seconds=45),
        claimed_at=moment,
    )


def outcome_of(attempt: Attempt, *, evidence: str, row: str, status: int, code: str, sentence: str) -> None:
    moment = attempt.claimed_at + timedelta(milliseconds=612)
    AttemptOutcome.objects.create(
        attempt=attempt,
        kind=AttemptOutcome.Kind.ANSWER,
        row=row,
        evidence=evidence,
        http_status=status,
        code=code,
        partner_date=moment.replace(microsecond=0),
        duration_ms=612,
        sentence=sentence,
        recorded_at=moment,
    )


def log(written: list[Written], people: dict[str, Person]) -> None:
    """Write the audit entries of the story: who asked, who decided, how it ended."""
    for one in written:
        operation, client = one.operation, one.deed.client
        amount = {"amount": operation.amount, "asset": operation.asset_id}
        asked = "operation.requested" if operation.approval else "operation.created"
        record(asked, by=people["maya"], obj=operation, client=client, after=amount, reason=operation.reason)
        for decision in approvals_in_order(operation):
            is_last = decision.decided_by == operation.approved_by
            about = operation if is_last else decision.request
            event = "operation.approved" if is_last else "approval.given"
            record(event, by=decision.decided_by, obj=about, client=client, after=amount)
        if operation.state == State.REJECTED:
            record("operation.rejected", by=people[one.deed.manager], obj=operation, client=client)
        elif operation.ended_at is not None:
            ended = {"state": str(operation.state), **amount}
            record(f"operation.{operation.state}", by=System(WORKER), obj=operation, client=client, after=ended)


def approvals_in_order(operation: Operation) -> list[Decision]:
    approvals = Decision.objects.filter(request=operation.approval_id, verdict=Decision.Verdict.APPROVED)
    return list(approvals.select_related("decided_by", "request").order_by("decided_at"))


def leave_in_doubt(maya: Person) -> None:
    """Ask for a deposit whose request is cut off, and whose look-ups a gateway turns away.

    The faults are set before the operation can be sent: no worker runs yet. The second stays until the control path
    clears it; then absence is proven and the same reference is sent once more.
    """
    operation = create_deposit(
        client=Client.objects.get(partner_client_id="user_20871"),
        asset=Asset.objects.get(pk="USD"),
        amount=Decimal("4200.00"),
        reason="Bank transfer received, statement line 2211",
        submission_token=uuid4(),
        by=maya,
    )
    for path, action, times in (
        ("/v1/partner/deposits", {"kind": "close_before_apply"}, 1),
        ("/v1/partner/orders/ref/", {"kind": "html", "status": 502}, None),
    ):
        match = {"path": path, "reference": operation.reference}
        control("POST", "faults", {"match": match, "action": action, "times": times, "label": "one answer in doubt"})
