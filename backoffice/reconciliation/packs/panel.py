"""The evidence pack on the page of an operation."""

from typing import Any

from django.urls import reverse

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.funding.models import Operation
from backoffice.reconciliation import policies


def operation_panel(operation: Operation, person: Person) -> dict[str, Any] | None:
    """The way to the pack, for whoever may have it."""
    if not has_role(person, *policies.READERS):
        return None
    return {"url": reverse("reconciliation:operation_pack", args=[operation.reference])}
