"""Who holds the gate: claims and the making of rows share it, whatever stops or releases money has it alone.

A claim is so either committed before a freeze, a pause or a halt, or sees it.
"""

from django.db import connection

from backoffice.funding.models import Gate


def lock_gate() -> Gate:
    """Wait for those who share the gate and keep new ones waiting until the transaction ends.

    It is the table that is locked: PostgreSQL lets newcomers share a row past whoever waits to have it alone, so that
    two senders who take turns would keep a freeze out for as long as there is something to send. For a table they
    queue.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE funding_gate IN EXCLUSIVE MODE")
    return Gate.objects.get(pk=1)


def share_gate() -> Gate:
    """Keep a freeze from being committed until the transaction ends; others may hold the gate so at the same time."""
    return Gate.objects.raw("SELECT * FROM funding_gate WHERE id = 1 FOR SHARE")[0]
