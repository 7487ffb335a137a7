"""Where the page of an object in the log is: the fixed addresses of the product (DESIGN.md §11).

The log stands below the apps whose objects it names, so it knows their addresses and nothing else of them.
"""

from typing import Final
from urllib.parse import quote

PAGES: Final = {
    "accountchange": "/people/changes/{}/",
    "bulkfile": "/funding/bulk/{}/",
    "client": "/clients/{}/",
    "day": "/reconciliation/days/{}/",
    "delegation": "/approvals/absences/",
    "exceptionitem": "/reconciliation/exceptions/{}/",
    "freeze": "/freeze/{}/",
    "gate": "/freeze/",
    "ledgerfile": "/reconciliation/ledgers/files/{}/",
    "operation": "/funding/{}/",
    "order": "/orders/{}/",
    "person": "/people/{}/",
    "request": "/approvals/{}/",
    "ruleset": "/rules/{}/",
    "run": "/reconciliation/runs/{}/",
    "transaction": "/transactions/{}/",
}


def address_of(object_type: str, object_id: str) -> str:
    """Return the address of an object's page; empty for a kind of object that has none."""
    page = PAGES.get(object_type, "")
    return page.format(quote(object_id, safe="")) if object_id else ""
