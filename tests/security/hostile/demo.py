"""The demo as a target: somebody of every kind signed in, and its own operations, orders and files in the addresses."""

from backoffice.audit.models import Entry
from backoffice.clients.models import Client
from backoffice.funding.models import BulkFile, Freeze, Operation
from backoffice.orders.models import Order
from backoffice.reconciliation.models import Run
from backoffice.transactions.models import Transaction
from tests.security.browsers import browsers_of, cast
from tests.security.hostile.shots import Target
from tests.security.hostile.targets import opener, targets


def crowd_and_targets() -> tuple[dict[str, str], list[Target]]:
    """The cookies of everybody, and every address with the fields of its page."""
    browsers = browsers_of(cast())
    return {who.value: browser.cookies for who, browser in browsers.items()}, list(targets(opener(browsers), objects()))


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
    return {name: value for name, value in rows.items() if value is not None}
