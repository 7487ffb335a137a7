"""All small cases: every crash point with every class of answer, for both types, once (reliability.md §13).

One payment each: it is asked for, approved where it must be, sent into the answer, with one death at the crash point;
then the faults are over and everything must be settled, as the table of reliability.md §5 says.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import product
from random import Random
from typing import Final, TypeVar

from backoffice.approvals.models import Request
from backoffice.failpoints import Failpoint
from backoffice.funding.bulk import queries as bulk_queries
from backoffice.funding.models import Kind, Operation
from backoffice.funding.services.bulk_creating import create_operations
from backoffice.funding.services.bulk_files import confirm, upload
from backoffice.funding.services.creating import Intent, create
from backoffice.orders.services import sync_orders
from tests.approving import approve
from tests.faults.catalogue import Arm, Target, foreign_order, on_line, on_post, order_there
from tests.faults.schedule import Outcome, Schedule
from tests.faults.world import World, token

Result = TypeVar("Result")

KINDS: Final = (Kind.DEPOSIT, Kind.WITHDRAWAL)
#: Where a copy is looked for: only what ended without effect has one.
COPIED: Final = ("failed", "rejected", "cancelled", "expired")


@dataclass(frozen=True)
class Answer:
    """A class of reliability.md §5, how its first request meets it, and how the operation ends.

    A refusal that its sender did not live to write down is not known, so the same bytes go out once more: ``again`` is
    how that ends.
    """

    name: str
    ends_as: str
    arm: Arm | None = None
    again: str = "completed"


ANSWERS: Final = (
    Answer("A1", "completed"),
    Answer("A2", "failed", on_post("A2", "order_status", status="failed"), again="failed"),
    Answer("A3", "failed", on_post("A3", "order_status", status="rejected"), again="failed"),
    Answer("A4", "review", on_post("A4", "order_status", status="pending"), again="review"),
    Answer("A5", "review", on_post("A5", "echo", field="amount", delta="0.00000001")),
    Answer("A6", "completed", order_there("A6")),
    Answer("A7", "review", foreign_order("A7"), again="review"),
    Answer("A8", "failed", on_post("A8", "envelope", status=400, code=2010)),
    Answer("A9", "completed", on_post("A9", "envelope", status=429, headers={"Retry-After": "5"})),
    Answer("A10", "completed", on_post("A10", "envelope", status=500)),
    Answer("A11", "completed", on_post("A11", "html", status=502, apply=True)),
    Answer("A12", "completed", on_post("A12", "broken", how="truncated")),
    Answer("A13", "completed", on_line("A13", "refused")),
    Answer("A14", "completed", on_post("A14", "close_after_apply", how="reset")),
)


@dataclass(frozen=True)
class Case:
    """One of the 504."""

    point: Failpoint
    answer: Answer
    kind: Kind

    def __str__(self) -> str:
        return f"{self.point} {self.answer.name} {self.kind}"

    @property
    def endings(self) -> set[str]:
        return {self.answer.ends_as, self.answer.again}


CASES: Final = [Case(*parts) for parts in product(Failpoint, ANSWERS, KINDS)]


def play(world: World, case: Case) -> Outcome:
    """Play one case to its end and count."""
    return _Play(world, case).run()


class _Play(Schedule):
    """A schedule without chance: one payment, one answer, one death."""

    def __init__(self, world: World, case: Case) -> None:
        super().__init__(world, seed=CASES.index(case))
        self.case = case

    def run(self) -> Outcome:
        self.world.begin(Random(self.seed))
        self.made = self._asked_and_approved()
        if self.case.point is Failpoint.C17:
            with self.world.restored_afterwards():
                self._sent()
        else:
            self._sent()
        recovery = self.quiet()
        self._copied()
        return self.outcome(recovery)

    # Asking and approving ---------------------------------------------------------------------------------------------

    def _asked_and_approved(self) -> Operation:
        world, case = self.world, self.case
        if case.point is not Failpoint.C17 and case.point is not Failpoint.C13:
            world.damage.kill_at(case.point, lands_after_seconds=61.0)
        made = self._from_a_file() if case.point is Failpoint.C14 else self._by_form()
        if case.answer.arm is not None:
            target = Target(made.reference, made.client.partner_client_id, str(made.kind), "USD", "500.00")
            case.answer.arm(world, target, self.random)
        if made.kind == Kind.WITHDRAWAL:
            for operation_id in list(world.operations):
                self._until_it_holds("Omar approves", partial(self._approve, operation_id))
        return made

    def _by_form(self) -> Operation:
        world = self.world
        client, usd = world.new_client(), world.assets["USD"]
        intent = Intent(self.case.kind, client, usd, Decimal("500.00"), "Bank transfer received", token())
        return world.own(self._until_it_holds("Maya asks", lambda: create(intent, by=world.cast.maya)))

    def _from_a_file(self) -> Operation:
        """A file of two rows; the worker dies between them, and another goes on."""
        world = self.world
        client = world.new_client()
        rows = [f"{self.case.kind},{client.partner_client_id},USD,{amount},Payroll" for amount in ("500.00", "20.00")]
        content = "\n".join(["type,client,asset,amount,reason", *rows, ""]).encode()
        file = upload(name="payroll.csv", content=content, by=world.cast.maya).file
        totals = {f"{self.case.kind} USD": Decimal("520.00")}
        confirm(file_id=file.pk, count=2, totals=totals, confirmed_equal=True, by=world.cast.maya)
        for request in Request.objects.filter(kind="bulk", subject=f"file-{file.pk}"):
            approve(request, by=world.cast.omar)
        self._until_it_holds("a worker creates the rows", lambda: not create_operations(file.pk, holder="worker 1"))
        assert not bulk_queries.waiting_rows(file.pk).exists()
        for operation in Operation.objects.filter(client=client).order_by("pk"):
            world.own(operation)
        return Operation.objects.filter(client=client).select_related("client").earliest("pk")

    def _approve(self, operation_id: int) -> str:
        request = Request.objects.get(subject=self.world.operations[operation_id])
        if request.state != "approved":
            by = self.world.cast.omar
            request = approve(request, by=by)
        return str(request.state)

    # Sending ----------------------------------------------------------------------------------------------------------

    def _sent(self) -> None:
        """Bells are heard, the sweep comes by, and the mirror is read besides."""
        self._after_act()
        if self.case.point is Failpoint.C3:
            self.world.forget_events()  # the bell was never heard
        self.world.pass_time(15)
        if self.case.point is Failpoint.C16:
            self.world.tell("the worker is stopped: it has finished what it was sending")
            self.world.forget_events()
        if self.case.point is Failpoint.C15:
            self._until_it_holds("the mirror reads the orders", lambda: sync_orders().pk)
        self._sweep()
        self.world.pass_time(10)

    def _copied(self) -> None:
        """C13: a copy of what ended without effect, its maker killed once; there is one copy and it is sent once."""
        world, state = self.world, self.world.state_of(self.made)
        if self.case.point is not Failpoint.C13 or state not in COPIED:
            return
        world.damage.kill_at(Failpoint.C13)
        made = Operation.objects.select_related("client", "asset").get(pk=self.made.pk)
        form = token()
        intent = Intent(self.case.kind, made.client, made.asset, made.amount, "Again", form, True, made)
        copy = world.own(self._until_it_holds("Maya copies it", lambda: create(intent, by=world.cast.maya)))
        second = replace(intent, submission_token=token())
        world.act("Nadia copies it too", lambda: create(second, by=world.cast.nadia))
        if copy.kind == Kind.WITHDRAWAL:
            world.act("Omar approves", lambda: self._approve(copy.pk))
        self.quiet()
        assert Operation.objects.filter(copy_of=made).count() == 1

    def _until_it_holds(self, label: str, do: Callable[[], Result]) -> Result:
        """Do something again, as people and workers do, until it was not killed."""
        for _try in range(3):
            done = self._act(label, do)
            if done is not None:
                return done
        raise AssertionError(f"{label}: never done. {self.world.story}")
