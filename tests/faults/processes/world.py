"""One world of drive (b): a database of its own, a partner of its own, people, clients, and a stable of processes."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from backoffice.accounts.models import Person, Role
from backoffice.approvals import pace
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.states import RequestState
from backoffice.clients.models import Asset, Client
from backoffice.database import embedded
from backoffice.funding.bulk.reading import HEADER
from backoffice.funding.models import BulkFile, Kind, Operation
from backoffice.funding.services.bulk_files import upload
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import Intent, create
from backoffice.funding.services.sending import send
from backoffice.funding.states import State
from backoffice.mirror.partners import forget_clients
from tests.approving import approve
from tests.faults.processes import counting
from tests.faults.processes.quick import LANDS_WITHIN_SECONDS, WINDOW_SECONDS
from tests.faults.processes.stable import Stable, stable
from tests.funding.cast import mirrored_asset, mirrored_client
from tests.partners import Partners, running_sandbox

CLIENTS: Final = 16
OPENING: Final = Decimal("1000000.00")
OUTSIDE_ORDERS: Final = 250
ROWS_OF_A_FILE: Final = 4
PARTNER: Final = "tests.faults.processes.partner"

#: What happens to the first request for an operation at the partner; None: nothing out of the ordinary.
FAULTS: Final[tuple[dict[str, Any] | None, ...]] = (
    None,
    None,
    None,
    None,
    {"kind": "close_before_reading"},
    {"kind": "close_before_apply"},
    {"kind": "close_before_apply", "how": "reset"},
    {"kind": "close_after_apply"},
    {"kind": "close_after_apply", "how": "reset"},
    {"kind": "cut_answer"},
    {"kind": "answer_late", "seconds": 0.5, "when": "before"},
    {"kind": "answer_late", "seconds": 0.7, "when": "after"},
    {"kind": "answer_late", "seconds": LANDS_WITHIN_SECONDS, "when": "before"},
    {"kind": "answer_late", "seconds": 2.5, "when": "after"},
    {"kind": "land_late", "seconds": LANDS_WITHIN_SECONDS},
    {"kind": "land_late", "seconds": WINDOW_SECONDS + 2, "verify": "when_landing"},
    {"kind": "envelope", "status": 500},
    {"kind": "envelope", "status": 500, "apply": True},
    {"kind": "html", "status": 502},
    {"kind": "html", "status": 504, "apply": True},
    {"kind": "envelope", "status": 400, "code": 3005},
    {"kind": "broken", "how": "truncated"},
)

_IN_A_TRANSACTION: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


@dataclass
class World:
    """What is there, and what people do in it. Amounts never repeat, so that no two requests are equal."""

    host: str
    database: str
    partners: Partners
    stable: Stable
    unforeseen: Path
    random: Random
    maya: Person
    omar: Person
    usd: Asset
    clients: list[Client]
    is_quick: bool = True
    numbers: Iterator[int] = field(default_factory=count)

    # Processes --------------------------------------------------------------------------------------------------------

    def fork(self, role: str, **order: Any) -> int:
        """Fork a process into this world."""
        where = {"host": self.host, "database": self.database, "sandbox": self.partners.address}
        return self.stable.fork(role=role, is_quick=self.is_quick, **where, **order)

    def end_of(self, pid: int, seconds: float) -> int:
        """Wait for a process to end and return its exit code."""
        patience = time.monotonic() + seconds
        while time.monotonic() < patience:
            ended = self.stable.ended()
            if pid in ended:
                return ended[pid]
            time.sleep(0.05)
        raise AssertionError(f"process {pid} has not ended within {seconds} s")

    def until_stopped(self, pid: int, seconds: float) -> None:
        """Wait for a process to be held by SIGSTOP."""
        patience = time.monotonic() + seconds
        while not self.stable.is_stopped(pid):
            assert time.monotonic() < patience, f"process {pid} was not held within {seconds} s"
            time.sleep(0.05)

    def until_heeded(self, pid: int, number: int, seconds: float) -> None:
        """Wait for a worker to have heard a signal that it was sent; it heeds no second one."""
        patience = time.monotonic() + seconds
        while self.stable.heeds(pid, number):
            assert time.monotonic() < patience, f"process {pid} did not hear signal {number} within {seconds} s"
            time.sleep(0.02)

    def hold(self, pid: int, seconds: float) -> None:
        """Hold a process by SIGSTOP while nobody has a transaction open, so that it keeps no lock from others."""
        patience = time.monotonic() + seconds
        while True:
            self.stable.signal(pid, signal.SIGSTOP)
            self.until_stopped(pid, seconds)
            if not _is_a_transaction_open():
                return
            assert time.monotonic() < patience, f"process {pid} has a transaction open for {seconds} s"
            self.stable.signal(pid, signal.SIGCONT)
            time.sleep(0.05)

    # People -----------------------------------------------------------------------------------------------------------

    def form(
        self, kind: Kind = Kind.DEPOSIT, *, copy_of: Operation | None = None, client: Client | None = None
    ) -> dict[str, Any]:
        """Fill in a form: what `roles.intent_of` reads, to be sent once or again and again. For any client, if none."""
        client = copy_of.client if copy_of else client or self.random.choice(self.clients)
        cents = next(self.numbers)
        amount = copy_of.amount if copy_of else Decimal(cents) / 100 + 5
        return {
            "kind": str(copy_of.kind if copy_of else kind),
            "client": client.pk,
            "asset": self.usd.pk,
            "amount": str(amount),
            "token": str(uuid4()),
            "by": self.maya.pk,
            "copy_of": copy_of.pk if copy_of else None,
        }

    def submit(self, form: dict[str, Any], *, is_troubled: bool = True) -> Operation:
        """Send a form in; sent before, it leads to the operation it made. Its request may meet a fault."""
        intent = Intent(
            kind=Kind(form["kind"]),
            client=next(one for one in self.clients if one.pk == form["client"]),
            asset=self.usd,
            amount=Decimal(form["amount"]),
            reason="Bank transfer received",
            submission_token=UUID(form["token"]),
            confirmed_equal=True,
            copy_of=Operation.objects.get(pk=form["copy_of"]) if form["copy_of"] else None,
        )
        with transaction.atomic():
            operation = create(intent, by=self.maya)
            if is_troubled:
                self._trouble(operation.reference)
        return operation

    def _trouble(self, reference: str) -> None:
        """Set a fault before the bell can be heard."""
        action = self.random.choice(FAULTS)
        if action is None:
            return
        # At the door nobody has read the body yet, so that fault strikes whichever request for an order comes next.
        match = {"method": "POST", "path": "/v1/partner/"}
        if action["kind"] != "close_before_reading":
            match["reference"] = reference
        self.partners.fault(match=match, **action)

    def approve(self, reference: str) -> None:
        """Approve as Omar, who approves for a whole day here, faster than a person may."""
        request = Request.objects.get(subject=reference)
        with patch.object(pace, "MOST_IN_A_MINUTE", 1_000_000):
            approve(request, by=self.omar)

    def approve_files(self) -> None:
        """Agree to the files that wait for it: whoever confirmed one may have been kept from having it approved."""
        for request in Request.objects.filter(kind=RuleKind.BULK, state=RequestState.WAITING):
            self.approve(request.subject)

    def cancelled(self) -> Operation:
        """Return an operation that was taken back, fit to be copied."""
        operation = self.submit(self.form(Kind.WITHDRAWAL))
        return cancel_operation(operation_id=operation.pk, by=self.maya)

    def uploaded_file(self) -> BulkFile:
        """Return a file of a few deposits that waits to be confirmed."""
        lines = [
            f"deposit,{client.partner_client_id},USD,{Decimal(next(self.numbers)) / 100 + 5:.2f},Bank transfer received"
            for client in self.random.sample(self.clients, ROWS_OF_A_FILE)
        ]
        content = "\n".join([HEADER, *lines]).encode()
        return upload(name="deposits.csv", content=content, by=self.maya).file

    # Counting ---------------------------------------------------------------------------------------------------------

    def count(self, outside: Mapping[str, Decimal] | None = None) -> counting.Findings:
        """Compare both sides' books.

        :param outside: what orders of nobody here have added to a client.
        """
        others = outside or {}
        opening = {one.partner_client_id: OPENING + others.get(one.partner_client_id, 0) for one in self.clients}
        address = f"host={self.host} dbname={self.database} user={embedded.OWNER}"
        found = counting.count(address, self.partners.ledger(), opening)
        if self.unforeseen.exists():
            found.doubled += self.unforeseen.read_text().splitlines()
        return found


@contextmanager
def world(host: str, database: str, seed: int, *, log: Path | None = None, is_quick: bool = True) -> Iterator[World]:
    """Set a world up in the database that Django is connected to; everything it started has ended after the block.

    :param is_quick: whether waits are shorter than in earnest (`quick.py`).
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="world-")))
        unforeseen = directory / "unforeseen"
        partners = stack.enter_context(_partner(host, database, unforeseen) if is_quick else running_sandbox())
        horses = stack.enter_context(stable(log or directory / "log"))
        stack.callback(connection.close)
        stack.enter_context(_pointed_at(partners))
        made = _peopled(host, database, partners, horses, unforeseen, Random(seed))
        made.is_quick = is_quick
        yield made


def _partner(host: str, database: str, unforeseen: Path) -> AbstractContextManager[Partners]:
    url = f"host={host} dbname={database} user={embedded.OWNER}"
    return running_sandbox("--database", url, "--unforeseen", str(unforeseen), module=PARTNER)


@contextmanager
def _pointed_at(partners: Partners) -> Iterator[None]:
    """Point this process's settings at the sandbox for the block."""
    former = settings.COINMENA_BASE_URL, settings.BITNOB_BASE_URL
    settings.COINMENA_BASE_URL = settings.BITNOB_BASE_URL = partners.address
    forget_clients()
    try:
        yield
    finally:
        settings.COINMENA_BASE_URL, settings.BITNOB_BASE_URL = former
        forget_clients()


def _peopled(host: str, database: str, partners: Partners, horses: Stable, unforeseen: Path, random: Random) -> World:
    partners.make_orders(OUTSIDE_ORDERS, days=1)
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role=Role.FINANCE)
    omar = Person.objects.create_person(email="omar@example.com", name="Omar Saleh", role=Role.MANAGER, password="used")
    clients = [mirrored_client(f"user_{number}", name=f"Client {number}") for number in range(CLIENTS)]
    for client in clients:
        partners.make_client(client.partner_client_id)
        partners.adjust(client.partner_client_id, "USD", change=str(OPENING))
    made = World(host, database, partners, horses, unforeseen, random, maya, omar, mirrored_asset(), clients)
    _positive_control(made)
    return made


def _is_a_transaction_open() -> bool:
    """Tell whether another connection to this database has begun what it has not ended."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_A_TRANSACTION)
        return bool(cursor.fetchone()[0])


def _positive_control(made: World) -> None:
    """Complete one deposit, without which no "not found" proves anything."""
    form, client = made.form(), made.clients[0]
    intent = Intent(Kind.DEPOSIT, client, made.usd, Decimal("1.00"), "First", UUID(form["token"]))
    operation = create(intent, by=made.maya)
    send(operation.pk, holder="nobody")
    operation.refresh_from_db()
    assert operation.state == State.COMPLETED, operation.failure_sentence
