"""One random schedule: a few payments, the people and workers around them, and what goes wrong; then the quiet phase.

Everything is drawn from one seed. Work reaches workers as in production: by bells, some of which are lost, doubled or
late, and by the sweep. In the quiet phase nothing fails any more, and Q + 120 s later everything must be settled.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Kind, Operation
from backoffice.funding.queries import is_at_the_partner
from backoffice.funding.services.brakes import resume_sending
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import Intent, create
from backoffice.funding.services.doorbells import SEND
from backoffice.funding.services.resolving import check_now
from backoffice.funding.states import WITHOUT_EFFECT
from backoffice.sandbox.clock import NANOSECONDS
from tests.approving import approve
from tests.faults import interventions
from tests.faults.catalogue import FAULTS, Fault, Target, draw
from tests.faults.oracle import Violation
from tests.faults.world import SWEEP_SECONDS, World, token

Result = TypeVar("Result")

QUIET_SECONDS: Final = 300 + 120
#: The last one has more digits than a float holds.
AMOUNTS: Final = (
    *("10.00", "1000.00", "0.01", "0.00000001", "123456.78", "99.99999999", "250", "7.5"),
    "90071992547.40993001",
)
#: How often a bell is lost, and how often it is heard twice.
LOST, TWICE = 0.15, 0.2
NOISE: Final = 0.25
#: How often a payment whose order is there already is let go by its requester, who wants it again later.
LET_GO: Final = 0.6
ORDER_THERE: Final = ("F12 is there already", "F14 not shown")


@dataclass
class Outcome:
    """What became of one schedule. ``recovery_seconds``: from the end of the faults until nothing was in doubt."""

    seed: int
    violations: list[Violation]
    story: list[str]
    operations: int
    fired: Counter[str]
    states: Counter[str]
    recovery_seconds: float


@dataclass
class Payment:
    """One thing somebody wants paid: the form they sent, and the operation it became."""

    kind: Kind
    client: Client
    asset: Asset
    amount: Decimal
    by: Person
    faults: list[Fault] = field(default_factory=list)
    form: UUID = field(default_factory=token)
    operation: Operation | None = None


class Schedule:
    """Runs one seed in a world."""

    def __init__(self, world: World, seed: int, *, faults: list[Fault] | None = None) -> None:
        self.world, self.seed, self.random = world, seed, Random(seed)
        self._given_faults = faults
        self._is_quiet = False
        self._ends_ns = 0
        self._away = (0, 0)

    def run(self) -> Outcome:
        """Play the schedule to its end and count."""
        world, random = self.world, self.random
        world.begin(random)
        clients = [world.new_client(random.choice(("5000", "5000", "100"))) for _ in range(random.choice((1, 1, 2)))]
        payments = [self._payment(clients) for _ in range(random.choice((1, 1, 2, 2, 3, 4)))]
        self._deal_faults(payments)
        for payment in payments:
            self._plan(random.uniform(0, 20), partial(self._ask, payment))
        self._plan_noise()
        self._plan_absence()
        self._sweep_every_ten_seconds()
        self._for_seconds(random.choice((30, 60, 60, 120, 400, 700)))
        if random.random() < 0.04:
            self._nobody_comes_for_a_day()
        recovery = self.quiet()
        if random.random() < 0.5:
            interventions.close_reviews(world)
            interventions.compare_what_ended(world)
        return self.outcome(recovery)

    def outcome(self, recovery: float) -> Outcome:
        world = self.world
        violations = world.violations()
        states = Counter(state for state in world.rows.states().values())
        return Outcome(
            self.seed, violations, list(world.story), len(world.operations), Counter(world.fired), states, recovery
        )

    # What is drawn ----------------------------------------------------------------------------------------------------

    def _payment(self, clients: list[Client]) -> Payment:
        random, cast = self.random, self.world.cast
        kind = random.choice((Kind.DEPOSIT, Kind.DEPOSIT, Kind.WITHDRAWAL))
        asset = self.world.assets["USD" if kind is Kind.WITHDRAWAL else random.choice(("USD", "USD", "BHD", "SAR"))]
        amount = Decimal(random.choice(AMOUNTS))
        return Payment(kind, random.choice(clients), asset, amount, random.choice((cast.maya, cast.nadia)))

    def _deal_faults(self, payments: list[Payment]) -> None:
        faults = self._given_faults
        if faults is None:
            faults = draw(self.random, self.random.choice((0, 1, 1, 2, 2, 3, 4)))
        for fault in faults:
            if fault.is_for_creation:
                fault.arm(self.world, NO_TARGET, self.random)
            else:
                self.random.choice(payments).faults.append(fault)

    # People -----------------------------------------------------------------------------------------------------------

    def _ask(self, payment: Payment) -> None:
        """Send the form; who sees an error, or nothing at all, sends the same form again."""
        intent = Intent(
            payment.kind,
            payment.client,
            payment.asset,
            payment.amount,
            "Bank transfer received",
            payment.form,
            confirmed_equal=True,
        )
        name = payment.by.name.split()[0]
        label = f"{name} asks for a {payment.kind} of {payment.amount} {payment.asset.asset_id}"
        made = self._act(label, lambda: create(intent, by=payment.by))
        if made is None:
            if not self._is_over:
                self._plan(self.random.uniform(1, 5), partial(self._ask, payment))
            return
        if payment.operation is None:
            payment.operation = self.world.own(made)
            self._arm(payment, made)
            if made.approval_id is not None:
                self._plan(self.random.uniform(1, 8), partial(self._decide, made))
        self._after_act()
        if self.random.random() < NOISE:
            self._plan(
                self.random.uniform(0, 3),
                partial(self._act, f"{label} (same form)", lambda: create(intent, by=payment.by)),
            )

    def _arm(self, payment: Payment, made: Operation) -> None:
        amount = format(payment.amount, "f")
        client = payment.client.partner_client_id
        target = Target(made.reference, client, str(payment.kind), payment.asset.asset_id, amount)
        for fault in payment.faults:
            self.world.tell(f"(fault {fault.name} is armed for {made.reference})")
            fault.arm(self.world, target, self.random)
        if self.random.random() < NOISE / 2:
            self._plan(self.random.uniform(0, 60), partial(self._cancel, made))
        if any(fault.name in ORDER_THERE for fault in payment.faults) and self.random.random() < LET_GO:
            self._plan(self.random.uniform(0, 1), partial(self._cancel, made))
            self._plan(self.random.uniform(150, 400), self._settle_and_copy)
        if self.random.random() < NOISE:
            self._plan(self.random.uniform(1, 200), partial(self._check_now, made))
        if self.random.random() < NOISE:
            self._plan(self.random.uniform(10, 400), partial(self._copy, made))

    def _decide(self, operation: Operation) -> None:
        cast = self.world.cast
        who = self.random.choice((cast.omar, cast.lina, cast.omar, cast.lina, cast.leaver, cast.maya, cast.nadia))
        request = Request.objects.get(subject=operation.reference)
        name = who.name.split()[0]
        if self.random.random() < 0.06:
            self._act(
                f"{name} rejects {operation.reference}",
                lambda: (
                    approvals.reject(
                        request_id=request.pk, fingerprint=request.fingerprint, reason_code="other", note="No.", by=who
                    ).state
                ),
            )
        else:
            self._act(
                f"{name} approves {operation.reference}",
                lambda: approve(request, by=who).state,
            )
        self._after_act()
        if self.world.state_of(operation) == "pending_approval" and not self._is_over:
            self._plan(self.random.uniform(1, 10), partial(self._decide, operation))

    def _cancel(self, operation: Operation) -> None:
        by = operation.requested_by
        self._act(
            f"{by.name.split()[0]} cancels {operation.reference}",
            lambda: cancel_operation(operation_id=operation.pk, by=by).state,
        )

    def _copy(self, operation: Operation) -> None:
        """Ask again. An order that no request of ours made stands there after a restore only, and then nothing is let
        go before the mirror knows it."""
        if operation.reference in self.world.scripted.placed_before and not is_at_the_partner(operation):
            return
        copied = interventions.copy(self.world, operation)
        self._after_act()
        if copied is not None and copied.approval_id is not None:
            self._plan(self.random.uniform(1, 8), partial(self._decide, copied))

    def _settle_and_copy(self) -> None:
        """Late orders are settled, and whoever takes that for leave to pay again tries to."""
        interventions.settle_late_orders(self.world)
        ours = Operation.objects.filter(pk__in=self.world.operations)
        for operation in ours.filter(state__in=WITHOUT_EFFECT).order_by("pk"):
            self._copy(operation)

    def _check_now(self, operation: Operation) -> None:
        by = self.world.cast.omar
        self._act(
            f"Omar checks {operation.reference} now",
            lambda: check_now(operation_id=operation.pk, by=by).operation.state,
        )
        self._after_act()

    def _resume(self) -> None:
        """Let money flow again; whoever looks sees other credentials and leaves it halted."""
        if self.world.rows.is_halted() and self.world.has_own_credentials:
            self._act("Lina resumes sending", lambda: resume_sending(reason="Looked into it.", by=self.world.cast.lina))

    def _plan_noise(self) -> None:
        """A manager leaves the company, or comes back; sending is resumed by somebody who hardly looked."""
        random = self.random
        if random.random() < NOISE:
            self._plan(random.uniform(0, 20), self.world.leaver_leaves)
        if random.random() < NOISE:
            self._plan(random.uniform(20, 200), self._resume)
        if random.random() < NOISE / 2:
            self._plan(random.uniform(30, 500), self._settle_and_copy)
        if random.random() < NOISE / 2:
            self._plan(random.uniform(20, 500), partial(interventions.close_with_another_order, self.world))
        if random.random() < NOISE / 2:
            self._plan(random.uniform(0, 30), partial(interventions.freeze_something, self.world, random))
            self._plan(random.uniform(40, 300), partial(interventions.release_everything, self.world))

    def _plan_absence(self) -> None:
        """In half of the schedules no worker is there for some minutes: nothing is heard, nothing is swept."""
        if self.random.random() < 0.5:
            begin = self.world.clock.true_ns + round(self.random.uniform(5, 60) * NANOSECONDS)
            self._away = (begin, begin + round(self.random.uniform(60, 500) * NANOSECONDS))

    @property
    def _are_workers_away(self) -> bool:
        return not self._is_quiet and self._away[0] <= self.world.clock.true_ns < self._away[1]

    # Workers ----------------------------------------------------------------------------------------------------------

    def _after_act(self) -> None:
        """Carry the bells that were rung: in the noisy phase some are lost, some heard twice, most a little late."""
        for task, operation_id, due_ns in self.world.rows.hear_bells():
            wait = max(0.0, (due_ns - self.world.clock.true_ns) / NANOSECONDS)
            for late in self._hearings():
                self._plan(wait + late, partial(self._answer, task, operation_id))

    def _hearings(self) -> list[float]:
        if self._is_quiet:
            return [0.05]
        chance = self.random.random()
        if chance < LOST:
            self.world.fired["F21 bell lost"] += 1
            return []
        hearings = [self.random.choice((0.02, 0.2, 3.0))]
        if chance < LOST + TWICE:
            self.world.fired["F21 bell twice"] += 1
            hearings.append(hearings[0] + self.random.choice((0.0, 0.01, 0.3, 40.0)))
        return hearings

    def _answer(self, task: str, operation_id: int) -> None:
        if self._are_workers_away:
            self.world.fired["F21 bell lost"] += 1
            return
        (self.world.send if task == SEND else self.world.resolve)(operation_id)
        self._after_act()

    def _sweep(self) -> None:
        # In the quiet phase bells are heard, so the sweep is asked only for what no bell rang for.
        if not self._are_workers_away and self.world.rows.is_anything_due(since_seconds=3 if self._is_quiet else 0):
            self.world.sweep()
            self._after_act()

    def _sweep_every_ten_seconds(self) -> None:
        self._sweep()
        if not self._is_quiet:
            self._plan(SWEEP_SECONDS, self._sweep_every_ten_seconds)

    # Phases -----------------------------------------------------------------------------------------------------------

    def _for_seconds(self, seconds: float) -> None:
        self._ends_ns = self.world.clock.true_ns + round(seconds * NANOSECONDS)
        self.world.pass_time(seconds)

    @property
    def _is_over(self) -> bool:
        return self._is_quiet or (self._ends_ns > 0 and self.world.clock.true_ns >= self._ends_ns)

    def _nobody_comes_for_a_day(self) -> None:
        """Workers and people are away for longer than any permission lasts."""
        self.world.forget_events()
        self.world.tell("(nobody comes for 25 hours)")
        self.world.clock.pass_by(25 * 3600)

    def quiet(self) -> float:
        """Turn all faults off and go on for Q + 120 s; return after how many seconds nothing was in doubt any more."""
        world = self.world
        self._is_quiet = True
        world.faults_off()
        world.tell("(the faults are over)")
        self._resume()
        interventions.release_everything(world)
        self._after_act()
        began, settled_after = world.clock.true_ns, 0.0
        while world.clock.true_ns < self._quiet_until(began) and not world.rows.is_settled():
            world.pass_time(SWEEP_SECONDS)
            self._sweep()
            settled_after = (world.clock.true_ns - began) / NANOSECONDS
        world.forget_events()
        world.clock.pass_until(self._quiet_until(began))
        if world.rows.is_anything_due():
            world.expire()
        self._read_again()
        return settled_after

    def _read_again(self) -> None:
        """Read the orders as the mirror does every few minutes, where an amount was told in another form: the newest
        answer's digits must have come in. And where an order stands under what was not completed: it must be told."""
        world = self.world
        is_one_there = world.partner.holds_any(world.rows.without_completion())
        if is_one_there or any(name.startswith("F19") for name in world.fired):
            interventions.read_the_list(world)
            world.scripted.is_list_read = True

    def _quiet_until(self, began_ns: int) -> int:
        """Q + 120 s after the faults, or after the last request: one sent again opens a quarantine of its own."""
        return max(began_ns + QUIET_SECONDS * NANOSECONDS, self.world.rows.quarantine_ends(QUIET_SECONDS))

    def _act(self, label: str, do: Callable[[], Result]) -> Result | None:
        return self.world.act(label, do)

    def _plan(self, in_seconds: float, do: Callable[[], object]) -> None:
        self.world.plan(in_seconds, "", do)


NO_TARGET: Final = Target("", "", "", "", "")

__all__ = ["FAULTS", "Outcome", "Payment", "Schedule"]


def run(world: World, seed: int) -> Outcome:
    """Run one seed."""
    return Schedule(world, seed).run()
