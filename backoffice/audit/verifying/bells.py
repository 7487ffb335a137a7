"""The bell for workers when a verification was asked for."""

from typing import Final

from backoffice.audit.sealing.bells import LANE, QUEUE
from backoffice.worker.bells import Bell

VERIFY: Final = Bell("audit.verify", queue=QUEUE, lane=lambda _job_id: LANE)
