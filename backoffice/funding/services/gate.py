"""Who holds the gate: claims and the making of rows share it, whatever stops or releases money has it alone.

A claim is so either committed before a freeze, a pause or a halt, or sees it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import OperationalError, connection

from backoffice.approvals.policies import Conflict
from backoffice.database.server import HERE
from backoffice.funding.models import Gate
from backoffice.worker.turns import is_its_own

#: Whoever shares the gate and says nothing for so long is let go by the server, and whoever wants it alone waits for
#: longer than that: a worker that was suspended in the middle of a claim keeps nobody from stopping money.
SILENT_SECONDS: Final = 5
WAIT_SECONDS: Final = 20

_SHARE: Final = f"""
    SELECT *, coalesce(server = '' OR server = ({HERE.sql}), false) AS is_here,
        set_config('idle_in_transaction_session_timeout', %s, true)
    FROM funding_gate WHERE id = 1 FOR SHARE
"""  # noqa: S608  (a constant)


def lock_gate() -> Gate:
    """Wait for those who share the gate and keep new ones waiting until the transaction ends.

    It is the table that is locked: PostgreSQL lets newcomers share a row past whoever waits to have it alone, so that
    two senders who take turns would keep a freeze out for as long as there is something to send. For a table they
    queue.

    :raises OperationalError: when somebody keeps it for longer than `WAIT_SECONDS`.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{1000 * WAIT_SECONDS:.0f}ms'")
        cursor.execute("LOCK TABLE funding_gate IN EXCLUSIVE MODE")
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    return Gate.objects.get(pk=1)


def share_gate() -> Gate:
    """Keep a freeze from being committed until the transaction ends; others may hold the gate so at the same time."""
    return Gate.objects.raw(_SHARE, [f"{SILENT_SECONDS}s"])[0]


@contextmanager
def refused_if_kept_waiting(sentence: str) -> Iterator[None]:
    """Turn into a refusal with a sentence that somebody kept the gate, or another lock, for too long.

    :raises Conflict: then; nothing of the transaction within was done.
    """
    try:
        yield
    except OperationalError as error:
        if not is_its_own(error):
            raise
        raise Conflict(sentence) from error
