"""Files as people make them, and the way from a file to its operations by the services."""

from decimal import Decimal

from backoffice.accounts.models import Person
from backoffice.funding.bulk.sums import stored_totals
from backoffice.funding.models import BulkFile, Operation
from backoffice.funding.services import bulk_creating, bulk_files

HEADER = "type,client,asset,amount,reason"
WORKER = "worker 1"


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def deposits(count: int, *, first: int = 1) -> bytes:
    """A file of so many deposits for Noura, of 1.01 USD, 2.01 USD and so on."""
    return csv_of(*(f"deposit,user_12345,USD,{first + n}.01,Payment {first + n}" for n in range(count)))


def uploaded(by: Person, content: bytes, name: str = "payments.csv") -> BulkFile:
    return bulk_files.upload(name=name, content=content, by=by).file


def confirmed(by: Person, content: bytes, *, equal: bool = False) -> BulkFile:
    """Upload a file and confirm it by its own figures."""
    file = uploaded(by, content)
    totals: dict[str, Decimal] = {total.key: total.amount for total in stored_totals(file)}
    return bulk_files.confirm(file_id=file.pk, count=file.row_count, totals=totals, confirmed_equal=equal, by=by)


def created(file: BulkFile) -> list[Operation]:
    """Do what the worker does at the bell, and return the operations in the order they were made."""
    bulk_creating.create_operations(file.pk, holder=WORKER)
    return list(Operation.objects.order_by("id"))
