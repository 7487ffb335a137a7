"""What stands in addresses: what somebody asked for before their role changed, and one row of everything else."""

from uuid import UUID

from backoffice.accounts.models import Person, Role
from backoffice.funding.models import Operation
from backoffice.funding.models.freeze import Scope
from backoffice.funding.services.freezing import freeze
from tests.funding.bulk import files
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal
from tests.orders import said as orders
from tests.people import in_role
from tests.reconciliation import rows
from tests.security.reconciled import closed_by
from tests.transactions import said as transactions


def asked_for_by(manager: Person) -> dict[str, object]:
    """Have ``manager``, while still in finance, ask for a withdrawal; return what names it in addresses."""
    client, asset = mirrored_client(), mirrored_asset()
    with in_role(manager, Role.FINANCE):
        operation = withdrawal(manager, client, asset)
        file = files.uploaded(manager, files.deposits(3))
    return {**named(operation), "file_id": file.pk, "partner_client_id": client.partner_client_id}


def named(operation: Operation) -> dict[str, object]:
    return {"subject": operation.reference, "reference": operation.reference}


def everything(manager: Person) -> dict[str, object]:
    """One row of everything that an address can name."""
    rows.people()
    objects = asked_for_by(manager)
    books = closed_by(manager)  # before the orders: some of those carry the references of its day
    orders.mirror(*orders.deposits(60))
    transactions.mirror(*transactions.deposits(60))
    held = freeze(scope=Scope.EVERYTHING, reason="A statement that nobody can explain", by=manager)
    return {**objects, **books, "order_id": 1, "transaction_id": UUID(int=1), "number": held.pk}
