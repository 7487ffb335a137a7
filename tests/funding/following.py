"""*Try again* and *Copy to a new request*, as their form sends them."""

from html import unescape
from uuid import uuid4

from django.test import Client as Browser

from backoffice.funding.models import Operation

ADDRESSES = {"deposit": "/funding/deposit/", "withdrawal": "/funding/withdraw/"}


def followed(desk: Browser, original: Operation, token: str = "") -> tuple[int, str]:
    """Ask for a copy of an operation, and return how that was answered."""
    typed = {
        "client": original.client.partner_client_id,
        "asset": original.asset_id,
        "amount": format(original.amount, "f"),
        "reason": original.reason,
        "copy_of": original.reference,
        "submission_token": token or str(uuid4()),
    }
    answer = desk.post(ADDRESSES[original.kind], typed)
    return answer.status_code, unescape(answer.content.decode())
