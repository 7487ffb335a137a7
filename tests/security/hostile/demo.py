"""The demo as a target: somebody of every kind signed in, and its own operations, orders and files in the addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import connections
from django.db.models import Model

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients.models import Client
from backoffice.funding.models import BulkFile, Freeze, Operation
from backoffice.orders.models import Order
from backoffice.reconciliation.models import (
    DayReport,
    ExceptionItem,
    LedgerFile,
    LedgerSource,
    Run,
    RunJob,
    Source,
)
from backoffice.transactions.models import Transaction
from tests.security.browsers import Who, browser_of, browsers_of, cast
from tests.security.hostile.shots import Target
from tests.security.hostile.targets import opener, targets

BY_TWO_PEOPLE: Final = "ALTER TABLE accounts_person {} TRIGGER USER"


@dataclass(frozen=True)
class Crowd:
    """Everybody's cookies, and the way to new ones."""

    people: dict[Who, Person]
    cookies: dict[str, str]

    def sign_in(self, who: str) -> str:
        """Begin a new session for those who have one; the others stay outside."""
        kind = Who(who)
        if kind in (Who.STRANGER, Who.DEACTIVATED):
            return self.cookies[who]
        return browser_of(self.people[kind], is_proven=kind is not Who.UNPROVEN).cookies


def crowd_and_targets() -> tuple[Crowd, list[Target]]:
    """The cookies of everybody, and every address with the fields of its page."""
    with accounts_made_by_nobody():
        people = cast()
    browsers = browsers_of(people)
    crowd = Crowd(people, {who.value: browser.cookies for who, browser in browsers.items()})
    return crowd, list(targets(opener(browsers), objects()))


@contextmanager
def accounts_made_by_nobody() -> Iterator[None]:
    """Let accounts begin without an invitation inside the block: in the demo two people had to agree to each."""
    with connections["owner"].cursor() as owner:
        owner.execute(BY_TWO_PEOPLE.format("DISABLE"))
        try:
            yield
        finally:
            owner.execute(BY_TWO_PEOPLE.format("ENABLE"))


def objects() -> dict[str, object]:
    """One row of everything that an address can name, where the demo has one."""
    rows = {
        "partner_client_id": Client.objects.values_list("partner_client_id", flat=True).first(),
        "reference": Operation.objects.order_by("-id").values_list("reference", flat=True).first(),
        "subject": Operation.objects.filter(approval__isnull=False).values_list("reference", flat=True).last(),
        "order_id": Order.objects.values_list("pk", flat=True).first(),
        "transaction_id": Transaction.objects.values_list("pk", flat=True).first(),
        "file_id": BulkFile.objects.values_list("pk", flat=True).first(),
        "run_id": Run.objects.values_list("pk", flat=True).first(),
        "number": Freeze.objects.values_list("pk", flat=True).first()
        or Entry.objects.values_list("pk", flat=True).first(),
    }
    return {name: value for name, value in {**rows, **books()}.items() if value is not None}


def books() -> dict[str, object]:
    """What of the reconciliation an address can name, where the demo has it."""
    report = DayReport.objects.first()
    return {
        "day": report and report.day_id,
        "version": report and report.version,
        "job_id": first(RunJob),
        "item_id": first(ExceptionItem),
        "source_id": first(LedgerSource),
        "ledger_file_id": first(LedgerFile),
        "proofs_id": first(Run, source=Source.BALANCES),
        "check_id": first(Run, source=Source.TRANSACTIONS),
    }


def first(model: type[Model], **narrowed: str) -> object:
    return model._default_manager.filter(**narrowed).values_list("pk", flat=True).first()
