"""What a forked process does: be a worker, or a web server's thread that creates, approves or copies.

Everything here runs in a child of `zygote.py`, which ends with it.
"""

import ctypes
import signal
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from backoffice.accounts.models import Person, Role
from backoffice.approvals import pace as pace_of_people
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database import embedded
from backoffice.funding.bulk.sums import stored_totals
from backoffice.funding.models import BulkFile, Kind, Operation
from backoffice.funding.services.bulk_creating import create_operations
from backoffice.funding.services.bulk_files import confirm
from backoffice.funding.services.creating import Intent, create
from backoffice.mirror.partners import forget_clients
from backoffice.orders.services import sync_orders
from tests.approving import approve
from tests.faults.processes import pace
from tests.faults.processes.arming import Arming, arm

_PR_SET_PDEATHSIG: Final = 1

#: ``role`` names what is done; ``host``, ``database`` and ``sandbox`` where; ``fail_at`` and ``number`` how it ends.
Order = dict[str, Any]


def play(order: Order) -> None:
    """Do what ``order`` says, in this process, once."""
    _end_with_parent()
    connect(order["host"], order["database"])
    settings.COINMENA_BASE_URL = settings.BITNOB_BASE_URL = order["sandbox"]
    forget_clients()
    if order["is_quick"]:
        pace.quicken()
    if order["fail_at"]:
        arm(Arming.read(order["fail_at"], order["number"]))
    _ROLES[order["role"]](order)


def connect(host: str, database: str) -> None:
    """Point Django at a database, as the application's role and as the owner."""
    for alias, role in (("default", embedded.APPLICATION), ("owner", embedded.OWNER)):
        for where in (settings.DATABASES[alias], connections[alias].settings_dict):
            where.update({"NAME": database, "USER": role, "HOST": host, "PASSWORD": "", "PORT": ""})


def _end_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it ends, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(order: Order) -> None:
    call_command("worker", name=order["name"])


def _create(order: Order) -> None:
    create(intent_of(order), by=Person.objects.get(pk=order["by"]))


def intent_of(order: Order) -> Intent:
    """Return what a person asked for on a form."""
    copied = order.get("copy_of")
    return Intent(
        kind=Kind(order["kind"]),
        client=Client.objects.get(pk=order["client"]),
        asset=Asset.objects.get(pk=order["asset"]),
        amount=Decimal(order["amount"]),
        reason="Bank transfer received",
        submission_token=UUID(order["token"]),
        confirmed_equal=True,
        copy_of=Operation.objects.get(pk=copied) if copied else None,
    )


def _approve(order: Order) -> None:
    request = Request.objects.get(subject=order["reference"])
    with patch.object(pace_of_people, "MOST_IN_A_MINUTE", 1_000_000):
        approve(request, by=Person.objects.get(pk=order["by"]))


def _confirm_file(order: Order) -> None:
    """Confirm a file, have a manager agree to it, and make its operations, as the first worker to hear does."""
    file, by = BulkFile.objects.get(pk=order["file"]), Person.objects.get(pk=order["by"])
    totals = {total.key: total.amount for total in stored_totals(file)}
    confirmed = confirm(file_id=file.pk, count=file.row_count, totals=totals, confirmed_equal=True, by=by)
    assert confirmed.approval is not None
    _approve({"reference": confirmed.approval.subject, "by": Person.objects.get(role=Role.MANAGER).pk})
    create_operations(file.pk, holder="first to hear")


def _sync(_order: Order) -> None:
    sync_orders()


_ROLES: Final[dict[str, Callable[[Order], None]]] = {
    "worker": _work,
    "create": _create,
    "approve": _approve,
    "confirm_file": _confirm_file,
    "sync": _sync,
}
