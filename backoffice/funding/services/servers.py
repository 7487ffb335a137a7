"""Is this the database server, and the history of it, that the last payment was claimed on? (reliability.md C17)

A standby that was promoted may lack the last seconds: what they sent stands here as not yet sent. No seal of these
seconds need exist, so the server itself is compared: before a worker's first job, at each sweep and at each claim.
"""

from datetime import datetime
from typing import Final

import structlog
from django.db import transaction

from backoffice.accounts.actors import System
from backoffice.audit.models import Seal
from backoffice.database import clock
from backoffice.database.server import HERE, here
from backoffice.funding.freezing.reasons import SWITCHED_OVER
from backoffice.funding.models import Attempt, Gate
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.services.gate import lock_gate

BY: Final = System("worker")

log = structlog.get_logger(__name__)


def keep_to_server() -> None:
    """Note the first server; lock as after a restore where it is another one, or another history of it, once for each.

    A lock that is in force already came with the data, and may have been released in what is missing: it counts from
    now. One that was made here, by a restore that was told or by the seals, was noted with it.
    """
    if Gate.objects.filter(server=HERE).exists():
        return
    with transaction.atomic():
        gate, found = lock_gate(), here()
        if not gate.server:
            Gate.objects.update(server=found)
        elif gate.server != found:
            log.error("database_switched_over", before=gate.server, found=found)
            freeze_after_restore(backup_at=_last_known(), by=BY, reason=SWITCHED_OVER)


def _last_known() -> datetime:
    """Return a moment before the switch, as late as is certain: that of the last seal or claim. Workers alone seal and
    claim, and none of them does before it has looked; people, and processes that begin, may have written since.

    Orders are read from a day before it on. Where a clock ran ahead, no later moment than now.
    """
    now = clock.now()
    seals = Seal.objects.order_by("-number").values_list("at", flat=True)[:1]
    claims = Attempt.objects.order_by("-id").values_list("claimed_at", flat=True)[:1]
    return min(max([*seals, *claims], default=now), now)
