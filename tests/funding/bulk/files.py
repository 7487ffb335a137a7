"""Files as people make them, and the way from a file to its operations by the services."""

from decimal import Decimal

from backoffice.accounts.models import Person, Role
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.sums import stored_totals
from backoffice.funding.models import BulkFile, Operation
from backoffice.funding.services import bulk_creating, bulk_files
from tests.approving import approve

HEADER = "type,client,asset,amount,reason"
WORKER = "worker 1"


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def deposits(count: int, *, first: int = 1) -> bytes:
    """A file of so many deposits for Noura, of 1.01 USD, 2.01 USD and so on."""
    return csv_of(*(f"deposit,user_12345,USD,{first + n}.01,Payment {first + n}" for n in range(count)))


def uploaded(by: Person, content: bytes, name: str = "payments.csv") -> BulkFile:
    return bulk_files.upload(name=name, content=content, by=by).file


def asked(by: Person, content: bytes, *, equal: bool = False, name: str = "payments.csv") -> BulkFile:
    """Upload a file and confirm it by its own figures, which asks others where some row needs it."""
    file = uploaded(by, content, name)
    totals: dict[str, Decimal] = {total.key: total.amount for total in stored_totals(file)}
    return bulk_files.confirm(file_id=file.pk, count=file.row_count, totals=totals, confirmed_equal=equal, by=by)


def confirmed(by: Person, content: bytes, *, equal: bool = False) -> BulkFile:
    """Do so, and have a manager agree where one is asked."""
    file = asked(by, content, equal=equal)
    if file.approval is not None:
        approve(file.approval, by=a_manager())
    return queries.files().get(pk=file.pk)


def a_manager() -> Person:
    """Return one of the cast's managers, or somebody in their place."""
    found = Person.objects.filter(role=Role.MANAGER).first()
    return found or Person.objects.create_person(
        email="rami@example.com", name="Rami Nasser", role=Role.MANAGER, password="used"
    )


def created(file: BulkFile) -> list[Operation]:
    """Do what the worker does at the bell, and return the operations in the order they were made."""
    bulk_creating.create_operations(file.pk, holder=WORKER)
    return list(Operation.objects.order_by("id"))
